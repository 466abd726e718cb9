package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ration-dev/ration"
)

const (
	purgeEvery = time.Minute
	// purgeAtOnce bounds how long charges wait for a purge.
	purgeAtOnce = 500
)

// purges delete what is kept no longer, by the index of its time. A day of the
// history is never touched.
var purges = []struct {
	what, find, remove string
	after              time.Duration
}{
	{
		"ended reservations",
		"SELECT count(*) FROM (SELECT 1 FROM reservations WHERE ended_at IS NOT NULL AND ended_at < ? LIMIT 1)",
		`DELETE FROM reservations WHERE (api_key_id, id) IN (
			SELECT api_key_id, id FROM reservations WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)`,
		ration.ReservationRetention,
	},
	{
		"idempotency keys",
		"SELECT count(*) FROM (SELECT 1 FROM idempotency_keys WHERE created_at < ? LIMIT 1)",
		`DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (
			SELECT api_key_id, key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)`,
		ration.IdempotencyRetention,
	},
}

// purgeRegularly purges until the store closes.
func (s *Store) purgeRegularly() {
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := s.purge(context.Background()); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				slog.Warn("deleting what is kept no longer", "error", err)
			}
		case <-s.closing:
			return
		}
	}
}

// purge deletes all that is kept no longer, a part at a time. While the clock is
// in doubt it deletes nothing.
func (s *Store) purge(ctx context.Context) error {
	for _, purge := range purges {
		for removed := int64(purgeAtOnce); removed == purgeAtOnce; {
			before := micros(s.now().Add(-purge.after))
			found := false
			err := s.read(ctx, func(conn *conn) error {
				return conn.query(ctx, purge.find, []any{before}, func(r *row) error {
					found = r.int(0) > 0
					return nil
				})
			})
			if err != nil || !found {
				if err != nil {
					return fmt.Errorf("looking for %s: %w", purge.what, err)
				}
				break
			}
			err = s.write(ctx, func(ctx context.Context, tx *tx) (err error) {
				if tx.suspect {
					removed = 0
					return errNothingToCommit
				}
				removed, err = tx.exec(ctx, purge.remove, before, int64(purgeAtOnce))
				return err
			})
			if err != nil {
				return fmt.Errorf("deleting %s: %w", purge.what, err)
			}
		}
	}
	return nil
}
