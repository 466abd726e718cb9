package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/postgres"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness { return newDatabase(t).harness(t) })
}

// harness is for a store on a database with a clock that tests set.
func (d *database) harness(t *testing.T) storetest.Harness {
	clock := newFakeClock(t, d, time.Now())
	config := postgres.Config{InstanceClock: clock.now}.Patient(8)
	return storetest.Harness{
		Store:  d.open(t, config),
		SetNow: func(now time.Time) { clock.set(t, now) },
		ListWithin: func(ctx context.Context, store storetest.Store, filter admin.KeyFilter, few, looked int) (admin.FoundKeys, int, error) {
			own, _ := store.(*postgres.Store)
			found, asked, err := testquery.ListKeys(ctx, postgres.Administered(own), filter, sqladmin.KeyBounds{Few: few, Looked: looked})
			return found, testquery.Rows(asked), err
		},
		SetInstanceNow: clock.setInstance,
		OpenAnother:    func(t *testing.T) storetest.Store { return d.open(t, config) },
		AwaitLocked:    func(t *testing.T) { d.await(t, somebodyWaits) },
		Purge:          postgres.PurgeHistory,
		Crash: func(t *testing.T, store storetest.Store, point uint64, work func(context.Context, storetest.Store)) storetest.Store {
			d.crash(t, config, point, work)
			return store
		},
	}
}
