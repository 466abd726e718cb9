package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ration-dev/ration/internal/pgcommit"
	"github.com/ration-dev/ration/internal/pghosts"
	"github.com/ration-dev/ration/internal/redact"
)

var errURL = errors.New(`the database URL can't be read: write "postgres://user:password@host:5432/database", with a port from 1 to 65535, and with %40 for "@", %2F for "/", %3F for "?" and %23 for "#" in the user's name and the password`)

// parsePoolConfig reads the URL. Its error does not repeat it: pgx removes a
// password from its own only where it recognises it.
func parsePoolConfig(config Config, servers *pghosts.Hosts, line *lineage) (*pgxpool.Config, error) {
	if redact.Ambiguous(config.URL) {
		return nil, errURL
	}
	parsed, err := pgxpool.ParseConfig(config.URL)
	if file, is := errors.AsType[*fs.PathError](err); is {
		return nil, fmt.Errorf("%w: the URL or a variable of the environment, such as PGSSLROOTCERT, names it for the connection to PostgreSQL", file)
	}
	if cause := errTLS(err); cause != nil {
		return nil, fmt.Errorf("%w: look at the sslmode, sslrootcert, sslcert and sslkey of the URL, or PGSSLMODE, PGSSLROOTCERT, PGSSLCERT and PGSSLKEY", cause)
	}
	if err != nil {
		return nil, errURL
	}
	parsed.MaxConns = int32(config.ReportConns)
	parsed.MinConns, parsed.MinIdleConns = 0, 0
	parsed.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // fit does
	parsed.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) { return fit(ctx, conn, servers), nil }
	line.watch(&parsed.ConnConfig.Config)
	parsed.BeforeConnect = func(ctx context.Context, config *pgx.ConnConfig) error {
		return servers.Choose(ctx, &config.Config)
	}
	parsed.ConnConfig.OnNotice = pgcommit.NoteWarning
	// Not by names, which a pooler does not keep, and never as text (CVE-2024-27289).
	parsed.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	params := parsed.ConnConfig.RuntimeParams
	if _, named := params["application_name"]; !named {
		params["application_name"] = "ration"
	}
	params["client_encoding"] = "UTF8" // whatever the role has
	parsed.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return checkServer(ctx, conn, config.AcceptUnsafeDurability)
	}
	return parsed, nil
}

// errTLS returns what keeps a connection from being encrypted as it was asked for; nil:
// nothing, or something else. The error around it holds the URL.
func errTLS(err error) error {
	failed, is := errors.AsType[*pgconn.ParseConfigError](err)
	if !is || !strings.Contains(failed.Error(), "failed to configure TLS") {
		return nil
	}
	return errors.Unwrap(failed)
}

// fit costs a round trip more for each operation of administration, so that none
// finds only a connection that died while it idled, or leads to a silent server.
func fit(ctx context.Context, conn *pgx.Conn, servers *pghosts.Hosts) bool {
	if servers.Stale(conn.PgConn()) {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, defaultTimeouts.round)
	defer cancel()
	err := conn.Ping(bounded)
	if bounded.Err() != nil && ctx.Err() == nil {
		servers.Doubt()
	}
	return err == nil
}

// checkServer refuses a server that is too old or not durable.
func checkServer(ctx context.Context, conn *pgx.Conn, acceptUnsafe bool) error {
	ctx, cancel := context.WithTimeout(ctx, pghosts.Timeout)
	defer cancel()
	var unsafe, wrong error
	err := query(ctx, conn, serverSQL, func(r *row) {
		unsafe = r.durability()
		wrong = checkVersion(r.int32())
	})
	if err != nil {
		return fmt.Errorf("asking the database server for its settings: %w", err)
	}
	if wrong != nil || acceptUnsafe {
		return wrong
	}
	if unsafe == nil {
		unsafe = checkWarnings(ctx, conn.PgConn())
	}
	return unsafe
}

// takeSearchPath takes the search path out of what a connection sends when it
// begins, where a pooler would refuse it. NULL is what role and database have.
func takeSearchPath(config *pgx.ConnConfig) (searchPath any) {
	if given, ok := config.RuntimeParams["search_path"]; ok {
		searchPath = given
	}
	delete(config.RuntimeParams, "search_path")
	return searchPath
}

// withoutURL replaces errors that hold the URL.
func withoutURL(err error) error {
	if errors.As(err, new(*pgconn.ParseConfigError)) {
		return errURL
	}
	return err
}
