package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// wired returns a store behind a wire, with a key.
func wired(t *testing.T) (*database, *testdb.Wire, *postgres.Store, ration.KeyID) {
	t.Helper()
	return wiredWith(t, postgres.Config{})
}

func wiredWith(t *testing.T, config postgres.Config) (*database, *testdb.Wire, *postgres.Store, ration.KeyID) {
	t.Helper()
	d := newDatabase(t)
	w := testdb.NewWire(t, d.url)
	store := (&database{url: w.DSN()}).open(t, config)
	createPlan(t, store, "plan", "100/day")
	return d, w, store, createKey(t, store, "plan")
}

func (d *database) used(t testing.TB, id ration.KeyID) int64 {
	t.Helper()
	return ask[int64](t, d, "SELECT used FROM key_usage WHERE api_key_id = $1 AND meter = 'requests'", [16]byte(id))
}

func TestLostAnswersToCommitChargeOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		at    testdb.Cut
		times int
	}{
		"COMMIT did not arrive":               {testdb.CutBeforeCommit, 1},
		"COMMIT did not arrive, 3 times":      {testdb.CutBeforeCommit, 3},
		"the answer was lost":                 {testdb.CutCommitAnswer, 1},
		"the second half of it was lost":      {testdb.CutInsideCommitAnswer, 1},
		"the first round trip's end was lost": {testdb.CutFirstSync, 1},
		"nothing was lost, to compare to":     {testdb.CutCommitAnswer, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w, store, id := wired(t)
			for i := range 5 {
				w.CutNext(row.at, row.times)
				decisions, err := store.Charge(t.Context(), testbatch.Requests(t, id, id))
				if err != nil || decisions[1].Limits[0].Used != int64(2*i+2) {
					t.Fatalf("Charge = %+v, %v", decisions, err)
				}
				if got := d.used(t, id); got != int64(2*i+2) {
					t.Fatalf("%d are recorded after %d", got, 2*i+2)
				}
			}
			if cuts := w.Cuts(row.at); cuts != 5*row.times {
				t.Errorf("%d cuts, want %d", cuts, 5*row.times)
			}
		})
	}
}

// Three instances share four keys, two of them with a limit, over connections
// that keep breaking at COMMIT.
func TestLostAnswersUnderLoadChargeOnce(t *testing.T) {
	t.Parallel()
	const instances, batches, limit = 3, 60, 100
	d := newDatabase(t)
	admin := d.open(t, postgres.Config{})
	createPlan(t, admin, "limited", "100/day")
	keys := []ration.KeyID{createKey(t, admin, ""), createKey(t, admin, "limited"), createKey(t, admin, ""), createKey(t, admin, "limited")}
	var mu sync.Mutex
	var wg sync.WaitGroup
	admitted := make(map[ration.KeyID]int64)
	var wires []*testdb.Wire
	for instance := range instances {
		w := testdb.NewWire(t, d.url)
		store := (&database{url: w.DSN()}).open(t, postgres.Config{})
		w.CutRandomly(uint64(instance), 0.1, testdb.CutBeforeCommit, testdb.CutCommitAnswer)
		for lane := range 2 { // a key always takes the same lane of an instance
			wg.Go(func() {
				for range batches {
					batch := testbatch.Requests(t, keys[lane], keys[lane+2], keys[lane])
					decisions, err := store.Charge(t.Context(), batch)
					if err != nil {
						t.Errorf("Charge = %v", err)
						return
					}
					mu.Lock()
					for i, decision := range decisions {
						if decision.Allowed() {
							admitted[batch.Items[i].KeyID]++
						}
					}
					mu.Unlock()
				}
			})
		}
		wires = append(wires, w)
	}
	wg.Wait()
	for _, w := range wires {
		if cuts := w.Cuts(testdb.CutBeforeCommit) + w.Cuts(testdb.CutCommitAnswer); cuts < 10 {
			t.Errorf("only %d connections broke", cuts)
		}
	}
	for i, key := range keys {
		if got := d.used(t, key); got != admitted[key] || i%2 == 1 && got != limit {
			t.Errorf("key %d: %d are recorded, %d were admitted", i, got, admitted[key])
		}
	}
	for _, count := range ask[[]int64](t, d, "SELECT array_agg(used + denied) FROM key_usage") {
		if count != instances*batches*2 && count != instances*batches {
			t.Errorf("%d decisions are recorded of a key", count)
		}
	}
}

func TestBatchThatNobodyWaitsForIsSettled(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		at   testdb.Cut
		used int64
	}{
		"it was committed": {testdb.CutCommitAnswer, 1},
		"it was not":       {testdb.CutBeforeCommit, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w, store, id := wired(t)
			ctx, cancel := context.WithCancel(t.Context())
			w.OnCut(cancel)
			w.CutNext(row.at, 1)
			batch := testbatch.Requests(t, id)
			_, err := store.Charge(ctx, batch)
			if !errors.Is(err, ration.ErrOutcomeUnknown) {
				t.Fatalf("Charge = %v, want ErrOutcomeUnknown", err)
			}
			d.await(t, "SELECT EXISTS (SELECT FROM charge_batches WHERE id = $1)", [16]byte(batch.ID))
			if got := d.used(t, id); got != row.used {
				t.Errorf("%d are recorded, want %d", got, row.used)
			}
		})
	}
}

func TestBatchIsChargedOnce(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	batch := testbatch.Requests(t, id)
	if _, err := store.Charge(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	_, err := store.Charge(t.Context(), batch)
	if err == nil || errors.Is(err, ration.ErrOutcomeUnknown) || d.used(t, id) != 1 {
		t.Errorf("Charge of a batch that was charged = %v, and %d are recorded", err, d.used(t, id))
	}
}

func TestConnectionsThatBrokeWhileIdleAreReplaced(t *testing.T) {
	t.Parallel()
	d, w, store, id := wired(t)
	for range 3 {
		charge(t, store, id)
		w.BreakAll()
		if _, err := store.ResolveDigests(t.Context(), []ration.Digest{{1}}); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Key(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.used(t, id); got != 3 {
		t.Errorf("%d are recorded, want 3", got)
	}
}

func TestServerOutOfReach(t *testing.T) {
	t.Parallel()
	_, w, store, id := wired(t)
	w.Refuse()
	w.BreakAll()
	_, err := store.Charge(t.Context(), testbatch.Requests(t, id))
	if !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("Charge = %v, want ErrStoreUnavailable", err)
	}
	if err := store.Ready(t.Context()); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("Ready = %v, want ErrStoreUnavailable", err)
	}
	if _, err := store.Key(t.Context(), id); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("Key = %v, want ErrStoreUnavailable", err)
	}
}

func TestPurgesIDsOfBatchesThatAreOver(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	id := createKey(t, store, "")
	for range 20 {
		charge(t, store, id)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM charge_batches"); got != 20 {
		t.Errorf("%d ids, want 20", got)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM charge_batches"); got != 0 {
		t.Errorf("%d ids are left, want 0", got)
	}
}

func TestErrorsHideTheURL(t *testing.T) {
	t.Parallel()
	const password = "not-to-be-printed"
	for name, url := range map[string]string{
		"unreadable":   "postgres://ration:" + password + "@127.0.0.1:port/db",
		"keywords":     "password=" + password + " port=x host=127.0.0.1",
		"out of reach": "postgres://ration:" + password + "@127.0.0.1:1/db",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), postgres.Config{URL: url})
			_, _, errMigrate := postgres.Migrate(t.Context(), postgres.Config{URL: url})
			for _, err := range []error{err, errMigrate} {
				if err == nil || strings.Contains(err.Error(), password) {
					t.Errorf("got %v", err)
				}
				for ; err != nil; err = errors.Unwrap(err) {
					if strings.Contains(err.Error(), password) {
						t.Errorf("wrapped: %v", err)
					}
				}
			}
		})
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err = store.Charge(t.Context(), testbatch.Requests(t, ration.NewKeyID()))
	_, errRead := store.ListPlans(t.Context(), admin.NameFilter{})
	_, errWrite := store.CreateKey(t.Context(), newKey(""))
	for _, err := range []error{err, errRead, errWrite, store.Ready(t.Context())} {
		if !errors.Is(err, ration.ErrStoreUnavailable) {
			t.Errorf("got %v, want ErrStoreUnavailable", err)
		}
	}
}
