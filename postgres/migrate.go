package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/pgcommit"
	"github.com/ration-dev/ration/internal/pghosts"
)

//go:embed migrations/*.sql
var embedded embed.FS

// ownMigrations are the migrations of this build.
func ownMigrations() fs.FS {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(err) // the name is not a path
	}
	return files
}

// MigrationError says that the schema could not be brought up to date. The schema is
// complete, in some version: a migration that failed has changed nothing.
type MigrationError struct {
	Err error
}

// Error implements error.
func (e *MigrationError) Error() string { return e.Err.Error() }

// Unwrap returns the cause, for errors.Is and errors.As.
func (e *MigrationError) Unwrap() error { return e.Err }

const (
	// migrationLock is the advisory lock of whoever migrates: "ration" in ASCII.
	migrationLock = 0x726174696f6e
	// defaultMigrationWait is how long one instance waits for another that migrates.
	defaultMigrationWait = time.Minute
	// tableWait is how long a migration waits for a table, less than a charge waits for
	// its key: all that come after one who waits for a table queue behind it.
	tableWait = 200 * time.Millisecond
	// tablePause is about how long it gives way then.
	tablePause = time.Second
)

// Migrate brings the database's schema up to date, and returns the versions before
// and after. Each migration is one transaction, which also takes the lock against
// other instances, makes its settings and records the version. So it works through a
// pooler, and leaves nothing behind if its process is killed. Any number of instances
// may call Migrate at once: one migrates, and the others wait for it, for at most a
// minute. A newer schema that suits this build stays as it is. Errors are those of
// [Open], and [MigrationError].
func Migrate(ctx context.Context, config Config) (from, to int64, err error) {
	config = config.withDefaults()
	servers := &pghosts.Hosts{Primary: true}
	parsed, err := parsePoolConfig(config, servers, &lineage{log: config.Logger})
	if err != nil {
		return 0, 0, err
	}
	m := migrator{config: config, searchPath: takeSearchPath(parsed.ConnConfig)}
	if m.migrations, err = migrationsIn(config.migrations); err != nil {
		return 0, 0, err
	}
	if m.conn, err = servers.Connect(ctx, parsed.ConnConfig); err != nil {
		return 0, 0, fmt.Errorf("connecting to the database: %w", unavailable(err))
	}
	defer m.conn.Close(context.WithoutCancel(ctx))
	if err := checkServer(ctx, m.conn, config.AcceptUnsafeDurability); err != nil {
		return 0, 0, unavailable(err)
	}
	return m.run(ctx)
}

// errTableInUse says that a transaction, perhaps a long report, kept a migration
// from a table.
var errTableInUse = errors.New("a table is in use by a transaction that does not end")

type migrator struct {
	config     Config
	conn       *pgx.Conn
	searchPath any
	migrations []migration
}

// run runs the migrations that are missing.
func (m *migrator) run(ctx context.Context) (from, to int64, err error) {
	deadline := time.Now().Add(m.config.migrationWait)
	for first := true; ; first = false {
		have, want, err := m.step(ctx)
		if first {
			from = have
		}
		switch {
		case errors.Is(err, errTableInUse) && time.Now().Before(deadline) && sleep(ctx, tablePause):
			continue
		case errors.As(err, new(*SchemaError)), errors.As(err, new(*MigrationError)):
			return from, have, err
		case err != nil:
			return from, have, fmt.Errorf("migrating the schema: %w", unavailable(err))
		case have == want:
			return from, have, nil
		}
	}
}

// step runs the next migration, if one is missing. It returns the version found
// and the one that it brought about.
func (m *migrator) step(ctx context.Context) (have, now int64, err error) {
	begun, err := m.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return 0, 0, err
	}
	defer begun.Rollback(context.WithoutCancel(ctx))
	t := tx{begun}
	if err := m.prepare(ctx, t); err != nil {
		return 0, 0, err
	}
	schema, err := readSchema(ctx, t)
	if err != nil {
		return 0, 0, err
	}
	have = schema.Version
	next, err := m.after(schema)
	if next == nil || err != nil {
		return have, have, err
	}
	err = m.apply(ctx, t, *next)
	if err == nil {
		err = t.commit(ctx)
	}
	switch {
	case sqlState(err) == stateReadOnly:
		return have, have, err
	case err != nil:
		return have, have, &MigrationError{fmt.Errorf("migrating the schema from version %d to %d: %w", have, next.version, err)}
	}
	return have, next.version, nil
}

// after returns the migration that a schema needs next, or nil if there is none.
func (m *migrator) after(schema admin.Schema) (*migration, error) {
	for i := range m.migrations {
		if m.migrations[i].version > schema.Version {
			return &m.migrations[i], nil
		}
	}
	return nil, checkSchema(schema, lastOf(m.migrations))
}

// prepare takes the lock, which ends with the transaction.
func (m *migrator) prepare(ctx context.Context, t tx) error {
	if _, err := t.Exec(ctx, "SELECT "+pgcommit.Settings); err != nil { // first: what follows may fail
		return err
	}
	if err := t.watchClient(ctx); err != nil {
		return err
	}
	wait := m.config.migrationWait
	_, err := t.Exec(ctx, `
		SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true),
		       set_config('idle_in_transaction_session_timeout', '0', true)`,
		milliseconds(wait))
	if err == nil {
		_, err = t.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock))
	}
	if sqlState(err) == stateLockTimeout {
		return &MigrationError{fmt.Errorf("waiting to migrate the schema: another instance has been migrating it for %s; check that instance, then try again: %w", wait, err)}
	}
	if err == nil {
		_, err = t.Exec(ctx, "SELECT set_config('lock_timeout', $1, true)", milliseconds(tableWait))
	}
	if err == nil {
		_, err = settle(ctx, t, m.searchPath)
	}
	return err
}

// watchClient lets the server notice that this process was killed, even while it
// waits for a lock. A server on a system that can't tell refuses the setting.
func (t tx) watchClient(ctx context.Context) error {
	attempt, err := t.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := attempt.Exec(ctx, "SET LOCAL client_connection_check_interval = '1s'"); err != nil {
		return attempt.Rollback(ctx)
	}
	return attempt.Commit(ctx)
}

// apply runs a migration and notes its version, in the table where goose would.
func (m *migrator) apply(ctx context.Context, t tx, next migration) error {
	script, err := fs.ReadFile(m.config.migrations, next.name)
	if err != nil {
		return err
	}
	up, _, _ := strings.Cut(string(script), "-- +goose Down")
	// A script of many statements can only be sent as text; it holds no parameter.
	err = t.Conn().PgConn().Exec(ctx, createVersions+up).Close()
	if sqlState(err) == stateLockTimeout {
		err = fmt.Errorf("%w: %w", errTableInUse, err)
	}
	if err != nil {
		return fmt.Errorf("running %s: %w", next.name, err)
	}
	_, err = t.Exec(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)", next.version)
	return err
}

const createVersions = `
CREATE TABLE IF NOT EXISTS goose_db_version (
    id         integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp     timestamp NOT NULL DEFAULT now()
);
`
