package postgres_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

func TestChargesUnderWayAreAnsweredBeforeClose(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	id := createKey(t, store, "")
	var admitted atomic.Int64
	var wg sync.WaitGroup
	started := make(chan struct{}, 8)
	for range 8 {
		wg.Go(func() {
			for {
				decisions, err := store.Charge(t.Context(), testbatch.Requests(t, id))
				if errors.Is(err, ration.ErrStoreUnavailable) {
					return
				}
				if err != nil || !decisions[0].Allowed() {
					t.Errorf("Charge = %v, %v", decisions, err)
					return
				}
				admitted.Add(1)
				select {
				case started <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if got := d.used(t, id); got != admitted.Load() {
		t.Errorf("%d are recorded, %d were admitted", got, admitted.Load())
	}
}
