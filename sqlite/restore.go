package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RestoreConfig says which copy [Restore] puts in the place of which database.
type RestoreConfig struct {
	// Path is the path of the database file.
	Path string
	// Backup is the path of the copy, which stays as it is.
	Backup string
	// KeepOld is the path to which a database that is at Path is moved. Empty:
	// Restore refuses to replace a database.
	KeepOld string
}

// Restore puts a copy that [Store.Backup] made in the place of a database file, and
// returns whether there was a database. It holds the file's lock meanwhile, and
// checks the copy before it changes anything. If root runs it, the new file gets the
// owner of the old database or of its directory.
//
// If Restore is interrupted by a crash or a power cut, Path holds either the old
// database or the new one, complete, and a file whose name ends in ".partial" may be
// left. One exception: if the old database is damaged, its newest changes may then be
// only at KeepOld.
//
// Errors: [LockedError] if a process of Ration has the file; fs.ErrExist if there is
// a database and KeepOld is empty, or if there is a file at KeepOld; [ErrNotRation],
// [ErrDamaged] or [SchemaError] if the copy can't be used; ErrNotRation if the file
// at Path is not a database of Ration.
func Restore(ctx context.Context, config RestoreConfig) (replaced bool, err error) {
	return restore(ctx, config, func(string) {})
}

// restore calls step after each change to the disk, with what was done.
func restore(ctx context.Context, config RestoreConfig, step func(done string)) (replaced bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("restoring %q from %q: %w", config.Path, config.Backup, err)
		}
	}()
	path, err := resolvePath(config.Path)
	if err != nil {
		return false, err
	}
	owner, err := ownerOf(path)
	if err != nil {
		return false, err
	}
	lock, err := lockFile(ctx, path, leastLockWait)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := owner.give(lock); err != nil {
		return false, err
	}
	old, err := filesOf(path)
	if err == nil && len(old) > 0 && config.KeepOld == "" {
		err = &fs.PathError{Op: "replace", Path: old[0], Err: fs.ErrExist}
	}
	if err == nil {
		err = refuseNoBackup(config.Backup, path)
	}
	if err != nil {
		return false, err
	}
	return len(old) > 0, replace(ctx, config, path, len(old) > 0, owner, step)
}

// replace puts a checked copy in the place of what there is, if there is something.
func replace(ctx context.Context, config RestoreConfig, path string, isThere bool, owner owner, step func(done string)) error {
	partial, err := copyFile(config.Backup, path, owner)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(partial) }() // which is not there once it is renamed
	if err := checkBackup(ctx, partial, config.Backup); err != nil {
		return err
	}
	step("copied")
	if isThere {
		if err := setAside(ctx, path, config.KeepOld, owner, step); err != nil {
			return err
		}
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	step("renamed")
	return flushDirectory(filepath.Dir(path))
}

// logSuffixes end the names of files that belong to the database beside them:
// SQLite would play what they hold into any database of that name.
var logSuffixes = []string{"-wal", "-journal"}

// filesOf returns the files that hold a database: none where there is none.
func filesOf(path string) (files []string, err error) {
	for _, suffix := range append([]string{""}, logSuffixes...) {
		_, err := os.Lstat(path + suffix)
		switch {
		case err == nil:
			files = append(files, path+suffix)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return files, nil
}

// refuseNoBackup refuses what can't be copied by its bytes alone.
func refuseNoBackup(backup, path string) error {
	info, err := os.Stat(backup)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a file", backup)
	}
	if old, err := os.Stat(path); err == nil && os.SameFile(old, info) {
		return fmt.Errorf("%q is the database itself", backup)
	}
	for _, suffix := range logSuffixes {
		if log, err := os.Stat(backup + suffix); err == nil && log.Size() > 0 {
			return fmt.Errorf("%q is not a backup but a database that is or was in use: its newest changes are in %q", backup, backup+suffix)
		}
	}
	return nil
}

// setAside keeps the old database, and leaves none of its logs beside the name
// that the new one gets. The old one stays at its name until it is replaced.
func setAside(ctx context.Context, path, keep string, owner owner, step func(done string)) error {
	err := settle(ctx, path)
	if err != nil && !errors.Is(err, ErrDamaged) { // a damaged one is kept as it is
		return err
	}
	step("settled")
	old, err := filesOf(path)
	if err != nil {
		return err
	}
	for i := len(old) - 1; i >= 0; i-- { // the log first: a database without it is not whole
		if err := keepFile(old[i], keep+old[i][len(path):], owner); err != nil {
			return err
		}
		step("kept " + old[i][len(path):])
	}
	for _, suffix := range append([]string{"-shm"}, logSuffixes...) {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	step("logs removed")
	return flushDirectory(filepath.Dir(path)) // else a power cut could undo the removal and not the renaming
}

// settle writes a database's log into it and ends the log, which SQLite does only
// if nobody else has the file open.
func settle(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil // only its log was left
	}
	err := onFile(ctx, path, "rw", func(old *conn) error {
		if err := refuseForeign(ctx, old); err != nil {
			return err
		}
		_, err := old.exec(ctx, "PRAGMA journal_mode = DELETE")
		return err
	})
	switch err = explainDamage(err); {
	case isBusy(err):
		return fmt.Errorf("another program has %q open: %w", path, err)
	case errors.Is(err, ErrNotRation):
		return fmt.Errorf("%q was not replaced; move it away yourself if you want to replace it: %w", path, err)
	}
	return err
}

func keepFile(path, keep string, owner owner) (err error) {
	partial, err := copyFile(path, keep, owner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(partial)) }()
	return publish(partial, keep)
}
