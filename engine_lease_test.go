package ration_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
)

// leasingStore grants a lease to each charge in flight, and keeps when each expires by
// the instance's clock.
type leasingStore struct {
	fakeStore
	mu      sync.Mutex
	expires map[ration.ReservationID]time.Time
	away    bool
	items   int // that renewed or ended leases
}

func (s *leasingStore) Charge(ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
	decisions, err := s.fakeStore.Charge(ctx, batch)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, ration.ErrStoreUnavailable
	}
	for i, item := range batch.Items {
		switch {
		case item.Leases != nil:
			s.items++
			for _, lease := range item.Leases.Leases {
				if delete(s.expires, lease.ID); item.Leases.TTL > 0 {
					s.expires[lease.ID] = time.Now().Add(item.Leases.TTL)
				}
			}
		case item.Charge.InFlight:
			lease := ration.Lease{KeyID: item.KeyID, ID: ration.NewReservationID(), Meters: []string{ration.MeterRequests}}
			s.expires[lease.ID] = time.Now().Add(item.LeaseTTL)
			decisions[i].Lease = &lease
		}
	}
	return decisions, err
}

// open returns how many leases have not expired.
func (s *leasingStore) open() (open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, expires := range s.expires {
		if time.Now().Before(expires) {
			open++
		}
	}
	return open
}

// changes returns how many items have renewed or ended leases.
func (s *leasingStore) changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items
}

func (s *leasingStore) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func newLeasingStore() *leasingStore {
	return &leasingStore{expires: map[ration.ReservationID]time.Time{}}
}

// begin starts charges in flight, each of a key of its own unless there is one.
func begin(t *testing.T, engine *ration.Engine, n int, key ration.KeyID) (leases []ration.Lease) {
	t.Helper()
	for range n {
		id := key
		if id.IsZero() {
			id = ration.NewKeyID()
		}
		decision, err := engine.Charge(t.Context(), ration.Charge{KeyID: id, InFlight: true})
		if err != nil || decision.Lease == nil {
			t.Fatalf("got %+v, %v", decision, err)
		}
		leases = append(leases, *decision.Lease)
	}
	return leases
}

func TestLeasesAreRenewedUntilTheyAreReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newLeasingStore()
		engine := newEngine(t, store, ration.EngineConfig{})
		leases := begin(t, engine, 5, ration.KeyID{})
		for range 60 {
			time.Sleep(5 * time.Second)
			if open := store.open(); open != 5 {
				t.Fatalf("%d leases are open, want 5", open)
			}
		}
		for _, lease := range leases {
			for range 2 { // it may be called again
				if err := engine.Release(t.Context(), lease); err != nil {
					t.Error(err)
				}
			}
		}
		if open := store.open(); open != 0 {
			t.Errorf("%d leases are open, want none", open)
		}
		synctest.Wait() // a renewal may have begun at the moment of the releases
		before := store.changes()
		time.Sleep(time.Hour)
		if after := store.changes(); after != before {
			t.Errorf("%d items after the last lease has ended", after-before)
		}
	})
}

func TestManyLeasesOfAKeyAreRenewedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newLeasingStore()
		engine := newEngine(t, store, ration.EngineConfig{})
		begin(t, engine, 2500, ration.NewKeyID())
		time.Sleep(time.Minute)
		if open := store.open(); open != 2500 {
			t.Errorf("%d leases are open, want 2500", open)
		}
		if items := store.changes(); items == 0 || items > 18 { // at most six rounds of three
			t.Errorf("%d items have renewed 2500 leases for a minute", items)
		}
	})
}

func TestReleasesThatFailAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newLeasingStore()
		engine := newEngine(t, store, ration.EngineConfig{})
		lease := begin(t, engine, 1, ration.KeyID{})[0]
		store.setAway(true)
		if err := engine.Release(t.Context(), lease); !errors.Is(err, ration.ErrStoreUnavailable) {
			t.Errorf("got %v", err)
		}
		time.Sleep(8 * time.Second)
		store.setAway(false)
		time.Sleep(6 * time.Second) // before it would expire by itself
		if open := store.open(); open != 0 {
			t.Error("the lease is still open")
		}
	})
}

func TestLeasesOutliveAStoreThatIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newLeasingStore()
		engine := newEngine(t, store, ration.EngineConfig{LeaseTTL: 6 * time.Second})
		begin(t, engine, 1, ration.KeyID{})
		store.setAway(true)
		time.Sleep(time.Minute)
		if store.open() != 0 {
			t.Error("the lease did not expire")
		}
		store.setAway(false)
		time.Sleep(2 * time.Second) // what is in flight counts again
		if store.open() != 1 {
			t.Error("the lease was not renewed")
		}
	})
}

func TestACallerThatHasGoneLeavesNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newLeasingStore()
		store.gate = make(chan struct{})
		engine := newEngine(t, store, ration.EngineConfig{})
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := engine.Charge(ctx, ration.Charge{KeyID: ration.NewKeyID(), InFlight: true})
			gone <- err
		}()
		synctest.Wait() // its batch is under way
		leave()
		if err := <-gone; !errors.Is(err, ration.ErrOutcomeUnknown) {
			t.Errorf("got %v", err)
		}
		close(store.gate)
		synctest.Wait()
		if store.changes() != 1 || store.open() != 0 {
			t.Errorf("%d ends, %d leases are open, want one end and none open", store.changes(), store.open())
		}
	})
}

func TestCloseEndsAllLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newLeasingStore()
		engine := ration.NewEngine(store, ration.EngineConfig{})
		begin(t, engine, 700, ration.KeyID{})
		if err := engine.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if open := store.open(); open != 0 {
			t.Errorf("%d leases are open, want none", open)
		}
	})
}
