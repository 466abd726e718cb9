package sqlite_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/sqlite"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		clock := newFakeClock(time.Now())
		var skew atomic.Int64 // of the time that has passed, which is the instance's own clock
		elapsed := func() time.Duration { return time.Duration(1000*clock.micros.Load() + skew.Load()) }
		config := sqlite.Config{Path: newPath(t), Clock: clock.now, Elapsed: elapsed}
		return storetest.Harness{
			Store: open(t, config), BelievesSteps: true, Crash: crasher(config), Purge: sqlite.PurgeHistory,
			SetNow: func(now time.Time) {
				skew.Store(0)
				clock.set(now)
			},
			ListWithin: func(ctx context.Context, store storetest.Store, filter admin.KeyFilter, few, looked int) (admin.FoundKeys, int, error) {
				own, _ := store.(*sqlite.Store)
				found, asked, err := testquery.ListKeys(ctx, sqlite.Administered(own), filter, sqladmin.KeyBounds{Few: few, Looked: looked})
				return found, testquery.Rows(asked), err
			},
			SetInstanceNow: func(now time.Time) { skew.Store(int64(now.Sub(clock.now()))) },
		}
	})
}
