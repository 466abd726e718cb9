package ration_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ration-dev/ration"
)

// dueStore has reservations that are due, the earliest first. Those of a stuck key
// can't be ended.
type dueStore struct {
	*fakeStore
	stuck ration.KeyID

	mu  sync.Mutex
	due []ration.Reservation
}

func (s *dueStore) Reservations(_ context.Context, filter ration.ReservationFilter) ([]ration.Reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.due[:min(len(s.due), filter.Limit)]), nil
}

func (s *dueStore) Charge(_ context.Context, batch ration.Batch) ([]ration.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	decisions := make([]ration.Decision, len(batch.Items))
	for i, item := range batch.Items {
		if item.KeyID == s.stuck {
			decisions[i] = ration.Decision{Code: ration.CodeStoreUnavailable}
			continue
		}
		s.due = slices.DeleteFunc(s.due, func(r ration.Reservation) bool { return r.ID == item.End.ID })
		decisions[i] = ration.Decision{Code: ration.CodeOK, Reservation: &ration.Reservation{ID: item.End.ID, State: ration.ReservationExpired}}
	}
	return decisions, nil
}

func (s *dueStore) add(key ration.KeyID, count int) {
	for range count {
		s.due = append(s.due, ration.Reservation{ID: ration.NewReservationID(), KeyID: key})
	}
}

func TestSweepEndsWhatIsDueBehindAKeyThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &dueStore{fakeStore: &fakeStore{}, stuck: ration.NewKeyID()}
		store.add(store.stuck, 1000)
		store.add(ration.NewKeyID(), 600)
		engine := ration.NewEngine(store, ration.EngineConfig{})
		ctx, stop := context.WithCancel(t.Context())
		var reports []string
		swept := make(chan struct{})
		go func() {
			defer close(swept)
			engine.Sweep(ctx, func(err error) {
				if reports = append(reports, err.Error()); len(reports) == 10 {
					stop()
				}
			})
		}()
		<-swept
		if err := engine.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(store.due) != 1000 || store.due[999].KeyID != store.stuck {
			t.Errorf("%d are left, want the thousand of the key that is stuck", len(store.due))
		}
		if !strings.HasPrefix(reports[0], "256 of 256 reservations that are due could not be ended: ") || strings.Count(reports[0], "\n") > 0 {
			t.Errorf("reported %q", reports[0])
		}
	})
}
