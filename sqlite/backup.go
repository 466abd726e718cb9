package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a copy of the database, as it is at one instant, to a new file
// that its owner alone can read, and flushes it. Charges and changes go on
// meanwhile. The copy can be opened like any database; it comes into being under
// its name only when it is whole. Error: fs.ErrExist if there is such a file.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.usable(); err != nil {
		return err
	}
	absolute, err := filepath.Abs(path) // SQLite would take "file:" for a URI
	if err == nil {
		err = s.backUp(ctx, absolute)
	}
	if err != nil {
		return fmt.Errorf("backing up %q to %q: %w", s.path, path, err)
	}
	return nil
}

func (s *Store) backUp(ctx context.Context, path string) (err error) {
	whole, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // takes the name
	if err != nil {
		return err
	}
	partial := path + ".partial"
	defer func() {
		if err != nil {
			_ = os.Remove(partial)
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := whole.Close(); err != nil {
		return err
	}
	if err := s.copyTo(ctx, partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return flushDirectory(filepath.Dir(path))
}

// copyTo has a connection of its own, so that a long copy takes none from the
// reads of charges.
func (s *Store) copyTo(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	connector, err := newConnector(s.path, "ro", common)
	if err != nil {
		return err
	}
	source, err := connector.open(ctx)
	if err != nil {
		return err
	}
	_, err = source.exec(ctx, "VACUUM INTO ?", path)
	// SQLite leaves flushing the copy to us.
	return errors.Join(err, source.close(), file.Sync())
}
