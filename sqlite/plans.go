package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreatePlan implements admin.Plans.
func (s *Store) CreatePlan(ctx context.Context, create func(*admin.PlanChange) error) (ration.Plan, error) {
	var plan ration.Plan
	err := s.write(ctx, func(ctx context.Context, tx *tx) error {
		change := admin.PlanChange{Now: tx.now}
		err := create(&change)
		if err != nil {
			return err
		}
		if err := tx.insertPlan(ctx, &change.Plan); err != nil {
			return err
		}
		if err := tx.writePlanParts(ctx, &change); err != nil {
			return err
		}
		plan, err = readPlan(ctx, tx.conn, change.Plan.Name)
		return err
	})
	if err != nil {
		return ration.Plan{}, err
	}
	return plan, nil
}

// UpdatePlan implements admin.Plans. A plan keeps its name.
func (s *Store) UpdatePlan(ctx context.Context, name string, update func(*admin.PlanChange) error) (ration.Plan, error) {
	var plan ration.Plan
	err := s.write(ctx, func(ctx context.Context, tx *tx) error {
		before, err := readPlan(ctx, tx.conn, name)
		if err != nil {
			return err
		}
		change := admin.PlanChange{Now: tx.now, Plan: before}
		unchanged := false
		switch err := update(&change); {
		case errors.Is(err, admin.ErrUnchanged):
			unchanged = true
		case err != nil:
			return err
		default:
			change.Plan.Name = name
			if err := tx.updatePlan(ctx, &change); err != nil {
				return err
			}
		}
		if plan, err = readPlan(ctx, tx.conn, name); err == nil && unchanged {
			err = errNothingToCommit
		}
		return err
	})
	if err != nil {
		return ration.Plan{}, err
	}
	return plan, nil
}

// DeletePlan implements admin.Plans.
func (s *Store) DeletePlan(ctx context.Context, name string, audit admin.AuditEntry) error {
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		deleted, err := tx.exec(ctx, "DELETE FROM plans WHERE name = ?", name)
		switch {
		case isReferred(err):
			return fmt.Errorf("plan %q still has keys: %w", name, ration.ErrConflict)
		case err != nil:
			return fmt.Errorf("deleting plan %q: %w", name, err)
		case deleted == 0:
			return fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
		}
		return tx.audit(ctx, audit)
	})
}

// Plan implements admin.Plans.
func (s *Store) Plan(ctx context.Context, name string) (plan ration.Plan, err error) {
	err = s.read(ctx, func(conn *conn) error {
		plan, err = readPlan(ctx, conn, name)
		return err
	})
	return plan, err
}

// ListPlans implements admin.Plans.
func (s *Store) ListPlans(ctx context.Context) (plans []ration.Plan, err error) {
	err = s.read(ctx, func(conn *conn) error {
		plans, err = readPlans(ctx, conn, "", nil)
		return err
	})
	return plans, err
}
