package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
)

// oddUnique are unique violations that the insert of a batch's id can end with
// and that don't say that the batch was charged.
var oddUnique = map[string]string{
	"another table's constraint of the same name": `INSERT INTO odd.seen VALUES (1)`,
	"another constraint":                          `RAISE unique_violation USING TABLE = 'charge_batches', CONSTRAINT = 'charge_batches_other_key'`,
	"a constraint that begins like it":            `RAISE unique_violation USING TABLE = 'charge_batches_old', CONSTRAINT = 'charge_batches_pkey_old'`,
	"another shard's constraint":                  `RAISE unique_violation USING TABLE = 'charge_batches_1', CONSTRAINT = 'charge_batches_pkey_2'`,
	"no name":                                     `RAISE unique_violation`,
}

// failingBatchID makes the nth insert of a batch's id end with a statement of a trigger's.
func (d *database) failingBatchID(t *testing.T, nth int, statement string) {
	t.Helper()
	d.exec(t, "CREATE SEQUENCE inserts") // a sequence is not rolled back
	d.exec(t, "CREATE SCHEMA odd")
	d.exec(t, "CREATE TABLE odd.seen (n int CONSTRAINT charge_batches_pkey PRIMARY KEY)")
	d.exec(t, "INSERT INTO odd.seen VALUES (1)")
	d.exec(t, fmt.Sprintf(`
		CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $body$
		BEGIN
			IF nextval('inserts') = %d THEN %s; END IF;
			RETURN NEW;
		END $body$`, nth, statement))
	d.exec(t, "CREATE TRIGGER fail BEFORE INSERT ON charge_batches FOR EACH ROW EXECUTE FUNCTION fail()")
}

func TestOnlyTheKeyOfBatchesSaysThatOneWasCharged(t *testing.T) {
	t.Parallel()
	for name, statement := range oddUnique {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w, store, id := wired(t)
			d.failingBatchID(t, 2, statement)
			w.CutNext(testdb.CutBeforeCommit, 1)
			decisions, err := store.Charge(t.Context(), testbatch.Requests(t, id))
			if err != nil || !decisions[0].Allowed() || d.used(t, id) != 1 {
				t.Errorf("Charge = %v, %v, and %d are recorded", codesOf(decisions), err, d.used(t, id))
			}
		})
	}
}

func TestOnlyTheKeyOfBatchesSettlesABatch(t *testing.T) {
	t.Parallel()
	for name, statement := range oddUnique {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w, store, id := wired(t)
			d.failingBatchID(t, 2, statement)
			ctx, giveUp := context.WithCancel(t.Context())
			w.OnCut(giveUp)
			w.CutNext(testdb.CutBeforeCommit, 1)
			batch := testbatch.Requests(t, id)
			if _, err := store.Charge(ctx, batch); !errors.Is(err, ration.ErrOutcomeUnknown) {
				t.Fatalf("Charge = %v, want ErrOutcomeUnknown", err)
			}
			d.await(t, "SELECT EXISTS (SELECT FROM charge_batches WHERE id = $1)", [16]byte(batch.ID))
			if got := d.used(t, id); got != 0 {
				t.Errorf("%d are recorded, want none", got)
			}
		})
	}
}
