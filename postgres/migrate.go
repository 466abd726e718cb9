package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SchemaError says that the database's schema is not the one that this build
// works with.
type SchemaError struct {
	Have int64 // version of the database; 0: none
	Want int64 // version of this build
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Have < e.Want {
		return fmt.Sprintf("the database's schema has version %d and this build needs %d: migrate the database", e.Have, e.Want)
	}
	return fmt.Sprintf("the database's schema has version %d and this build knows only %d: use a newer build", e.Have, e.Want)
}

const (
	// migrationLock is the advisory lock of whoever migrates: "ration" in ASCII.
	migrationLock = 0x726174696f6e
	// migrationWait is how long one instance waits for another that migrates.
	migrationWait = "60s"
)

// Migrate brings the database's schema up to date and returns the versions
// before and after. Each migration is a transaction of its own. Any number of
// instances may call it at once: one migrates, the others wait for it, for at
// most a minute. Errors are those of [Open].
func Migrate(ctx context.Context, config Config) (from, to int64, err error) {
	parsed, err := parsePoolConfig(config.withDefaults())
	if err != nil {
		return 0, 0, err
	}
	conn, err := pgx.ConnectConfig(ctx, parsed.ConnConfig)
	if err != nil {
		return 0, 0, fmt.Errorf("connecting to the database: %w", unavailable(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkServer(ctx, conn, config.AcceptUnsafeDurability); err != nil {
		return 0, 0, unavailable(err)
	}
	lock, err := lockMigrations(ctx, conn)
	if err != nil {
		return 0, 0, err
	}
	defer lock.Rollback(context.WithoutCancel(ctx))
	return migrate(ctx, conn, parsed.ConnConfig)
}

// lockMigrations takes the lock in a transaction, which a pooler keeps on one
// session and which ends with this process.
func lockMigrations(ctx context.Context, conn *pgx.Conn) (pgx.Tx, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	_, err = tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', '0', true)`, migrationWait)
	if err == nil {
		_, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock))
	}
	if sqlState(err) == stateLockTimeout {
		err = fmt.Errorf("another instance has been migrating for %s: %w", migrationWait, err)
	}
	if err != nil {
		return nil, fmt.Errorf("locking the schema: %w", unavailable(err))
	}
	return tx, nil
}

// migrate runs the migrations on connections of its own, while conn holds the lock.
func migrate(ctx context.Context, conn *pgx.Conn, config *pgx.ConnConfig) (from, to int64, err error) {
	to = schemaVersion()
	if from, err = readVersion(ctx, conn); err != nil {
		return 0, 0, err
	}
	switch {
	case from > to:
		return from, from, &SchemaError{Have: from, Want: to}
	case from == to:
		return from, to, nil
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return from, from, err
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return from, from, fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return from, from, fmt.Errorf("migrating the schema from version %d to %d: %w", from, to, err)
	}
	return from, to, nil
}

// schemaVersion is the version that this build works with.
func schemaVersion() (version int64) {
	files, _ := fs.ReadDir(migrations, "migrations")
	for _, file := range files {
		if number, err := goose.NumericComponent(file.Name()); err == nil {
			version = max(version, number)
		}
	}
	return version
}

// readVersion returns the version of the database's schema, 0 if there is none.
func readVersion(ctx context.Context, conn *pgx.Conn) (version int64, err error) {
	var exists bool
	err = conn.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&exists)
	if err == nil && exists {
		err = conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", unavailable(err))
	}
	return version, nil
}

// checkSchema refuses a database with another schema than this build's.
func checkSchema(ctx context.Context, conn *pgx.Conn) error {
	have, err := readVersion(ctx, conn)
	if err != nil {
		return err
	}
	if want := schemaVersion(); have != want {
		return &SchemaError{Have: have, Want: want}
	}
	return nil
}
