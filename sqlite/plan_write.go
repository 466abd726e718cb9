package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (tx *tx) insertPlan(ctx context.Context, plan *ration.Plan) error {
	err := tx.execOne(ctx, "INSERT INTO plans (name, time_zone, unlimited, created_at, updated_at) VALUES (?,?,?,?,?)",
		plan.Name, plan.TimeZone, flag(plan.Unlimited), micros(plan.CreatedAt), micros(plan.UpdatedAt))
	switch {
	case isTaken(err):
		return fmt.Errorf("plan %q: %w", plan.Name, ration.ErrExists)
	case err != nil:
		return fmt.Errorf("writing plan %q: %w", plan.Name, err)
	}
	return nil
}

func (tx *tx) updatePlan(ctx context.Context, change *admin.PlanChange) error {
	plan := &change.Plan
	err := tx.execOne(ctx, "UPDATE plans SET time_zone = ?, unlimited = ?, updated_at = ? WHERE name = ?",
		plan.TimeZone, flag(plan.Unlimited), micros(plan.UpdatedAt), plan.Name)
	if err != nil {
		return fmt.Errorf("writing plan %q: %w", plan.Name, err)
	}
	if _, err := tx.exec(ctx, "DELETE FROM plan_limits WHERE plan = ?", plan.Name); err != nil {
		return fmt.Errorf("writing plan %q: %w", plan.Name, err)
	}
	return tx.writePlanParts(ctx, change)
}

// writePlanParts writes the limits and the audit entry of a change.
func (tx *tx) writePlanParts(ctx context.Context, change *admin.PlanChange) error {
	for _, limit := range change.Plan.Limits {
		err := tx.execOne(ctx, "INSERT INTO plan_limits (plan, meter, kind, period, name, quantity, burst) VALUES (?,?,?,?,?,?,?)",
			change.Plan.Name, limit.Meter, string(limit.Kind), string(limit.Period), limit.Name, limit.Quantity, limit.Burst)
		switch {
		case isTaken(err):
			return fmt.Errorf("plan %q has two limits for one meter, kind and period: %w", change.Plan.Name, ration.ErrExists)
		case err != nil:
			return fmt.Errorf("writing limit %s of plan %q: %w", limit.Name, change.Plan.Name, err)
		}
	}
	return tx.audit(ctx, change.Audit)
}
