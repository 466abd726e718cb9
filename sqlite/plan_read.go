package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// readPlan returns a plan, or ration.ErrNotFound.
func readPlan(ctx context.Context, conn *conn, name string) (ration.Plan, error) {
	plans, err := readPlans(ctx, conn, " WHERE p.name = ?", []any{name})
	switch {
	case err != nil:
		return ration.Plan{}, err
	case len(plans) == 0:
		return ration.Plan{}, fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
	}
	return plans[0], nil
}

// readPlans returns plans by name, their limits as Plan.Normalize sorts them. By
// the primary keys of plans and plan_limits.
func readPlans(ctx context.Context, conn *conn, where string, values []any) (plans []ration.Plan, err error) {
	query := "SELECT " + planColumns + " FROM plans p LEFT JOIN plan_limits l ON l.plan = p.name" + where + " ORDER BY p.name"
	err = conn.query(ctx, query, values, func(r *row) error {
		if name := r.text(0); len(plans) == 0 || plans[len(plans)-1].Name != name {
			plans = append(plans, ration.Plan{})
		}
		last := &plans[len(plans)-1]
		*last = r.plan(*last)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading plans: %w", err)
	}
	for i := range plans {
		plans[i].Limits = ledger.EffectiveLimits(plans[i].Limits, nil, time.Time{}) // sorts
	}
	return plans, nil
}
