package testdb_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

func connect(tb testing.TB, dsn string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func ask[T any](tb testing.TB, conn *pgx.Conn, sql string) T {
	tb.Helper()
	var answer T
	if err := conn.QueryRow(tb.Context(), sql).Scan(&answer); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func run(tb testing.TB, conn *pgx.Conn, sql string) {
	tb.Helper()
	if _, err := conn.Exec(tb.Context(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

const countTables = `select count(*) from pg_class where relnamespace = 'public'::regnamespace`

func TestPostgresGivesEachTestAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first := connect(t, testdb.Postgres(t))
	run(t, first, "create table charges (amount int)")

	second := connect(t, testdb.Postgres(t))
	if got := ask[int](t, second, countTables); got != 0 {
		t.Errorf("a fresh database has %d relations, want 0", got)
	}
	if got := ask[int](t, first, countTables); got != 1 {
		t.Errorf("the first database has %d relations, want 1", got)
	}
}

func TestPostgresDropsTheDatabaseWhileAConnectionIsOpen(t *testing.T) {
	t.Parallel()
	var leaked *pgx.Conn
	var name string
	t.Run("test that leaves its connection open", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), testdb.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		leaked = conn
		name = ask[string](t, conn, "select current_database()")
	})
	t.Cleanup(func() { _ = leaked.Close(context.Background()) })

	other := connect(t, testdb.Postgres(t))
	if left := ask[int](t, other, "select count(*) from pg_database where datname = '"+name+"'"); left != 0 {
		t.Errorf("database %s is still there after its test", name)
	}
}

func TestPostgresIsDurable(t *testing.T) {
	t.Parallel()
	conn := connect(t, testdb.Postgres(t))
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := ask[string](t, conn, "show "+setting); got != "on" {
			t.Errorf("%s = %s, want on", setting, got)
		}
	}
}

// The rows run this test binary again, because the variable is read once per
// process.
func TestPostgresChecksTheServerItIsGiven(t *testing.T) {
	t.Parallel()
	const secret = "not-to-be-printed"
	careless := testdb.StartCluster(t, map[string]string{"fsync": "off"})
	durable := testdb.StartCluster(t, nil)
	for name, row := range map[string]struct {
		url  string
		want string
	}{
		"durable server is used":          {durable.DSN(), "database in it: ok"},
		"server without fsync":            {careless.DSN(), "not durable, so tests of what survives mean nothing: fsync = off"},
		"something else than a URL":       {"host=127.0.0.1 password=" + secret + " port=1", "connecting to the test server"},
		"URL that can't be parsed":        {"postgres://ration:" + secret + "@127.0.0.1:port/db", "connecting to the test server"},
		"server that nobody can reach":    {"postgres://ration:" + secret + "@127.0.0.1:1/db", "connecting to the test server"},
		"keywords for a reachable server": {keywords(t, durable.DSN()), testdb.URLVariable + " is not a postgres:// URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRerunUsesPostgres$", "-test.v")
			cmd.Env = append(os.Environ(), rerunVariable+"=postgres", testdb.URLVariable+"="+row.url)
			out, _ := cmd.CombinedOutput()
			if !strings.Contains(string(out), row.want) {
				t.Errorf("got:\n%s\nwant: %s", out, row.want)
			}
			if strings.Contains(string(out), secret) {
				t.Errorf("the password is in the output:\n%s", out)
			}
		})
	}
}

func keywords(tb testing.TB, dsn string) string {
	tb.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("sslmode=disable dbname=postgres host=%s port=%d user=%s password=%s",
		config.Host, config.Port, config.User, config.Password)
}
