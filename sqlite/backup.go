package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes a copy of the database, as it is at one instant, to a new file that
// only its owner can read. It checks the copy and flushes it to disk. Charges and
// changes go on meanwhile. The copy can be opened like any database. It gets its name
// only when it is complete and sound. After a crash, a file may be left whose name
// begins with the copy's and ends in ".partial". Errors: fs.ErrExist if the path is
// taken; [ErrDamaged] if the database is damaged.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.usable(); err != nil {
		return err
	}
	absolute, err := filepath.Abs(path) // SQLite would take "file:" for a URI
	if err == nil {
		err = writeBackup(ctx, absolute, s.copyTo)
	}
	if err != nil {
		return fmt.Errorf("backing up %q to %q: %w", s.path, path, err)
	}
	return nil
}

// writeBackup makes the copy under another name, checks it and gives it its name.
func writeBackup(ctx context.Context, path string, copyTo func(context.Context, string) error) (err error) {
	if _, err := os.Lstat(path); err == nil { // publish finds it too, after the work
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(partial.Name())) }()
	if err := errors.Join(copyTo(ctx, partial.Name()), partial.Sync(), partial.Close()); err != nil {
		return err
	}
	if err := checkCopy(ctx, partial.Name()); err != nil {
		return err
	}
	return publish(partial.Name(), path)
}

// copyTo fills an empty file. It has a connection of its own, so that a long copy
// takes none from the reads of charges. SQLite leaves flushing the copy to us.
func (s *Store) copyTo(ctx context.Context, path string) error {
	return onFile(ctx, s.path, "ro", func(source *conn) error {
		_, err := source.exec(ctx, "VACUUM INTO ?", path)
		return explainDamage(err)
	})
}

// checkCopy leaves no files of a log beside the copy, which nobody else has open.
func checkCopy(ctx context.Context, path string) error {
	return onFile(ctx, path, "ro&immutable=1", func(copied *conn) error { return check(ctx, copied) })
}

// onFile reads a file over a connection of its own.
func onFile(ctx context.Context, path, mode string, do func(*conn) error) error {
	connector, err := newConnector(path, mode, common)
	if err != nil {
		return err
	}
	conn, err := connector.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.close())
}

// publish gives a file a second name, and never one that is taken: a rename would
// replace what has it.
func publish(file, name string) error {
	if err := os.Link(file, name); err != nil {
		return err
	}
	return flushDirectory(filepath.Dir(name))
}
