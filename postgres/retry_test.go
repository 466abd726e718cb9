package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// failingNow makes every call of ration_now() but each nth fail with a SQLSTATE;
// 0: every call.
func (d *database) failingNow(t *testing.T, state string, nth int) {
	t.Helper()
	passes := fmt.Sprintf("nextval('calls') %% %d = 0", nth)
	if nth == 0 {
		passes = "false"
	}
	d.exec(t, "CREATE SEQUENCE calls") // a sequence is not rolled back
	d.exec(t, fmt.Sprintf(`
		CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $body$
		BEGIN
			IF %s THEN RETURN clock_timestamp(); END IF;
			RAISE EXCEPTION 'made up' USING ERRCODE = '%s';
		END $body$`, passes, state))
}

func TestTransactionsThatTheServerGaveUpAreSentAgain(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"40001", "40P01", "57014"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			store := d.open(t, postgres.Config{})
			id := createKey(t, store, "")
			d.failingNow(t, state, 3)
			for range 10 {
				if codes := charge(t, store, id, id); codes[1] != ration.CodeOK {
					t.Fatalf("got %v", codes)
				}
			}
			if got := d.used(t, id); got != 20 {
				t.Errorf("%d are recorded, want 20", got)
			}
			createKey(t, store, "")
		})
	}
}

func TestServerThatAlwaysFailsIsUnavailable(t *testing.T) {
	t.Parallel()
	for state, unavailable := range map[string]bool{
		"40001": true,  // serialization failure
		"53100": true,  // disk full
		"58030": true,  // I/O error
		"25006": true,  // read-only
		"22012": false, // a division by zero is in the batch, which is split
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			store := d.open(t, postgres.Config{})
			id := createKey(t, store, "")
			d.failingNow(t, state, 0)
			_, err := store.Charge(t.Context(), testbatch.Requests(t, id))
			if err == nil || errors.Is(err, ration.ErrStoreUnavailable) != unavailable || errors.Is(err, ration.ErrOutcomeUnknown) {
				t.Errorf("Charge = %v; want ErrStoreUnavailable: %v", err, unavailable)
			}
			if got := d.used(t, id); got != 0 {
				t.Errorf("%d are recorded, want none", got)
			}
		})
	}
}

func TestLostAnswerToAChangeIsSaid(t *testing.T) {
	t.Parallel()
	d, w, store, id := wired(t)
	w.CutNext(testdb.CutCommitAnswer, 1)
	if _, err := store.CreateKey(t.Context(), newKey("")); !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("CreateKey = %v, want ErrOutcomeUnknown", err)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM api_keys WHERE id <> $1", [16]byte(id)); got != 1 {
		t.Errorf("%d keys, want 1", got)
	}
	createKey(t, store, "") // on another connection
}

func TestServerWithoutConnectionsIsUnavailable(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1})
	id := createKey(t, store, "")
	charge(t, store, id)
	d.exec(t, "UPDATE pg_database SET datconnlimit = 0 WHERE datname = current_database()")
	d.exec(t, "CREATE ROLE "+limited(d)+" LOGIN PASSWORD 'limited'")
	t.Cleanup(func() { d.exec(t, "DROP ROLE "+limited(d)) })
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: as(t, d.url, limited(d), "limited")}); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("Open = %v, want ErrStoreUnavailable", err)
	}
	charge(t, store, id) // on the connection that it keeps
}
