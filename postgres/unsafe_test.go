package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// waysIn are a store's connections: of decisions, of the resolver of digests and
// tokens, and of the pool of administration and reports.
func waysIn(t *testing.T, store *postgres.Store, id ration.KeyID) map[string]func() error {
	t.Helper()
	return map[string]func() error{
		"Charge":         func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err },
		"ResolveDigests": func() error { _, err := store.ResolveDigests(t.Context(), []ration.Digest{{1}}); return err },
		"TokensByDigest": func() error { _, _, err := store.TokensByDigest(t.Context(), []ration.Digest{{1}}); return err },
		"Ready":          func() error { return store.Ready(t.Context()) },
		"Key":            func() error { _, err := store.Key(t.Context(), id); return err },
		"CreateKey":      func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err },
	}
}

// TestServerThatBecameUnsafeIsRefusedEverywhere leads connections that exist, and
// those made anew, to a server that is not durable any more.
func TestServerThatBecameUnsafeIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	restart := func(t *testing.T, cluster *testdb.Cluster, change func()) {
		t.Helper()
		if err := cluster.Stop(testdb.StopFast); err != nil {
			t.Fatal(err)
		}
		change()
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]func(*testing.T, *testdb.Cluster, *database){
		"told to forget": func(t *testing.T, _ *testdb.Cluster, d *database) {
			d.exec(t, "ALTER SYSTEM SET fsync = off")
			d.exec(t, "SELECT pg_reload_conf()")
		},
		"told to write half pages": func(t *testing.T, _ *testdb.Cluster, d *database) {
			d.exec(t, "ALTER SYSTEM SET full_page_writes = off")
			d.exec(t, "SELECT pg_reload_conf()")
		},
		"restarted to forget": func(t *testing.T, cluster *testdb.Cluster, d *database) {
			d.exec(t, "ALTER SYSTEM SET fsync = off")
			restart(t, cluster, func() {})
		},
		"restarted as a standby": func(t *testing.T, cluster *testdb.Cluster, _ *database) {
			restart(t, cluster, func() {
				if err := os.WriteFile(filepath.Join(cluster.DataDir(), "standby.signal"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := testdb.StartCluster(t, nil)
			d := migrated(t, cluster.DSN())
			stores := map[string]*postgres.Store{
				"directly":         d.open(t, postgres.Config{}),
				"through a pooler": d.pooled(t, map[string]string{"server_login_retry": "1"}).open(t, postgres.Config{}),
			}
			id := createKey(t, stores["directly"], "")
			for through, store := range stores {
				for call, do := range waysIn(t, store, id) {
					if err := do(); err != nil {
						t.Fatalf("%s %s = %v", call, through, err)
					}
				}
			}
			spoil(t, cluster, d)
			for through, store := range stores {
				for call, do := range waysIn(t, store, id) {
					wantRefused(t, call+" "+through, do)
				}
			}
		})
	}
}

// wantRefused calls until what the operator did has reached the session: after a
// reload it may run one more transaction as it was, and after a restart a pooler
// may need a moment.
func wantRefused(t *testing.T, call string, do func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		err = do()
		if errors.Is(err, postgres.ErrUnsafeDurability) {
			return
		}
	}
	t.Errorf("%s = %v, want ErrUnsafeDurability", call, err)
}

// A read-only database is the operator's will, and no place to count.
func TestReadOnlyDatabaseChargesNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	d.exec(t, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$")
	later := d.open(t, postgres.Config{})
	for call, do := range waysIn(t, later, id) {
		err := do()
		if reads := call == "Key" || call == "ResolveDigests" || call == "TokensByDigest"; reads && err == nil {
			continue
		}
		if !errors.Is(err, ration.ErrStoreUnavailable) || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("%s = %v, want ErrStoreUnavailable that says read-only", call, err)
		}
	}
	if got := d.used(t, id); got != 0 {
		t.Errorf("%d are recorded, want none", got)
	}
}

// Where foreign keys don't hold, a plan could go while keys have it; a charge
// writes nothing that has a foreign key or a trigger.
func TestSessionWithoutForeignKeysAdministersNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	before := d.open(t, postgres.Config{})
	id := createKey(t, before, "")
	d.exec(t, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET session_replication_role = replica'; END $$")
	store := d.open(t, postgres.Config{})
	if _, err := store.CreateKey(t.Context(), newKey("there is no such plan")); !errors.Is(err, ration.ErrStoreUnavailable) || !strings.Contains(err.Error(), "foreign keys") {
		t.Errorf("CreateKey = %v, want ErrStoreUnavailable that says foreign keys", err)
	}
	if codes := charge(t, store, id); codes[0] != ration.CodeOK {
		t.Errorf("got %v", codes)
	}
	if written := ask[int](t, d, `
		SELECT count(*) FROM pg_trigger
		WHERE tgrelid IN ('key_usage'::regclass, 'usage_days'::regclass, 'charge_batches'::regclass)`); written != 0 {
		t.Errorf("what a charge writes has %d triggers", written)
	}
}
