package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
	"github.com/ration-dev/ration/test/harness"
)

// TestDoctorFreesAKeyThatAClockFromTheFutureHasUsedUp repairs while the server
// runs: on SQLite through its socket.
func TestDoctorFreesAKeyThatAClockFromTheFutureHasUsedUp(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T) (db string, useAhead func(ration.KeyID, int)){
		"SQLite": aheadOnSQLite, "PostgreSQL": aheadOnPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			db, useAhead := prepare(t)
			key := harness.CreateKey(t, db, "--limit", "5/day", "--time-zone", harness.NoonZone())
			id, err := ration.ParseKeyID(key.ID)
			if err != nil {
				t.Fatal(err)
			}
			useAhead(id, 3)
			upstream := harness.NewUpstream(t)
			instance := harness.NewInstance(t, db, upstream.URL)
			instance.Start()
			instance.AwaitReady()
			client := harness.NewClient()
			call := func(want ...harness.Outcome) {
				t.Helper()
				for _, outcome := range want {
					if got := client.Call(t.Context(), instance.ProxyURL, key.Secret); got != outcome {
						t.Errorf("outcome %d, want %d", got, outcome)
					}
				}
			}
			call(harness.Admitted, harness.Admitted, harness.Denied) // of a day ten years from now
			if code, out := doctor(t, db); code != 7 || !strings.Contains(out, "1 key has used periods that have not begun") {
				t.Errorf("doctor: exit code %d\n%s", code, out)
			}
			if code, out := doctor(t, db, "--repair", "--yes"); code != 0 || !strings.Contains(out, "Repaired keys: 1.") {
				t.Errorf("doctor --repair: exit code %d\n%s", code, out)
			}
			call(harness.Denied)
			harness.CLI(t, db, "keys", "update", key.ID, "--limit", "6/day")
			call(harness.Admitted, harness.Denied) // all five count today
			if audit := harness.CLI(t, db, "audit", "--target", key.ID); !strings.Contains(audit, "key.repair") {
				t.Errorf("the audit log has no repair:\n%s", audit)
			}
			if code, out := doctor(t, db, "--deep"); code != 0 {
				t.Errorf("doctor after all: exit code %d\n%s", code, out)
			}
		})
	}
}

// doctor runs "ration doctor" and returns its exit code and all that it printed.
func doctor(t *testing.T, db string, more ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), append([]string{"doctor"}, more...)...)
	cmd.Env = append(os.Environ(), "RATION_DB="+db)
	text, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(text)
}

func inTenYears() time.Time { return time.Now().AddDate(10, 0, 0) }

func aheadOnSQLite(t *testing.T) (db string, useAhead func(ration.KeyID, int)) {
	path := filepath.Join(t.TempDir(), "ration.db")
	return "sqlite:" + path, func(id ration.KeyID, times int) {
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Clock: inTenYears})
		if err != nil {
			t.Fatal(err)
		}
		use(t, store, id, times)
	}
}

func aheadOnPostgres(t *testing.T) (db string, useAhead func(ration.KeyID, int)) {
	db = testdb.Postgres(t)
	harness.CLI(t, db, "migrate")
	return db, func(id ration.KeyID, times int) {
		setDatabaseClock(t, db, "clock_timestamp() + interval '10 years'")
		store, err := postgres.Open(t.Context(), postgres.Config{URL: db, InstanceClock: inTenYears})
		if err != nil {
			t.Fatal(err)
		}
		use(t, store, id, times)
		setDatabaseClock(t, db, "clock_timestamp()")
	}
}

func setDatabaseClock(t *testing.T, db, expression string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$SELECT "+expression+"$$")
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// use charges a key through a store of its own, and closes it.
func use(t *testing.T, store ration.Store, id ration.KeyID, times int) {
	t.Helper()
	for range times {
		decisions, err := store.Charge(t.Context(), testbatch.Requests(t, id))
		if err != nil || !decisions[0].Allowed() {
			t.Fatalf("charging in ten years: %+v, %v", decisions, err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
