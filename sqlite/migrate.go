package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/ration-dev/ration/internal/admin"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID is in the header of every database of ours: "Ratn". The first
// migration writes it.
const applicationID = 0x5261746e

// SchemaError says that a database's schema doesn't fit this release.
type SchemaError struct {
	Path string
	Have int64 // version of the database; 0: empty
	Want int64 // version that this release works with
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Have == admin.UnfinishedCopy {
		return fmt.Sprintf("%q is an unfinished copy of another database: run 'ration copy' again to finish it", e.Path)
	}
	if e.Have > e.Want {
		return fmt.Sprintf("%q has schema version %d, made by a later release; this one works with version %d", e.Path, e.Have, e.Want)
	}
	return fmt.Sprintf("%q has schema version %d and this release works with version %d: it has to be migrated first", e.Path, e.Have, e.Want)
}

// Migrate brings the schema of a database file up to date, creating the file
// where there is none, and returns the versions before and after. Each
// migration is a transaction of its own. Errors are those of [Open].
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
func migrate(ctx context.Context, connector *connector, config Config, migrations fs.FS) (from, to int64, err error) {
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, 0, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the migrations: %w", err)
	}
	from, to, err = provider.GetVersions(ctx)
	switch {
	case err != nil:
		return from, to, fmt.Errorf("reading the schema's version: %w", err)
	case from > to, from < to && from > 0 && config.KeepSchema:
		return from, to, &SchemaError{Path: config.Path, Have: from, Want: to}
	case from == to:
		return from, to, nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return from, to, fmt.Errorf("migrating the schema from version %d to %d: %w", from, to, err)
	}
	return from, to, nil
}
