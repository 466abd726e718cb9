package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestChargesUpdateNoIndex counts updates that had to write indexes: they would
// cost twice the time and leave the tables to grow. There are charges on two
// meters, with a rate, denied ones, and periods that end. A transaction that
// stays open elsewhere keeps old rows alive, so that pages fill up and updates
// move on to others; when it ends, all is as before.
func TestChargesUpdateNoIndex(t *testing.T) {
	t.Parallel()
	const least = 0.95
	// A cluster of its own: a transaction in any other database keeps old rows alive.
	cluster := testdb.StartCluster(t, map[string]string{"autovacuum": "off"})
	d := migrated(t, cluster.DSN())
	clock := newFakeClock(t, d, time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC))
	w := &writer{database: d, clock: clock, config: postgres.Config{InstanceClock: clock.now}}
	w.createKeys(t)
	for table, share := range w.hotShares(t, 25, "requests") {
		if share < least {
			t.Errorf("%s: only %.3f of the updates were HOT", table, share)
		}
	}
	for table, share := range w.hotShares(t, 25, "requests", "tokens") {
		if share < least {
			t.Errorf("%s: only %.3f of the updates were HOT on two meters", table, share)
		}
	}
	reader, err := connect(t, cluster.Database(t)).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback(context.Background())
	if _, err := reader.Exec(t.Context(), "SELECT pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	t.Logf("HOT while a transaction is open: %v", w.hotShares(t, 10, "requests", "tokens"))
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "VACUUM key_usage, usage_days")
	for table, share := range w.hotShares(t, 25, "requests", "tokens") {
		if share < least {
			t.Errorf("%s: only %.3f of the updates were HOT after a transaction had been open for long", table, share)
		}
	}
}

// writer charges keys of which some have nothing left.
type writer struct {
	database *database
	clock    *fakeClock
	config   postgres.Config
	keys     []ration.KeyID
}

func (w *writer) createKeys(t *testing.T) {
	t.Helper()
	store := w.database.open(t, w.config)
	createPlan(t, store, "plenty", "1000000/day", "100000/second", "1000000 tokens/month")
	createPlan(t, store, "little", "3/day", "100000/minute")
	for i := range 100 {
		w.keys = append(w.keys, createKey(t, store, []string{"plenty", "plenty", "little"}[i%3]))
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// hotShares charges every key so many times, an hour later each time, and returns
// which share of each table's updates was HOT.
func (w *writer) hotShares(t *testing.T, rounds int, meters ...string) map[string]float64 {
	t.Helper()
	w.database.exec(t, "SELECT pg_stat_reset()")
	store := w.database.open(t, w.config)
	denied := 0
	for range rounds {
		w.clock.set(t, w.clock.now().Add(time.Hour))
		for range 2 {
			denied += w.charge(t, store, meters)
		}
	}
	if err := store.Close(); err != nil { // sessions report what they did when they end
		t.Fatal(err)
	}
	if denied < rounds {
		t.Errorf("only %d charges were denied", denied)
	}
	shares := make(map[string]float64)
	for _, table := range []string{"key_usage", "usage_days"} {
		least := rounds * 2 * len(w.keys) * len(meters) / 2
		w.database.await(t, "SELECT n_tup_upd >= $2 FROM pg_stat_user_tables WHERE relname = $1", table, least)
		shares[table] = ask[float64](t, w.database, "SELECT n_tup_hot_upd::float8 / n_tup_upd FROM pg_stat_user_tables WHERE relname = $1", table)
	}
	return shares
}

func (w *writer) charge(t *testing.T, store *postgres.Store, meters []string) (denied int) {
	t.Helper()
	var charges []ration.Charge
	for _, key := range w.keys {
		var amounts []ration.Amount
		for _, meter := range meters {
			amounts = append(amounts, ration.Amount{Meter: meter, Units: 1})
		}
		charges = append(charges, ration.Charge{KeyID: key, Amounts: amounts})
	}
	decisions, err := store.Charge(t.Context(), testbatch.Charges(t, charges...))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codesOf(decisions) {
		if code == ration.CodeQuotaExceeded {
			denied++
		}
	}
	return denied
}
