package postgres_test

import (
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestChargesUpdateNoIndex counts updates that had to write indexes: they would
// cost twice the time and leave the tables to grow.
func TestChargesUpdateNoIndex(t *testing.T) {
	t.Parallel()
	// A cluster of its own: a transaction in any other database keeps old rows alive.
	d := migrated(t, testdb.StartCluster(t, nil).DSN())
	store := d.open(t, postgres.Config{})
	createPlan(t, store, "plan", "1000000/day", "100000/second")
	keys := make([]ration.KeyID, 100)
	for i := range keys {
		keys[i] = createKey(t, store, "plan")
	}
	for range 50 {
		charge(t, store, keys...)
	}
	if err := store.Close(); err != nil { // sessions report what they did when they end
		t.Fatal(err)
	}
	for _, table := range []string{"key_usage", "usage_days"} {
		d.await(t, "SELECT n_tup_upd >= 4900 FROM pg_stat_user_tables WHERE relname = $1", table)
		updates := ask[int64](t, d, "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = $1", table)
		hot := ask[int64](t, d, "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1", table)
		if hot < updates*95/100 {
			t.Errorf("%s: %d of %d updates were HOT", table, hot, updates)
		}
	}
}
