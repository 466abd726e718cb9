package ration_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/observe"
)

// batchesSeen is an observer of batches alone.
type batchesSeen struct {
	observe.Nobody
	batches []observe.Batch
}

func (s *batchesSeen) BatchEnded(batch observe.Batch) { s.batches = append(s.batches, batch) }

// namedStore has a name.
type namedStore struct{ *fakeStore }

func (namedStore) Name() string { return "fake" }

func TestObserverLearnsOfBatchesAndWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{gate: make(chan struct{})}
		seen := new(batchesSeen)
		engine := newEngine(t, namedStore{store}, ration.EngineConfig{Observer: seen})
		key, done := ration.NewKeyID(), make(chan error)
		charge := func() {
			_, err := engine.Charge(t.Context(), ration.Charge{KeyID: key})
			done <- err
		}
		go charge()
		synctest.Wait() // it is under way
		for range 3 {
			go charge()
		}
		synctest.Wait()
		if diff := cmp.Diff([]int{3}, engine.Waiting()); diff != "" {
			t.Errorf("waiting (-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		broken := errors.New("broken")
		store.fail = func(ration.Batch) error { return broken } // of both batches
		close(store.gate)
		for range 4 {
			if err := <-done; !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
		synctest.Wait()
		if diff := cmp.Diff([]int{0}, engine.Waiting()); diff != "" {
			t.Errorf("waiting at the end (-want +got):\n%s", diff)
		}
		want := []observe.Batch{
			{Store: "fake", Items: 1, Took: time.Second, Err: broken},
			{Store: "fake", Items: 3, Waited: time.Second, Err: broken},
		}
		if diff := cmp.Diff(want, seen.batches[:2], cmpopts.EquateErrors()); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}
