package postgres

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// lockPlan takes turns with others that change the plan. Charges don't wait for
// it: they read what is committed.
func (t tx) lockPlan(ctx context.Context, name string) error {
	found := false
	err := query(ctx, t, "SELECT name FROM plans WHERE name = $1 FOR NO KEY UPDATE", func(*row) { found = true }, name)
	if err == nil && !found {
		return fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
	}
	return err
}

func (t tx) insertPlan(ctx context.Context, plan *ration.Plan) error {
	err := t.execOne(ctx, "INSERT INTO plans (name, time_zone, unlimited, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
		plan.Name, plan.TimeZone, plan.Unlimited, plan.CreatedAt, plan.UpdatedAt)
	if sqlState(err) == stateUnique {
		return fmt.Errorf("plan %q: %w", plan.Name, ration.ErrExists)
	}
	return err
}

func (t tx) updatePlan(ctx context.Context, change *admin.PlanChange) error {
	plan := &change.Plan
	err := t.execOne(ctx, "UPDATE plans SET time_zone = $2, unlimited = $3, updated_at = $4 WHERE name = $1",
		plan.Name, plan.TimeZone, plan.Unlimited, plan.UpdatedAt)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "DELETE FROM plan_limits WHERE plan = $1", plan.Name); err != nil {
		return err
	}
	return t.writePlanParts(ctx, change)
}

// writePlanParts writes the limits and the audit entry of a change.
func (t tx) writePlanParts(ctx context.Context, change *admin.PlanChange) error {
	for _, limit := range change.Plan.Limits {
		err := t.execOne(ctx, "INSERT INTO plan_limits (plan, meter, kind, period, name, quantity, burst) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			change.Plan.Name, limit.Meter, string(limit.Kind), string(limit.Period), limit.Name, limit.Quantity, limit.Burst)
		switch {
		case sqlState(err) == stateUnique:
			return fmt.Errorf("plan %q has two limits for one meter, kind and period: %w", change.Plan.Name, ration.ErrExists)
		case err != nil:
			return err
		}
	}
	return t.audit(ctx, change.Audit, change.Now)
}
