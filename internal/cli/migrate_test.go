package cli_test

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// onDatabase runs a statement on a database.
func onDatabase(t *testing.T, url, statement string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return conn
}

// newerSchema makes a schema one of a later release, for those that know the one before it.
const newerSchema = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true); UPDATE schema_compatibility SET least_version = 99998"

func TestSchemaThatDoesNotFitIsExitCode6(t *testing.T) {
	known := strconv.FormatInt(postgres.SchemaVersion(), 10)
	for name, row := range map[string]struct {
		migrated  bool
		statement string
		command   string
		says      []string
	}{
		"serve on a newer schema":      {true, newerSchema, "serve", []string{"99999", "only " + known, "newer build"}},
		"keys list on a newer schema":  {true, newerSchema, "keys list", []string{"99999", "newer build"}},
		"migrate to an older schema":   {true, newerSchema, "migrate", []string{"99999", "newer build"}},
		"keys list on an older schema": {true, "DELETE FROM goose_db_version", "keys list", []string{"version 0", "needs " + known, "run 'ration migrate'"}},
		"migration that fails":         {false, "CREATE TABLE plans ()", "migrate", []string{"from version 0 to 1", `"plans" already exists`}},
	} {
		t.Run(name, func(t *testing.T) {
			url := testdb.Postgres(t)
			if row.migrated {
				must(t, url, "migrate")
			}
			onDatabase(t, url, row.statement)
			done := invoke(t, url, strings.Fields(row.command)...)
			if done.code != 6 {
				t.Errorf("exit code %d: %s", done.code, done.stderr)
			}
			for _, text := range row.says {
				if !strings.Contains(done.stderr, text) {
					t.Errorf("it says %q, want %q in it", done.stderr, text)
				}
			}
		})
	}
}

// A release goes on with a newer schema that suits it, says so, and does not copy
// what it doesn't know.
func TestNewerSchemaThatSuits(t *testing.T) {
	t.Chdir(t.TempDir())
	url := testdb.Postgres(t)
	for database, add := range map[string]func(){
		url:                func() { onDatabase(t, url, later) },
		"sqlite:ration.db": func() { execFile(t, "ration.db", later) },
	} {
		must(t, database, "migrate")
		add()
		for range 2 {
			wants(t, invoke(t, database, "migrate"), 0, "The schema has version 99999, made by a later release", "Nothing was changed")
		}
		must(t, database, "keys", "create", "k")
		if said := must(t, database, "doctor"); !strings.Contains(said, "version 99999, made by a later release and marked for those that know version 4 or later") {
			t.Errorf("doctor says %s", said)
		}
	}
	for _, ends := range [][]string{{"--from", "sqlite:ration.db", "--to", "env:RATION_DB"}, {"--from", "env:RATION_DB", "--to", "sqlite:new.db"}} {
		wants(t, invoke(t, url, append([]string{"copy"}, ends...)...), 6, "schema version 99999", "copy with the later release")
	}
	must(t, "sqlite:ration.db", "backup", "backup.db")
	must(t, "sqlite:restored.db", "restore", "backup.db")
	must(t, "sqlite:restored.db", "keys", "list")
}

// later makes a schema one of a later release that only adds something.
const later = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"

// execFile runs a statement on a SQLite file.
func execFile(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.Exec(statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
