package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID is in the header of every database of ours: "Ratn". The first
// migration writes it.
const applicationID = 0x5261746e

// Migrate brings the schema of a database file up to date, and returns the versions
// before and after. It creates a file that doesn't exist. Each migration is one
// transaction. A newer schema that suits this release stays as it is. Its errors are
// those of [Open].
func Migrate(ctx context.Context, config Config) (from, to int64, err error) {
	config.KeepSchema = false
	store, from, to, err := open(ctx, config, production)
	if err != nil {
		return from, from, err
	}
	return from, to, store.Close()
}

// refuseForeign fails, with ErrNotRation, if the file is another program's
// database. A migration that was cut short has left no table but its own.
func refuseForeign(ctx context.Context, conn *conn) error {
	id, err := conn.number(ctx, "PRAGMA application_id")
	if err != nil {
		return err
	}
	tables, err := conn.number(ctx, "SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> 'goose_db_version'")
	if err != nil {
		return err
	}
	if id != applicationID && (id != 0 || tables > 0) {
		return ErrNotRation
	}
	return nil
}

// migrate brings the schema up to date and returns the versions before and after.
func migrate(ctx context.Context, connector *connector, first *conn, config Config, migrations fs.FS) (from, to int64, err error) {
	schema, err := readSchema(ctx, first)
	if err != nil {
		return 0, 0, err
	}
	own, err := lastMigration(migrations)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the migrations: %w", err)
	}
	from = schema.Version
	if from >= own || from > 0 && config.KeepSchema {
		return from, from, checkSchema(schema, own, config.Path)
	}
	return from, own, runMigrations(ctx, connector, migrations, from, own)
}

// runMigrations runs those that are missing, each as a transaction.
func runMigrations(ctx context.Context, connector *connector, migrations fs.FS, from, to int64) (err error) {
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	scripts, err := scriptsIn(migrations)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(scripts...))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the schema from version %d to %d: %w", from, to, err)
	}
	return nil
}

// scriptsIn returns the migrations. SQLite itself runs a script's statements one by
// one: goose's own parser takes a buffer of 4 MiB for each script, and where the race
// detector empties pools, for each line.
func scriptsIn(migrations fs.FS) ([]*goose.Migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	scripts := make([]*goose.Migration, 0, len(names))
	for _, name := range names {
		version, nameErr := goose.NumericComponent(name)
		script, readErr := fs.ReadFile(migrations, name)
		if err := errors.Join(nameErr, readErr); err != nil {
			return nil, err
		}
		scripts = append(scripts, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, string(script))
			return err
		}}, nil))
	}
	return scripts, nil
}
