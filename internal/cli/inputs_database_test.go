package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/sqlite"
)

var databaseBehaviours = []behaviour{
	{"DSN to a replica", func(t *testing.T) {
		cluster := testdb.StartCluster(t, nil)
		must(t, cluster.DSN(), "migrate")
		if err := cluster.Stop(testdb.StopFast); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(cluster.DataDir(), "standby.signal"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"serve --wait-for-database 0s", "keys create k", "keys list", "migrate"} {
			wantsOn(t, cluster.DSN(), command, 4, "it is a standby, not the primary")
		}
		wantsOn(t, cluster.DSN(), "serve --accept-unsafe-durability", 4, "the database is read-only, not the primary")
	}},
	{"DSN to a read-only DB", func(t *testing.T) {
		fresh, migrated := readOnly(testdb.Postgres(t)), testdb.Postgres(t)
		wantsOn(t, fresh, "serve", 4, "the database is read-only, not the primary")
		must(t, migrated, "migrate")
		for _, command := range []string{"serve", "keys create k"} {
			wantsOn(t, readOnly(migrated), command, 4, "the database is read-only, not the primary; give the URL of the primary")
		}
		wantsOn(t, readOnly(migrated), "keys list", 0)
	}},
	{"read-only SQLite file", func(t *testing.T) {
		t.Chdir(openDirectory(t))
		must(t, "sqlite:ration.db", "migrate")
		setMode(t, "ration.db", 0o444)
		setMode(t, "ration.db.lock", 0o666)
		for _, command := range []string{"serve --api-listen 127.0.0.1:0", "keys create k"} {
			wants(t, runAsOther(t, strings.Fields(command)...), 4, "the database file can't be opened for writing: open ")
		}
	}},
	{"fsync=off / full_page_writes=off server", func(t *testing.T) {
		cluster := testdb.StartCluster(t, map[string]string{"fsync": "off", "full_page_writes": "off"})
		for _, command := range []string{"serve", "migrate", "keys list"} {
			wantsOn(t, cluster.DSN(), command, 4, "the database server is not durable: fsync is off, full_page_writes is off")
		}
		running := startServer(t, []string{"RATION_DB=" + cluster.DSN()}, "--accept-unsafe-durability")
		wants(t, running.stop(), 0)
		onDatabase(t, cluster.DSN(), "ALTER SYSTEM SET fsync = on")
		onDatabase(t, cluster.DSN(), "SELECT pg_reload_conf()")
		awaitSetting(t, cluster.DSN(), "fsync", "on")
		wantsOn(t, cluster.DSN(), "serve", 4, "the database server is not durable: full_page_writes is off")
	}},
	{"SQLite < 3.51.3 linked", func(t *testing.T) { // which package sqlite tests with the version
		err := fmt.Errorf("opening store: %w", &sqlite.VersionError{Have: "3.51.2", Want: "3.51.3"})
		if code := cli.ExitCode(err); code != 6 || !strings.Contains(err.Error(), "SQLite 3.51.2 can corrupt a database in WAL mode; build with 3.51.3 or later") {
			t.Errorf("exit code %d: %v", code, err)
		}
	}},
	{"schema newer", func(t *testing.T) {
		t.Chdir(t.TempDir())
		must(t, "sqlite:ration.db", "migrate")
		execFile(t, "ration.db", newerSchema)
		for _, command := range []string{"serve", "keys list", "migrate"} {
			wantsOn(t, "sqlite:ration.db", command, 6, "has schema version 99999, made by a later release for releases that know version 99998 or later; this one knows only version")
		}
		url := testdb.Postgres(t)
		must(t, url, "migrate")
		onDatabase(t, url, newerSchema)
		for _, command := range []string{"serve", "keys list", "migrate"} {
			wantsOn(t, url, command, 6, "has version 99999, for builds that know version 99998 or later, and this one knows only ", ": use a newer build")
		}
	}},
	{"schema older with migrate off", func(t *testing.T) { // as in every command but serve and migrate
		url := testdb.Postgres(t)
		must(t, url, "migrate")
		onDatabase(t, url, "DELETE FROM goose_db_version")
		for _, command := range []string{"keys list", "usage", "doctor"} {
			wantsOn(t, url, command, 6, "has version 0 and this build needs ", "run 'ration migrate'")
		}
		older := fmt.Errorf("opening store: %w", &sqlite.SchemaError{Path: "ration.db", Have: 1, Want: 3})
		if code := cli.ExitCode(older); code != 6 || !strings.Contains(older.Error(), "has schema version 1 and this release works with version 3") {
			t.Errorf("exit code %d: %v", code, older)
		}
	}},
	{"CLI against running server's SQLite file", func(t *testing.T) {
		t.Chdir(t.TempDir())
		must(t, "sqlite:ration.db", "migrate")
		running := startServer(t, nil)
		must(t, "sqlite:ration.db", "keys", "create", "k")
		must(t, "sqlite:ration.db", "keys", "list")
		for _, command := range []string{"serve --api-listen 127.0.0.1:0", "migrate"} {
			wantsOn(t, "sqlite:ration.db", command, 4, fmt.Sprintf("is in use by process %d: only one server may run on a database file", os.Getpid()))
		}
		wants(t, running.stop(), 0)
	}},
	{"database file that is none of Ration's", func(t *testing.T) {
		t.Chdir(t.TempDir())
		text := strings.Repeat("this is no database\n", 500)
		writeFile(t, "ration.db", text, 0o600)
		for _, command := range []string{"serve", "keys list", "migrate"} {
			wantsOn(t, "sqlite:ration.db", command, 5, "ration.db", "not a Ration database")
		}
		if left, err := os.ReadFile("ration.db"); err != nil || !bytes.Equal(left, []byte(text)) {
			t.Errorf("it was changed, or %v", err)
		}
	}},
}

// wantsOn runs a command on a database.
func wantsOn(t *testing.T, database, command string, code int, says ...string) {
	t.Helper()
	t.Log(command)
	wants(t, invoke(t, database, strings.Fields(command)...), code, says...)
}

// readOnly makes sessions with a database's URL read-only.
func readOnly(database string) string {
	location, err := url.Parse(database)
	if err != nil {
		panic(err) // testdb made it
	}
	query := location.Query()
	query.Set("default_transaction_read_only", "on")
	location.RawQuery = query.Encode()
	return location.String()
}

// awaitSetting waits until new sessions have a setting, after a reload.
func awaitSetting(t *testing.T, url, name, want string) {
	t.Helper()
	for value := ""; value != want; {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		err = conn.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&value)
		if err := errors.Join(err, conn.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}
