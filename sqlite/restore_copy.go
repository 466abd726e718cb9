package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// copyFile copies a file beside the name that the copy is to get, readable by its
// owner alone, flushes it and returns its name for the time being.
func copyFile(from, to string, owner owner) (partial string, err error) {
	source, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer func() { _ = source.Close() }()
	target, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.partial")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, owner.give(target), target.Sync(), target.Close()); err != nil {
		return "", errors.Join(err, os.Remove(target.Name()))
	}
	return target.Name(), nil
}

// checkBackup checks a copy of a backup as backups are checked when they are
// made, and that this release can work with it.
func checkBackup(ctx context.Context, path, backup string) error {
	err := onFile(ctx, path, "ro&immutable=1", func(copied *conn) error {
		if err := refuseNotOurs(ctx, copied); err != nil {
			return err
		}
		if err := check(ctx, copied); err != nil {
			return err
		}
		return refuseUnknown(ctx, copied, backup)
	})
	if err != nil {
		return fmt.Errorf("checking %q: %w", backup, explainDamage(err))
	}
	return nil
}

// refuseNotOurs also refuses an empty database, which is no backup of one.
func refuseNotOurs(ctx context.Context, conn *conn) error {
	id, err := conn.number(ctx, "PRAGMA application_id")
	if err != nil || id == applicationID {
		return err
	}
	return ErrNotRation
}

// refuseUnknown accepts older schemas, which are migrated when they are opened, and
// newer ones that suit this release.
func refuseUnknown(ctx context.Context, conn *conn, path string) error {
	schema, err := readSchema(ctx, conn)
	if err != nil {
		return err
	}
	if own := SchemaVersion(); schema.Version > own {
		return checkSchema(schema, own, path)
	}
	return nil
}
