package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// readPlan returns a plan, or ration.ErrNotFound.
func readPlan(ctx context.Context, q querier, name string) (ration.Plan, error) {
	var where condition
	where.and("p.name =", name)
	plans, err := readPlans(ctx, q, where)
	switch {
	case err != nil:
		return ration.Plan{}, err
	case len(plans) == 0:
		return ration.Plan{}, fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
	}
	return plans[0], nil
}

// readPlans returns plans by name, their limits as Plan.Normalize sorts them.
// The order is that of bytes, whatever the database's collation. The primary
// keys of plans and plan_limits serve it.
func readPlans(ctx context.Context, q querier, where condition) (plans []ration.Plan, err error) {
	sql := `SELECT p.name, p.time_zone, p.created_at, p.updated_at, p.unlimited, l.meter, l.kind, l.period, l.name, l.quantity, l.burst
		FROM plans p LEFT JOIN plan_limits l ON l.plan = p.name` + where.sql() + ` ORDER BY p.name COLLATE "C"`
	err = query(ctx, q, sql, func(r *row) {
		plan := ration.Plan{Name: r.text(), TimeZone: r.text(), CreatedAt: r.time(), UpdatedAt: r.time(), Unlimited: r.bool()}
		if len(plans) == 0 || plans[len(plans)-1].Name != plan.Name {
			plans = append(plans, plan)
		}
		if limit := r.limit(); limit.Meter != "" {
			last := &plans[len(plans)-1]
			last.Limits = append(last.Limits, limit)
		}
	}, where.values...)
	for i := range plans {
		plans[i].Limits = ledger.EffectiveLimits(plans[i].Limits, nil, time.Time{}) // sorts
	}
	return plans, err
}
