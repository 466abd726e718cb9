package testdb

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// URLVariable names the environment variable with the postgres:// URL of the
// server to create databases in; its user must be allowed to.
const URLVariable = "RATION_TEST_POSTGRES_URL"

// serverTimeout bounds the start of the shared cluster and each statement on it.
const serverTimeout = 2 * time.Minute

// Postgres returns the DSN of a fresh, empty database, dropped when the test
// ends. Tests that use it may run in parallel: none sees another's database.
func Postgres(tb testing.TB) string {
	tb.Helper()
	server, err := sharedServer()
	if err != nil {
		tb.Fatal(err)
	}
	return server.database(tb, emptyTemplate)
}

// database creates a database for one test.
func (s server) database(tb testing.TB, template string) (dsn string) {
	tb.Helper()
	name, dsn := createDatabase(tb, s.session, template)
	tb.Cleanup(func() { dropDatabase(tb, s.session, name) })
	return dsn
}

// server is where Postgres creates databases. It keeps the private cluster, if
// there is one, reachable: a collected pipe would call its watchdog.
type server struct {
	*session
	private *Cluster
}

var sharedServer = sync.OnceValues(func() (server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	if given := os.Getenv(URLVariable); given != "" {
		return server{session: &session{url: given}}, checkServer(ctx, given)
	}
	cluster, err := NewCluster(ctx, nil)
	if err != nil {
		return server{}, err
	}
	return server{session: &session{url: cluster.DSN()}, private: cluster}, nil
})

// checkServer refuses a server on which tests of durability would mean nothing.
func checkServer(ctx context.Context, serverURL string) error {
	conn, err := connect(ctx, serverURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var version int
	var unsafe []string
	err = conn.QueryRow(ctx, `
		select current_setting('server_version_num')::int / 10000,
		       array(select name || ' = ' || setting from pg_settings
		             where name in ('fsync', 'full_page_writes', 'synchronous_commit')
		               and setting = 'off' order by name)`).Scan(&version, &unsafe)
	switch {
	case err != nil:
		return fmt.Errorf("reading the settings of the server in %s: %w", URLVariable, err)
	case version < minVersion:
		return fmt.Errorf("the server in %s is PostgreSQL %d; tests need %d or later", URLVariable, version, minVersion)
	case len(unsafe) > 0:
		return fmt.Errorf("the server in %s is not durable, so tests of what survives mean nothing: %s",
			URLVariable, strings.Join(unsafe, ", "))
	}
	return nil
}
