package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/admin"
)

// SchemaError says that the database's schema is not the one that this build
// works with.
type SchemaError struct {
	Have int64 // version of the database; 0: none
	Want int64 // version of this build
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Have == admin.UnfinishedCopy {
		return "the database is an unfinished copy of another one: run 'ration copy' again to finish it"
	}
	if e.Have < e.Want {
		return fmt.Sprintf("the database's schema has version %d and this build needs %d: migrate the database", e.Have, e.Want)
	}
	return fmt.Sprintf("the database's schema has version %d and this build knows only %d: use a newer build", e.Have, e.Want)
}

// errNoSchema is a search path without any schema that exists.
var errNoSchema = errors.New("the search path of the database's role names no schema that exists")

// migration is one step between versions of the schema.
type migration struct {
	version int64
	name    string // of its file
}

// migrationsIn returns the migrations of a build, from the first to the last.
func migrationsIn(files fs.FS) (migrations []migration, err error) {
	names, err := fs.Glob(files, "*.sql")
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, parseErr := strconv.ParseInt(number, 10, 64)
		err = errors.Join(err, parseErr)
		migrations = append(migrations, migration{version, name})
	}
	if len(migrations) == 0 {
		err = errors.Join(err, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	slices.SortFunc(migrations, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	return migrations, nil
}

// settle makes a transaction's names mean one schema and returns the search path
// that does: the first of the search path given, else of that of role and
// database, that has the tables, else the one where they are to be created.
// What the session was left with before does not matter.
func settle(ctx context.Context, tx pgx.Tx, given any) (searchPath string, err error) {
	_, err = tx.Exec(ctx, "SELECT set_config('role', NULL, true), set_config('search_path', $1, true)", given)
	if err != nil {
		return "", err
	}
	var schema *string
	err = tx.QueryRow(ctx, `
		SELECT quote_ident(coalesce(
			(SELECT name FROM unnest(current_schemas(false)) WITH ORDINALITY AS path (name, place)
			 WHERE EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			               WHERE n.nspname = path.name AND c.relname = 'key_usage')
			 ORDER BY place LIMIT 1),
			current_schema()))`).Scan(&schema)
	switch {
	case err != nil:
		return "", err
	case schema == nil:
		return "", errNoSchema
	}
	searchPath = *schema + ", pg_temp"
	_, err = tx.Exec(ctx, "SELECT set_config('search_path', $1, true)", searchPath)
	return searchPath, err
}

// readVersion returns the version of the database's schema, 0 if there is none.
func readVersion(ctx context.Context, tx pgx.Tx) (version int64, err error) {
	var exists bool
	err = tx.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&exists)
	if err == nil && exists {
		err = tx.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", err)
	}
	return version, nil
}

// findSchema refuses a database with another schema than the build's, and returns
// the search path of its transactions.
func findSchema(ctx context.Context, conn *pgx.Conn, given any, files fs.FS) (searchPath string, err error) {
	known, err := migrationsIn(files)
	if err != nil {
		return "", err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if searchPath, err = settle(ctx, tx, given); err != nil {
		return "", err
	}
	have, err := readVersion(ctx, tx)
	if err != nil {
		return "", err
	}
	if want := known[len(known)-1].version; have != want {
		return "", &SchemaError{Have: have, Want: want}
	}
	return searchPath, nil
}
