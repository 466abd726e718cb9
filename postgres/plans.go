package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreatePlan implements admin.Plans.
func (s *Store) CreatePlan(ctx context.Context, create func(*admin.PlanChange) error) (plan ration.Plan, err error) {
	err = s.write(ctx, "creating a plan", func(ctx context.Context, t tx) error {
		var change admin.PlanChange
		if change.Now, err = t.now(ctx); err != nil {
			return err
		}
		if err := create(&change); err != nil {
			return err
		}
		if err := t.insertPlan(ctx, &change.Plan); err != nil {
			return err
		}
		if err := t.writePlanParts(ctx, &change); err != nil {
			return err
		}
		plan, err = readPlan(ctx, t, change.Plan.Name)
		return err
	})
	if err != nil {
		return ration.Plan{}, err
	}
	return plan, nil
}

// UpdatePlan implements admin.Plans. A plan keeps its name.
func (s *Store) UpdatePlan(ctx context.Context, name string, update func(*admin.PlanChange) error) (plan ration.Plan, err error) {
	err = s.write(ctx, "changing a plan", func(ctx context.Context, t tx) error {
		if err := t.lockPlan(ctx, name); err != nil {
			return err
		}
		var change admin.PlanChange
		if change.Now, err = t.now(ctx); err != nil {
			return err
		}
		if plan, err = readPlan(ctx, t, name); err != nil {
			return err
		}
		change.Plan = plan
		change.Plan.Limits = slices.Clone(plan.Limits)
		if err := update(&change); err != nil {
			return err // with admin.ErrUnchanged plan is the answer
		}
		change.Plan.Name = name
		if err := t.updatePlan(ctx, &change); err != nil {
			return err
		}
		plan, err = readPlan(ctx, t, name)
		return err
	})
	if err != nil {
		return ration.Plan{}, err
	}
	return plan, nil
}

// DeletePlan implements admin.Plans.
func (s *Store) DeletePlan(ctx context.Context, name string, audit admin.AuditEntry) error {
	return s.write(ctx, "deleting a plan", func(ctx context.Context, t tx) error {
		deleted, err := t.exec(ctx, "DELETE FROM plans WHERE name = $1", name)
		switch {
		case sqlState(err) == stateForeignKey:
			return fmt.Errorf("plan %q still has keys: %w", name, ration.ErrConflict)
		case err != nil:
			return err
		case deleted == 0:
			return fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
		}
		now, err := t.now(ctx)
		if err != nil {
			return err
		}
		return t.audit(ctx, audit, now)
	})
}

// Plan implements admin.Plans.
func (s *Store) Plan(ctx context.Context, name string) (plan ration.Plan, err error) {
	err = s.read(ctx, "reading a plan", func(ctx context.Context, q querier) error {
		plan, err = readPlan(ctx, q, name)
		return err
	})
	return plan, err
}

// ListPlans implements admin.Plans.
func (s *Store) ListPlans(ctx context.Context) (plans []ration.Plan, err error) {
	err = s.read(ctx, "listing plans", func(ctx context.Context, q querier) error {
		plans, err = readPlans(ctx, q, condition{})
		return err
	})
	return plans, err
}
