package sqlite_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// fakeClock stands still until it is set.
type fakeClock struct{ micros atomic.Int64 }

func newFakeClock(now time.Time) *fakeClock {
	clock := new(fakeClock)
	clock.set(now)
	return clock
}

func (c *fakeClock) set(now time.Time) { c.micros.Store(now.UnixMicro()) }

func (c *fakeClock) now() time.Time { return time.UnixMicro(c.micros.Load()) }

// newPath returns the path of a database file that doesn't exist yet.
func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ration.db") }

// open opens a store that is closed when the test ends.
func open(t testing.TB, config sqlite.Config) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

func closeStore(t testing.TB, store *sqlite.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func createPlan(t testing.TB, store *sqlite.Store, name string, limits ...string) {
	t.Helper()
	plan := ration.Plan{Name: name}
	for _, text := range limits {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		plan.Limits = append(plan.Limits, limit)
	}
	_, err := store.CreatePlan(t.Context(), func(change *admin.PlanChange) error {
		plan.CreatedAt, plan.UpdatedAt = change.Now, change.Now
		change.Plan, change.Audit = plan, admin.AuditEntry{Actor: "test", Action: "plan.create", Target: "plan:" + name}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func createKey(t testing.TB, store *sqlite.Store, plan string) ration.KeyID {
	t.Helper()
	record, err := store.CreateKey(t.Context(), newKey(plan))
	if err != nil {
		t.Fatal(err)
	}
	return record.ID
}

func newKey(plan string) func(*admin.KeyChange) error {
	return func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{
			ID: ration.NewKeyID(), Name: "test", Plan: plan, Status: ration.StatusActive,
			CreatedAt: change.Now, UpdatedAt: change.Now,
		}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.create", Target: change.Key.ID.String()}
		return nil
	}
}

// charge charges one request of each key and returns the codes.
func charge(t testing.TB, store *sqlite.Store, keys ...ration.KeyID) []ration.Code {
	t.Helper()
	decisions, err := store.Charge(t.Context(), testbatch.Requests(t, keys...))
	if err != nil {
		t.Fatal(err)
	}
	codes := make([]ration.Code, len(decisions))
	for i := range decisions {
		codes[i] = decisions[i].Code
	}
	return codes
}
