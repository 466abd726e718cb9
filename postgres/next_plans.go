package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/ration-dev/ration"
)

// nextPlansEvery is the time between two looks for plans that have begun.
var nextPlansEvery = time.Minute

// giveNextPlans writes into keys the plans that they have by now, until ctx ends. Any
// number of instances may do so.
func (s *Store) giveNextPlans(ctx context.Context) {
	ticker := time.NewTicker(nextPlansEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if _, err := s.GiveNextPlans(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.config.Logger.WarnContext(ctx, "can't give keys their next plans", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
