package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/ration-dev/ration"
)

// nextPlansEvery is the time between two looks for plans that have begun.
var nextPlansEvery = time.Minute

// tendKeys writes into keys the plans that they have by now, and the words of those that
// have none, tells that keys expire soon, and deletes old requests for keys, until ctx ends. Any number of instances may do so.
func (s *Store) tendKeys(ctx context.Context) {
	ticker := time.NewTicker(nextPlansEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if _, err := s.GiveNextPlans(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.config.Logger.WarnContext(ctx, "can't give keys their next plans", "error", err)
			}
			if _, err := s.WriteKeyWords(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.config.Logger.WarnContext(ctx, "can't write the words of keys, so searching for them takes longer", "error", err)
			}
			if _, err := s.TellExpiring(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.config.Logger.WarnContext(ctx, "can't tell that keys expire soon", "error", err)
			}
			if _, err := s.DeleteKeyRequests(ctx, s.config.InstanceClock()); err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.config.Logger.WarnContext(ctx, "can't delete old requests for keys", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
