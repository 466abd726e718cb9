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

// SchemaError says that this build can't run on the database's schema.
type SchemaError struct {
	Have  int64 // version of the database; 0: none
	Want  int64 // version of this build
	Least int64 // the least version that a build must know, according to the database; 0: it doesn't say
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Have == admin.UnfinishedCopy {
		return "the database is an unfinished copy of another one: run 'ration copy' again to finish it"
	}
	if e.Have < e.Want {
		return fmt.Sprintf("the database's schema has version %d and this build needs %d: migrate the database", e.Have, e.Want)
	}
	if e.Least > 0 {
		return fmt.Sprintf("the database's schema has version %d, for builds that know version %d or later, and this one knows only %d: use a newer build", e.Have, e.Least, e.Want)
	}
	return fmt.Sprintf("the database's schema has version %d and this build knows only %d: use a newer build", e.Have, e.Want)
}

// checkSchema refuses, with a SchemaError, a schema that does not suit the build.
func checkSchema(schema admin.Schema, own int64) error {
	if schema.Suits(own) {
		return nil
	}
	return &SchemaError{Have: schema.Version, Want: own, Least: schema.Least}
}

// errNoSchema is a search path without any schema that exists.
var errNoSchema = errors.New("the search path of the database's role names no schema that exists")

// SchemaVersion returns the version of the schema that this build creates.
func SchemaVersion() int64 {
	own, err := migrationsIn(ownMigrations())
	if err != nil {
		panic(err) // a file of ours has no number
	}
	return lastOf(own)
}

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

// lastOf returns the version that the last of a build's migrations makes.
func lastOf(migrations []migration) int64 { return migrations[len(migrations)-1].version }

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

// versionSQL and leastSQL are what a database says of its schema.
const (
	versionSQL = "(SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied)"
	leastSQL   = "(SELECT coalesce(max(least_version), 0) FROM schema_compatibility)"
)

// readSchema returns what the database says of its schema, zeros if it has none.
func readSchema(ctx context.Context, tx pgx.Tx) (schema admin.Schema, err error) {
	var versioned, marked bool
	err = tx.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL, to_regclass('schema_compatibility') IS NOT NULL").Scan(&versioned, &marked)
	if err == nil && versioned {
		err = tx.QueryRow(ctx, "SELECT "+versionSQL).Scan(&schema.Version)
	}
	if err == nil && marked {
		err = tx.QueryRow(ctx, "SELECT "+leastSQL).Scan(&schema.Least)
	}
	if err != nil {
		return admin.Schema{}, fmt.Errorf("reading the schema's version: %w", err)
	}
	return schema, nil
}

// findSchema refuses a database with a schema that does not suit the build, whose
// version is own, and returns the search path of its transactions.
func findSchema(ctx context.Context, conn *pgx.Conn, given any, own int64) (searchPath string, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if searchPath, err = settle(ctx, tx, given); err != nil {
		return "", err
	}
	schema, err := readSchema(ctx, tx)
	if err == nil {
		err = checkSchema(schema, own)
	}
	if err != nil {
		return "", err
	}
	return searchPath, nil
}
