package ration_test

import (
	"context"
	"errors"
	"iter"
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

// tracerSeen has a store work in a context of its own.
type tracerSeen struct {
	started, ended []observe.Batch
	callers        int
}

func (s *tracerSeen) BatchStarts(ctx context.Context, batch observe.Batch, callers iter.Seq[context.Context]) (context.Context, func(observe.Batch)) {
	s.started = append(s.started, batch)
	for range callers {
		s.callers++
	}
	return observe.WithObserver(ctx, &batchesSeen{}), func(batch observe.Batch) { s.ended = append(s.ended, batch) }
}

func TestTracerLearnsOfBatchesBeforeTheyAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{gate: make(chan struct{})}
		seen := new(tracerSeen)
		engine := newEngine(t, namedStore{store}, ration.EngineConfig{Tracer: seen})
		done := make(chan error)
		go func() {
			_, err := engine.Charge(t.Context(), ration.Charge{KeyID: ration.NewKeyID()})
			done <- err
		}()
		synctest.Wait()
		if diff := cmp.Diff([]observe.Batch{{Store: "fake", Items: 1}}, seen.started); diff != "" || seen.callers != 1 || len(seen.ended) > 0 {
			t.Errorf("%d callers, ended %v, started (-want +got):\n%s", seen.callers, seen.ended, diff)
		}
		time.Sleep(time.Second)
		close(store.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]observe.Batch{{Store: "fake", Items: 1, Took: time.Second}}, seen.ended); diff != "" {
			t.Errorf("ended (-want +got):\n%s", diff)
		}
	})
}

func TestContextWithoutObserverHasNobody(t *testing.T) {
	seen := new(batchesSeen)
	observe.Of(t.Context()).BatchEnded(observe.Batch{})
	observe.Of(observe.WithObserver(t.Context(), nil)).BatchEnded(observe.Batch{})
	observe.Of(observe.WithObserver(t.Context(), seen)).BatchEnded(observe.Batch{Items: 1})
	if len(seen.batches) != 1 {
		t.Errorf("it has seen %v", seen.batches)
	}
}
