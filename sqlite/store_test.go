package sqlite_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestAdministrationIsNotStarved keeps the writer busy with batches, one right
// after the other, and wants each change to wait for few of them.
func TestAdministrationIsNotStarved(t *testing.T) {
	const changes, most = 20, 3 // the batch under way, one that was first in line, one that began while we counted
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	batch := testbatch.Requests(t, key, key, key)
	var batches atomic.Int64
	stop := make(chan struct{})
	var charging sync.WaitGroup
	charging.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := store.Charge(t.Context(), batch); err != nil {
				t.Error(err)
				return
			}
			batches.Add(1)
		}
	})
	for range changes {
		before := batches.Load()
		if _, err := store.UpdateKey(t.Context(), key, func(change *admin.KeyChange) error {
			if waited := batches.Load() - before; waited > most {
				t.Errorf("a change waited for %d batches", waited)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	charging.Wait()
}

func TestClosedStoreRefusesWork(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	closeStore(t, store)
	closeStore(t, store) // again
	_, chargeErr := store.Charge(t.Context(), testbatch.Requests(t, key))
	_, resolveErr := store.ResolveDigests(t.Context(), []ration.Digest{{}})
	_, readErr := store.Key(t.Context(), key)
	_, writeErr := store.CreateKey(t.Context(), newKey(""))
	for name, err := range map[string]error{
		"charge": chargeErr, "resolve": resolveErr, "read": readErr, "write": writeErr, "ready": store.Ready(t.Context()),
	} {
		if !errors.Is(err, ration.ErrStoreUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCloseWaitsForWorkUnderWay closes a store in the middle of a change and
// wants the change to be whole.
func TestCloseWaitsForWorkUnderWay(t *testing.T) {
	config := sqlite.Config{Path: newPath(t)}
	store := open(t, config)
	closed := make(chan struct{})
	record, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
		go func() {
			closeStore(t, store)
			close(closed)
		}()
		for !isClosing(t, store) {
			runtime.Gosched()
		}
		return newKey("")(change)
	})
	if err != nil {
		t.Fatal(err)
	}
	<-closed
	if _, err := open(t, config).Key(t.Context(), record.ID); err != nil {
		t.Error(err)
	}
}

// isClosing reads what does not exist, which works until the store closes.
func isClosing(t *testing.T, store *sqlite.Store) bool {
	_, err := store.Plan(t.Context(), "none")
	return !errors.Is(err, ration.ErrNotFound)
}

func TestContextEndsOnlyTheWaiting(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	ctx, cancel := context.WithCancelCause(t.Context())
	nobodyWaits := errors.New("nobody waits any more")
	if _, err := store.UpdateKey(ctx, key, func(*admin.KeyChange) error {
		// The writer is taken: a batch would have to wait.
		cancel(nobodyWaits)
		_, err := store.Charge(ctx, testbatch.Requests(t, key))
		if !errors.Is(err, ration.ErrStoreUnavailable) || !errors.Is(err, nobodyWaits) {
			t.Errorf("charging: %v", err)
		}
		return nil
	}); err != nil {
		t.Errorf("a change under way was ended: %v", err)
	}
	usage, _, err := store.KeyUsage(t.Context(), key)
	if err != nil || usage[0].Used != 0 {
		t.Errorf("usage %+v, error %v", usage, err)
	}
}

func TestPanicInAChangeIsRolledBack(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = store.CreateKey(t.Context(), func(*admin.KeyChange) error { panic("in a change") })
	}()
	charge(t, store, createKey(t, store, ""))
}

// TestReadersSeeCommitsAtOnce reads through other connections than the writer's.
func TestReadersSeeCommitsAtOnce(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	for want := int64(1); want <= 20; want++ {
		charge(t, store, key)
		usage, _, err := store.KeyUsage(t.Context(), key)
		if err != nil || usage[0].Used != want {
			t.Fatalf("usage %+v, error %v, want %d", usage, err, want)
		}
	}
}

// TestPlainSQL reads the view that is made for people with a tool of their own.
func TestPlainSQL(t *testing.T) {
	clock := newFakeClock(time.Date(2026, 7, 15, 12, 0, 1, 20_000, time.UTC))
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
	createPlan(t, store, "plan", "1/day")
	key := createKey(t, store, "plan")
	idle := createKey(t, store, "plan")
	run(t, store, "UPDATE plan_limits SET quantity = 0") // nothing passes
	charge(t, store, idle)
	run(t, store, "UPDATE plan_limits SET quantity = 1")
	charge(t, store, key, key, key)
	got, err := store.Rows(t.Context(), `SELECT date || ' ' || request_count || ' ' || denied_count || ' ' || coalesce(last_request_at, 'never')
		FROM daily_usage JOIN api_keys ON id = api_key_id ORDER BY request_count`)
	want := []string{"2026-07-15 0 1 never", "2026-07-15 1 2 2026-07-15T12:00:01.000020Z"}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%q, error %v, want %q", got, err, want)
	}
}
