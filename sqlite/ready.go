package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/ration-dev/ration"
)

// Ready begins a transaction, which needs the writer's turn. After a commit
// that failed, as on a full disk, it also writes a page and flushes it, so that
// a server that nobody asks for charges any more finds out that it works again.
// Where the path no longer leads to the file that was opened, what is charged
// would be lost with the process, and Ready says so. While the clock is suspect
// its error is ration.ErrClockSuspect.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.checkFile(); err != nil {
		return err
	}
	if step := s.clock.step(); step != 0 {
		return fmt.Errorf("%w: it has stepped by %s; periods begin again after %s", ration.ErrClockSuspect, step.Round(time.Second), stepStands)
	}
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		if !s.failing.Load() {
			return errNothingToCommit
		}
		_, err := tx.exec(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
		return err
	})
}

// checkFile compares the file that the path leads to with the one that was
// opened, which lives on without a name after it was deleted or replaced.
func (s *Store) checkFile() error {
	file, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unavailable("checking the database file", fmt.Errorf("%q was deleted or moved while it is in use", s.path))
	case err != nil:
		return unavailable("checking the database file", err)
	case !os.SameFile(file, s.file):
		return unavailable("checking the database file", fmt.Errorf("%q was replaced by another file while it is in use", s.path))
	}
	return nil
}
