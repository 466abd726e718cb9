package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/test/history"
)

// fleet is several instances, each behind a wire of its own, that share keys with
// quotas of 50, 100, 200 and so on, and one without end. Quotas are for a
// lifetime, so that no midnight comes between.
type fleet struct {
	database *database
	wires    []*testdb.Wire
	stores   []*postgres.Store
	engines  []*ration.Engine
	keys     []ration.KeyID
	limits   []int64
	told     []*history.History // by key
}

// callers is how many callers each instance of a fleet has.
const callers = 12

func newFleet(t *testing.T, instances, keys int, config ration.EngineConfig) *fleet {
	t.Helper()
	f := &fleet{database: newDatabase(t)}
	admin := f.database.open(t, postgres.Config{})
	for i := range keys {
		limit := int64(50) << i
		if i == keys-1 {
			limit = 1_000_000_000
		}
		plan := fmt.Sprintf("plan-%d", i)
		createPlan(t, admin, plan, fmt.Sprintf("%d/lifetime", limit))
		f.keys = append(f.keys, createKey(t, admin, plan))
		f.limits = append(f.limits, limit)
		f.told = append(f.told, history.New())
	}
	for range instances {
		w := testdb.NewWire(t, f.database.url)
		store := (&database{url: w.DSN()}).open(t, postgres.Config{})
		f.wires, f.stores = append(f.wires, w), append(f.stores, store)
		f.engines = append(f.engines, newEngine(t, store, config))
	}
	return f
}

// run makes callers charge random keys, the one without end most of all, until
// enough says so. Each waits for an answer as long as patience says; nil: for ever.
func (f *fleet) run(t *testing.T, seed uint64, patience func(*rand.Rand) time.Duration, enough func() bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	for i, engine := range f.engines {
		for caller := range callers {
			random := rand.New(rand.NewPCG(seed, uint64(i*callers+caller)))
			wg.Go(func() {
				for ctx.Err() == nil && !t.Failed() {
					key := len(f.keys) - 1
					if random.IntN(2) == 0 {
						key = random.IntN(len(f.keys))
					}
					if err := f.charge(engine, key, random, patience); err != nil {
						t.Errorf("charging key %d: %v", key, err)
					}
				}
			})
		}
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !enough() && t.Context().Err() == nil && !t.Failed() {
		<-tick.C
	}
	stop()
	wg.Wait()
}

func (f *fleet) charge(engine *ration.Engine, key int, random *rand.Rand, patience func(*rand.Rand) time.Duration) error {
	ctx := context.Background()
	if patience != nil {
		limited, cancel := context.WithTimeout(ctx, patience(random))
		defer cancel()
		ctx = limited
	}
	return f.told[key].Charge(ctx, engine, f.keys[key])
}

// close ends all instances; nothing of theirs is under way afterwards.
func (f *fleet) close(t *testing.T) {
	t.Helper()
	for i, engine := range f.engines {
		if err := engine.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := f.stores[i].Close(); err != nil {
			t.Error(err)
		}
	}
	f.database.await(t, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle')`)
}

// count adds up an outcome over all keys.
func (f *fleet) count(outcome history.Outcome) (sum int64) {
	for _, told := range f.told {
		sum += told.Count(outcome)
	}
	return sum
}

// check holds what was told against what is recorded.
func (f *fleet) check(t *testing.T) {
	t.Helper()
	for i, id := range f.keys {
		told, recorded := f.told[i], f.database.used(t, id)
		if err := told.Check(f.limits[i], recorded); err != nil {
			t.Errorf("key %d: %v", i, err)
		}
		if unknown := told.Count(history.Unknown); unknown == 0 && recorded != told.Count(history.Admitted) {
			t.Errorf("key %d: %d are recorded, %d were admitted", i, recorded, told.Count(history.Admitted))
		}
		days := ask[int64](t, f.database, "SELECT sum(used)::bigint FROM usage_days WHERE api_key_id = $1", [16]byte(id))
		denied := ask[int64](t, f.database, "SELECT denied FROM key_usage WHERE api_key_id = $1", [16]byte(id))
		if days != recorded {
			t.Errorf("key %d: the history has %d, the key %d", i, days, recorded)
		}
		if told := told.Count(history.Denied); denied < told {
			t.Errorf("key %d: %d denials are recorded of %d", i, denied, told)
		}
	}
	t.Logf("%d admitted, %d denied, %d unknown, %d not charged", f.count(history.Admitted),
		f.count(history.Denied), f.count(history.Unknown), f.count(history.Failed))
}
