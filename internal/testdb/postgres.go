package testdb

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
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
	name, dsn := createDatabase(tb, s.url, template)
	tb.Cleanup(func() { dropDatabase(tb, s.url, name) })
	return dsn
}

// server is where Postgres creates databases. It keeps the private cluster, if
// there is one, reachable: a collected pipe would call its watchdog.
type server struct {
	url     string
	private *Cluster
}

var sharedServer = sync.OnceValues(func() (server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	if given := os.Getenv(URLVariable); given != "" {
		return server{url: given}, checkServer(ctx, given)
	}
	cluster, err := NewCluster(ctx, nil)
	if err != nil {
		return server{}, err
	}
	return server{url: cluster.DSN(), private: cluster}, nil
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

// emptyTemplate is what an empty database is a copy of: nothing that a person left in
// template1 may reach a test.
const emptyTemplate = "template0"

// createDatabase creates a database for one test as a copy of another.
func createDatabase(tb testing.TB, serverURL, template string) (name, dsn string) {
	tb.Helper()
	name = databaseName(tb.Name())
	dsn, err := withDatabase(serverURL, name)
	if err != nil {
		tb.Fatal(err)
	}
	if err := execute(serverURL, "create database "+name+" template "+template); err != nil {
		tb.Fatal(err)
	}
	return name, dsn
}

// dropDatabase drops by force: a test may have left connections open.
func dropDatabase(tb testing.TB, serverURL, name string) {
	tb.Helper()
	if err := execute(serverURL, dropping(name)); err != nil {
		tb.Error(err)
	}
}

func dropping(name string) string {
	return "drop database if exists " + name + " with (force)"
}

// execute runs one statement on a connection of its own: one that stayed open
// would be a leak to the tests that look for leaks.
func execute(serverURL, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	conn, err := connect(ctx, serverURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("running %q: %w", statement, err)
	}
	return nil
}

func connect(ctx context.Context, serverURL string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		return nil, fmt.Errorf("connecting to the test server: %w", err)
	}
	return conn, nil
}

// databaseName makes a readable name of a test's, short enough for PostgreSQL's
// 63 bytes and never the same twice.
func databaseName(test string) string {
	letters := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, strings.ToLower(test))
	return "t_" + letters[:min(len(letters), 30)] + "_" + strings.ToLower(rand.Text())
}

// withDatabase changes the database of a URL. Its error leaves out the URL,
// which holds a password.
func withDatabase(serverURL, name string) (string, error) {
	parsed, err := url.Parse(serverURL)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return "", fmt.Errorf("%s is not a postgres:// URL", URLVariable)
	}
	parsed.Path = "/" + name
	return parsed.String(), nil
}
