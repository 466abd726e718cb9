package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/ration-dev/ration/internal/admin"
)

// SchemaError says that this release can't run on a database's schema.
type SchemaError struct {
	Path  string
	Have  int64 // version of the database; 0: empty
	Want  int64 // version of this release
	Least int64 // the least version that a release must know, according to the database; 0: it doesn't say
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Have == admin.UnfinishedCopy {
		return fmt.Sprintf("%q is an unfinished copy of another database: run 'ration copy' again to finish it", e.Path)
	}
	if e.Have > e.Want && e.Least > 0 {
		return fmt.Sprintf("%q has schema version %d, made by a later release for releases that know version %d or later; this one knows only version %d: use a newer release", e.Path, e.Have, e.Least, e.Want)
	}
	if e.Have > e.Want {
		return fmt.Sprintf("%q has schema version %d, made by a later release; this one works with version %d: use a newer release", e.Path, e.Have, e.Want)
	}
	return fmt.Sprintf("%q has schema version %d and this release works with version %d: migrate it first", e.Path, e.Have, e.Want)
}

// SchemaVersion returns the version of the schema that this release creates.
func SchemaVersion() int64 {
	version, err := lastMigration(migrations)
	if err != nil {
		panic(err) // a file of ours has no number
	}
	return version
}

// readSchema returns what the database says of its schema, zeros if it has none.
func readSchema(ctx context.Context, conn *conn) (schema admin.Schema, err error) {
	for _, mark := range []struct {
		exists, value string
		to            *int64
	}{
		{
			"SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'",
			"SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", &schema.Version,
		},
		{
			"SELECT count(*) FROM sqlite_schema WHERE name = 'schema_compatibility'",
			"SELECT coalesce(max(least_version), 0) FROM schema_compatibility", &schema.Least,
		},
	} {
		exists, err := conn.number(ctx, mark.exists)
		if err == nil && exists > 0 {
			*mark.to, err = conn.number(ctx, mark.value)
		}
		if err != nil {
			return schema, fmt.Errorf("reading the schema's version: %w", err)
		}
	}
	return schema, nil
}

// checkSchema refuses, with a SchemaError, a schema that does not suit the release.
func checkSchema(schema admin.Schema, own int64, path string) error {
	if schema.Suits(own) {
		return nil
	}
	return &SchemaError{Path: path, Have: schema.Version, Want: own, Least: schema.Least}
}

// lastMigration returns the version of the schema that migrations make.
func lastMigration(migrations fs.FS) (version int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		number, nameErr := goose.NumericComponent(name)
		version, err = max(version, number), errors.Join(err, nameErr)
	}
	return version, err
}
