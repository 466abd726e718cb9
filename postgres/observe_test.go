package postgres_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/observe"
	"github.com/ration-dev/ration/postgres"
)

// eventsSeen notes what a store reports, in words.
type eventsSeen struct {
	observe.Nobody
	mu     sync.Mutex
	events []string
}

func (o *eventsSeen) note(event string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, event)
}

// take returns what was noted since the last time.
func (o *eventsSeen) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	events := o.events
	o.events = nil
	return events
}

func (o *eventsSeen) Retried(r observe.Retry)             { o.note("retry: " + r.Reason) }
func (o *eventsSeen) CommitResolved(r observe.Resolution) { o.note("resolved: " + r.Outcome) }

// weaknessSeen is an observer of weaknesses alone.
type weaknessSeen struct{ eventsSeen }

func (o *weaknessSeen) WeaknessChanged(w observe.Weakness) {
	began := "ends: "
	if w.Active {
		began = "begins: "
	}
	o.note(began + w.What)
}

func TestObserverLearnsOfRetriesAndLostCommits(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	w := testdb.NewWire(t, d.url)
	seen := new(eventsSeen)
	store := (&database{url: w.DSN()}).open(t, postgres.Config{Observer: seen})
	id := createKey(t, store, "")
	for _, row := range []struct {
		cut  testdb.Cut
		want []string
	}{
		{testdb.CutCommitAnswer, []string{"retry: lost_commit", "resolved: committed"}},
		{testdb.CutBeforeCommit, []string{"retry: lost_commit", "resolved: not_committed"}},
		{testdb.CutFirstSync, []string{"retry: disconnected"}},
	} {
		seen.take()
		w.CutNext(row.cut, 1)
		if _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); err != nil {
			t.Fatal(err)
		}
		got := slices.DeleteFunc(seen.take(), func(event string) bool { return event == "retry: unsettled" }) // while the server still ends the first
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("cut %s (-want +got):\n%s", row.cut, diff)
		}
	}
}

// purgesSeen is an observer of deletions alone.
type purgesSeen struct {
	observe.Nobody
	mu   sync.Mutex
	rows map[string]int64 // by table
}

func (s *purgesSeen) Purged(p observe.Purge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[p.Table] += p.Rows
}

func TestObserverLearnsThatARememberedKeyHasChanged(t *testing.T) {
	t.Parallel()
	d, seen := newDatabase(t), new(eventsSeen)
	store := d.open(t, postgres.Config{Lanes: 1, Observer: seen})
	store.AlwaysRecall()
	key := createKey(t, store, "")
	charge(t, store, key)
	charge(t, store, key)
	if events := seen.take(); len(events) > 0 {
		t.Errorf("%v of a key that nobody has changed", events)
	}
	d.exec(t, "UPDATE api_keys SET name = 'another'")
	charge(t, store, key)
	if events := seen.take(); !slices.Equal(events, []string{"retry: changed"}) {
		t.Errorf("%v, want one retry", events)
	}
}

func TestObserverLearnsWhatWasDeleted(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	seen := &purgesSeen{rows: make(map[string]int64)}
	store := d.open(t, postgres.Config{InstanceClock: clock.now, Observer: seen})
	fillKept(t, d, 1200)
	clock.set(t, noon.Add(ration.ReservationRetention+time.Hour))
	if _, err := store.PurgeKept(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for _, table := range []string{"reservations", "idempotency_keys"} {
		if seen.rows[table] != 1200 {
			t.Errorf("told of %d rows of %s, want 1200", seen.rows[table], table)
		}
	}
	for table := range seen.rows {
		if !slices.Contains(store.PurgedTables(), table) {
			t.Errorf("%s is not among the tables that it names: %v", table, store.PurgedTables())
		}
	}
}
