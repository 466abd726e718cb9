package testdb_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

// Clients of a pooler get each other's sessions, with all that is left in them,
// and no session keeps a client's prepared statements.
func TestPgBouncerSharesSessionsAmongClients(t *testing.T) {
	t.Parallel()
	dsn := testdb.PgBouncer(t, testdb.Postgres(t), map[string]string{"default_pool_size": "1"})
	first, second := connectPooled(t, dsn), connectPooled(t, dsn)
	run(t, first, "set work_mem = '12345kB'")
	if got := ask[string](t, second, "show work_mem"); got != "12345kB" {
		t.Errorf("work_mem of the next client is %s", got)
	}
	if first, second := ask[int](t, first, "select pg_backend_pid()"), ask[int](t, second, "select pg_backend_pid()"); first != second {
		t.Errorf("two clients have sessions %d and %d of a pool of one", first, second)
	}
	if pid := ask[uint32](t, first, "select pg_backend_pid()"); pid == first.PgConn().PID() {
		t.Error("the pooler passes the server's process id on")
	}
}

func connectPooled(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestPgBouncerLeavesNothing(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("test with a pooler", func(t *testing.T) {
		dsn = testdb.PgBouncer(t, testdb.Postgres(t), nil)
		if got := ask[int](t, connectPooled(t, dsn), "select 1"); got != 1 {
			t.Errorf("select 1 = %d", got)
		}
	})
	if _, err := pgx.Connect(t.Context(), dsn); err == nil {
		t.Error("the pooler still runs")
	}
}
