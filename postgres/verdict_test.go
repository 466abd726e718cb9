package postgres_test

import (
	"errors"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// doubtful are errors that may come in the place of COMMIT's answer although the
// transaction was committed: the session ends, or they speak of the connection,
// the server or its resources, as those of a pooler do.
var doubtful = [][2]string{
	{"FATAL", "57P01"},
	{"FATAL", "57P02"},
	{"FATAL", "57P03"},
	{"FATAL", "57P05"},
	{"FATAL", "25P03"},
	{"FATAL", "53300"},
	{"FATAL", "08P01"},
	{"FATAL", "23505"},
	{"FATAL", "40001"},
	{"FATAL", "57014"},
	{"PANIC", "XX000"},
	{"ERROR", "08000"},
	{"ERROR", "08003"},
	{"ERROR", "08006"},
	{"ERROR", "08007"},
	{"ERROR", "08P01"},
	{"ERROR", "40003"},
	{"ERROR", "53100"},
	{"ERROR", "53200"},
	{"ERROR", "53300"},
	{"ERROR", "57P01"},
	{"ERROR", "57P03"},
	{"ERROR", "57P05"},
	{"ERROR", "58000"},
	{"ERROR", "58030"},
	{"ERROR", "XX000"},
	{"ERROR", "XX001"},
}

// The server commits and something else than that arrives. A charge is resolved and
// counted once; what administration can't resolve, it says.
func TestDoubtfulAnswersToCommitAreNoRollback(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.set(t, silencing...)
	w := testdb.NewWire(t, d.url)
	store := (&database{url: w.DSN()}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	for i, answer := range doubtful {
		w.SpoilCommits(answer[0], answer[1], 1)
		if decisions, err := store.Charge(t.Context(), testbatch.Requests(t, id)); err != nil || decisions[0].Code != ration.CodeOK {
			t.Errorf("%s: Charge = %v, %v", answer, decisions, err)
		}
		if got := d.used(t, id); got != int64(i+1) {
			t.Fatalf("%s: %d are recorded, want %d", answer, got, i+1)
		}
		w.SpoilCommits(answer[0], answer[1], 1)
		if _, err := store.UpdateKey(t.Context(), id, rename); !errors.Is(err, ration.ErrOutcomeUnknown) {
			t.Errorf("%s: UpdateKey = %v, want ErrOutcomeUnknown", answer, err)
		}
	}
}

// An error of the transaction itself, with which the session goes on, is a
// rollback, also where the database tells its sessions to end at any error.
func TestErrorsOfTheTransactionAreARollback(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"22003", "23505", "23514", "42501", "P0001"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			d.set(t, silencing...)
			store := d.open(t, postgres.Config{})
			id := createKey(t, store, "")
			d.exec(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = '`+state+`'; END $$`)
			d.exec(t, `CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON key_usage DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
			_, err := store.Charge(t.Context(), testbatch.Requests(t, id))
			if err == nil || errors.Is(err, ration.ErrOutcomeUnknown) || errors.Is(err, ration.ErrStoreUnavailable) {
				t.Errorf("Charge = %v, want an error of the batch", err)
			}
			if got := d.used(t, id); got != 0 {
				t.Errorf("%d are recorded", got)
			}
		})
	}
}
