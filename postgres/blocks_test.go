package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestDecisionsCostTheSameHoweverManyKeys counts the blocks that decisions touch
// with few keys and with many: with plans that were made while the tables were
// empty and kept, of tables that were never analysed, and of tables that were;
// by named statements, and by the unnamed ones that go through a pooler. What
// is counted is what the server did, whatever it had planned.
func TestDecisionsCostTheSameHoweverManyKeys(t *testing.T) {
	t.Parallel()
	few, many := blocksPerKey(t, 1000), blocksPerKey(t, largeTable)
	for name, cost := range many {
		t.Logf("%s: %.1f blocks per charged key with 1,000 keys, %.1f with %d", name, few[name], cost, 1000)
		if few[name] < 1 || cost > 2*few[name] || cost > 100 {
			t.Errorf("%s: a charged key costs %.1f blocks with %d keys, %.1f with 1,000", name, cost, largeTable, few[name])
		}
	}
}

// blocksPerKey returns how many blocks of tables and indexes a charged key costs.
func blocksPerKey(t *testing.T, keys int) map[string]float64 {
	t.Helper()
	// Nobody else's work is counted, and no table is analysed unless it is said.
	d := migrated(t, testdb.StartCluster(t, map[string]string{"autovacuum": "off", "max_wal_size": "8GB"}).DSN())
	pooled := d.pooled(t, nil)
	early, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	(&chargedKeys{}).charge(t, early) // so that there are plans of empty tables
	fillTables(t, d, keys)
	sample := d.sample(t)
	cost := make(map[string]float64)
	cost["plans of empty tables"] = d.costOf(t, early, sample)
	cost["not analysed"] = d.costOf(t, d.openAlone(t), sample)
	cost["not analysed, through a pooler"] = d.costOf(t, pooled.openAlone(t), sample)
	wantIndexPlans(t, d)
	d.exec(t, "ANALYZE")
	cost["analysed"] = d.costOf(t, d.openAlone(t), sample)
	cost["analysed, through a pooler"] = d.costOf(t, pooled.openAlone(t), sample)
	wantIndexPlans(t, d)
	return cost
}

// openAlone opens a store that costOf closes.
func (d *database) openAlone(t *testing.T) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// chargedKeys are those that are charged, with a secret each.
type chargedKeys struct {
	ids     []ration.KeyID
	secrets []ration.SecretID
	digests []ration.Digest
}

// sample takes 256 keys from all over the table.
func (d *database) sample(t *testing.T) *chargedKeys {
	t.Helper()
	reading := connect(t, d.url)
	rows, err := reading.Query(t.Context(), "SELECT api_key_id, secret_id, digest FROM secret_digests ORDER BY digest LIMIT 256")
	if err != nil {
		t.Fatal(err)
	}
	var keys chargedKeys
	var id, secret [16]byte
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &secret, &digest}, func() error {
		keys.ids, keys.secrets = append(keys.ids, id), append(keys.secrets, secret)
		keys.digests = append(keys.digests, ration.Digest(digest))
		return nil
	})
	if err != nil || len(keys.ids) != 256 {
		t.Fatalf("%d keys, %v", len(keys.ids), err)
	}
	if err := reading.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &keys
}

// rounds is how often each key is charged; its day's limit ends with the first
// store that does so, and the others are denied.
const rounds = 5

// charge resolves the digests and charges the keys, with two meters and a rate.
func (k *chargedKeys) charge(t *testing.T, store *postgres.Store) {
	t.Helper()
	for range rounds {
		refs, err := store.ResolveDigests(t.Context(), append([]ration.Digest{{1}}, k.digests...))
		if err != nil || len(k.ids) > 0 && refs[1].KeyID != k.ids[0] {
			t.Fatalf("ResolveDigests = %v, %v", refs, err)
		}
		if _, _, err := store.TokensByDigest(t.Context(), []ration.Digest{{1}}); err != nil {
			t.Fatal(err)
		}
		var items []testbatch.Item
		for i, id := range append([]ration.KeyID{ration.NewKeyID()}, k.ids...) {
			item := testbatch.Item{Charge: ration.Charge{KeyID: id, Amounts: []ration.Amount{{Meter: "tokens", Units: 3}}}}
			if i > 0 {
				item.SecretID = k.secrets[i-1]
			}
			items = append(items, item)
		}
		if len(k.ids) > 0 {
			items = items[1:] // the key that there is not
		}
		if _, err := store.Charge(t.Context(), testbatch.Of(t, items...)); err != nil {
			t.Fatal(err)
		}
	}
}

// costOf charges, closes the store and returns how many blocks a charged key cost.
// It fails if a table was scanned.
func (d *database) costOf(t *testing.T, store *postgres.Store, keys *chargedKeys) float64 {
	t.Helper()
	d.endOthers(t, "application_name <> 'ration'")
	d.exec(t, "SELECT pg_stat_reset()")
	keys.charge(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	d.endOthers(t, "true") // sessions report what they did when they end
	// The janitor looks for what crashed instances left in charge_batches, once a
	// minute. Which schema it is, a few rows however many keys there are, a store
	// reads when it is opened, and not with each batch.
	scanned := ask[[]string](t, d, `
		SELECT coalesce(array_agg(relname::text), '{}') FROM pg_stat_user_tables
		WHERE seq_scan > CASE WHEN relname IN ('goose_db_version', 'schema_compatibility') THEN $1::int - 1 ELSE 0 END
		  AND relname <> 'charge_batches'`, rounds)
	if len(scanned) > 0 {
		t.Errorf("scanned were %q", scanned)
	}
	blocks := ask[int64](t, d, `
		SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::bigint
		FROM pg_statio_user_tables WHERE relname NOT IN ('charge_batches', 'goose_db_version', 'schema_compatibility')`)
	return float64(blocks) / float64(rounds*len(keys.ids))
}

// endOthers ends other sessions, such as a pooler's, and returns when they have gone.
func (d *database) endOthers(t *testing.T, which string) {
	t.Helper()
	others := " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND " + which
	d.exec(t, "SELECT pg_terminate_backend(pid)"+others)
	d.await(t, "SELECT NOT EXISTS (SELECT"+others+")")
}
