package sqlite

import (
	"context"
	"fmt"
)

// Ready begins a transaction, which needs the writer's turn. After a commit
// that failed, as on a full disk, it also writes a page and flushes it, so that
// a server that nobody asks for charges any more finds out that it works again.
func (s *Store) Ready(ctx context.Context) error {
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		if !s.failing.Load() {
			return errNothingToCommit
		}
		_, err := tx.exec(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
		return err
	})
}
