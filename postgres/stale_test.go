package postgres_test

import (
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
)

// A later release may widen a column while this one runs.
func TestStatementsArePreparedAgainAfterAMigration(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1})
	id := createKey(t, store, "")
	digest := ration.Digest{1}
	d.exec(t, "INSERT INTO secret_digests VALUES ($1, $2, gen_random_uuid())", digest[:], [16]byte(id))
	for _, migration := range []string{
		"SELECT 1",
		"DROP VIEW hourly_usage; ALTER TABLE key_usage ALTER COLUMN meter TYPE varchar(64)",
		"ALTER TABLE secret_digests ALTER COLUMN api_key_id TYPE uuid USING api_key_id::text::uuid",
		"ALTER TABLE api_keys ALTER COLUMN name TYPE varchar(2000)",
	} {
		d.exec(t, migration)
		if codes := charge(t, store, id); codes[0] != ration.CodeOK {
			t.Errorf("after %q: %v", migration, codes)
		}
		refs, err := store.ResolveDigests(t.Context(), []ration.Digest{digest, {2}})
		if err != nil || refs[0].KeyID != id || !refs[1].KeyID.IsZero() {
			t.Errorf("after %q: %v, %v", migration, refs, err)
		}
		if record, err := store.Key(t.Context(), id); err != nil || record.Name != "test" {
			t.Errorf("after %q: %v, %v", migration, record, err)
		}
		if _, _, err := store.KeyUsage(t.Context(), id); err != nil {
			t.Errorf("after %q: %v", migration, err)
		}
	}
	if got := d.used(t, id); got != 4 {
		t.Errorf("%d are recorded, want 4", got)
	}
}
