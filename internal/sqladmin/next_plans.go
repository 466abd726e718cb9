package sqladmin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// nextPlanGrace is how long ago a key's next plan must have begun before it is written
// into the key: then a clock that is ahead for a moment does nothing that stays.
const nextPlanGrace = 15 * time.Minute

// nextPlansDue are found by the index api_key_limits_starts.
const nextPlansDue = "SELECT api_key_id FROM api_key_limits WHERE starts_at <= ? AND period = '" + string(ledger.NextPlanPeriod) + "' ORDER BY starts_at LIMIT ?"

// GiveNextPlans implements admin.Keys. Decisions see no difference; what lists keys by
// their plans does.
func (s *Store) GiveNextPlans(ctx context.Context) (given int, err error) {
	var due []ration.KeyID
	err = s.db.Read(ctx, "looking for keys with another plan", func(ctx context.Context, r Reader) error {
		due = nil
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		return r.Query(ctx, nextPlansDue, func(row Row) { due = append(due, row.ID()) }, now.Add(-nextPlanGrace), Limit(admin.MaxKeysAtOnce))
	})
	if err != nil || len(due) == 0 {
		return 0, err
	}
	_, err = s.UpdateKeys(ctx, due, admin.GiveNextPlan)
	return len(due), err
}
