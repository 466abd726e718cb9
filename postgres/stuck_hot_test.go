package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
)

// tally counts the answers about one key.
type tally struct {
	admitted, refused atomic.Int64
}

// TestBusyKeysAreNotTakenForStuckOnes has three instances charge a key that is
// stuck together with two that are merely busy, one locked before it and one
// after it. The busy ones must never be refused, and must go on as if nothing
// were stuck; the pace is measured in charges of a fourth instance.
func TestBusyKeysAreNotTakenForStuckOnes(t *testing.T) {
	t.Parallel()
	const instances, callers, paceOf, slowdown = 3, 6, 300, 5
	d := newDatabase(t)
	reference := d.open(t, postgres.Config{})
	before, stuck, after := createKey(t, reference, ""), createKey(t, reference, ""), createKey(t, reference, "")
	other := createKey(t, reference, "")
	release := lockForGood(t, d, stuck)

	tallies := map[ration.KeyID]*tally{before: {}, stuck: {}, after: {}}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var warm sync.WaitGroup // until every instance has refused the stuck key
	for range instances {
		engine := newEngine(t, d.open(t, postgres.Config{Lanes: 1}), ration.EngineConfig{MaxWait: time.Minute})
		warm.Add(1)
		warmed := sync.OnceFunc(warm.Done)
		for id, counts := range tallies {
			for range callers {
				wg.Go(func() {
					for ctx.Err() == nil {
						if counts.take(t, engine, id); id == stuck && counts.refused.Load() > 0 {
							warmed()
						}
					}
				})
			}
		}
	}
	pace := func() int64 {
		start := tallies[before].admitted.Load() + tallies[after].admitted.Load()
		for range paceOf {
			charge(t, reference, other)
		}
		return tallies[before].admitted.Load() + tallies[after].admitted.Load() - start
	}
	warm.Wait()
	whileStuck := pace()
	if got := tallies[stuck].admitted.Load(); got != 0 {
		t.Errorf("%d charges of a locked key were admitted", got)
	}
	release()
	d.await(t, "SELECT used > 100 FROM key_usage WHERE api_key_id = $1", [16]byte(stuck))
	refused := tallies[stuck].refused.Load()
	released := pace()
	if got := tallies[stuck].refused.Load(); got > refused {
		t.Errorf("%d charges were refused after the key was released", got-refused)
	}
	stop()
	wg.Wait()
	t.Logf("%d charges while a key was stuck, %d after that; %d refused", whileStuck, released, refused)
	if whileStuck*slowdown < released {
		t.Errorf("%d charges of other keys while one was stuck, %d afterwards", whileStuck, released)
	}
	for id, counts := range tallies {
		if got := counts.refused.Load(); id != stuck && got > 0 {
			t.Errorf("%d charges of a busy key were refused", got)
		}
		if got := d.used(t, id); got != counts.admitted.Load() {
			t.Errorf("%d are recorded, %d were admitted", got, counts.admitted.Load())
		}
	}
}

// take charges a key once and counts the answer.
func (c *tally) take(t *testing.T, engine *ration.Engine, id ration.KeyID) {
	t.Helper()
	decision, err := engine.Charge(context.Background(), ration.Charge{KeyID: id})
	switch {
	case errors.Is(err, ration.ErrStoreUnavailable):
		c.refused.Add(1)
	case err != nil || !decision.Allowed():
		t.Errorf("Charge = %v, %v", decision.Code, err)
	default:
		c.admitted.Add(1)
	}
}

// newEngine returns an engine on a store that is closed before it.
func newEngine(t *testing.T, store ration.Store, config ration.EngineConfig) *ration.Engine {
	t.Helper()
	engine := ration.NewEngine(store, config)
	t.Cleanup(func() {
		if err := engine.Close(context.Background()); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return engine
}
