package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
)

// Ready begins a transaction, for which it waits for the writer's turn. After a
// failed commit, as on a full disk, it also writes a page and flushes it. So a server
// that gets no charges any more finds out when the disk works again. While the clock
// is suspect, its error is [ration.ErrClockSuspect].
func (s *Store) Ready(ctx context.Context) error {
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
