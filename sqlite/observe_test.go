package sqlite_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/observe"
	"github.com/ration-dev/ration/sqlite"
)

// purgesSeen is an observer of deletions alone.
type purgesSeen struct {
	observe.Nobody
	purges []observe.Purge
}

func (s *purgesSeen) Purged(purge observe.Purge) { s.purges = append(s.purges, purge) }

func TestObserverLearnsWhatWasDeleted(t *testing.T) {
	clock, seen := newFakeClock(noon), new(purgesSeen)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, Observer: seen})
	item := testbatch.Item{Charge: ration.Charge{Idempotency: &ration.Idempotency{Key: "one"}}}
	item.KeyID = createKey(t, store, "")
	if _, err := store.Charge(t.Context(), testbatch.Of(t, item)); err != nil {
		t.Fatal(err)
	}
	clock.set(noon.Add(ration.IdempotencyRetention + time.Hour))
	if err := store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []observe.Purge{
		{Store: "sqlite", Table: "reservations"},
		{Store: "sqlite", Table: "idempotency_keys", Rows: 1},
		{Store: "sqlite", Table: "refunds"},
		{Store: "sqlite", Table: "leases"},
		{Store: "sqlite", Table: "admin_answers"},
		{Store: "sqlite", Table: "event_marks"},
		{Store: "sqlite", Table: "jobs"},
		{Store: "sqlite", Table: "sessions"},
		{Store: "sqlite", Table: "login_links"},
	}
	if diff := cmp.Diff(want, seen.purges, cmpopts.IgnoreFields(observe.Purge{}, "Took")); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	var tables []string
	for _, purge := range seen.purges {
		tables = append(tables, purge.Table)
	}
	if diff := cmp.Diff(tables, store.PurgedTables()); diff != "" {
		t.Errorf("tables (-told +named):\n%s", diff)
	}
}
