package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// CreatePlan creates a plan. Error: ErrExists.
func (s *Service) CreatePlan(ctx context.Context, actor string, plan NewPlan) (ration.Plan, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return ration.Plan{}, err
	}
	normalized, err := normalizePlan(ration.Plan{Name: plan.Name, TimeZone: plan.TimeZone, Limits: plan.Limits, Unlimited: plan.Unlimited})
	if err != nil {
		return ration.Plan{}, err
	}
	created, err := s.store.CreatePlan(ctx, func(change *PlanChange) error {
		limits, err := limitsIn(change.Units, normalized.Limits)
		if err != nil {
			return err
		}
		change.Plan, normalized.Limits = normalized, limits
		change.Plan.CreatedAt, change.Plan.UpdatedAt = change.Now, change.Now
		change.Audit, err = creationOf(by, normalized)
		return err
	})
	if errors.Is(err, ration.ErrExists) {
		return ration.Plan{}, fmt.Errorf("plan %q: %w", plan.Name, ration.ErrExists)
	}
	return created, err
}

// ListPlans returns plans by name.
func (s *Service) ListPlans(ctx context.Context, filter NameFilter) ([]ration.Plan, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	plans, err := s.store.ListPlans(ctx, filter)
	if err != nil {
		return nil, err
	}
	return s.settlePlans(ctx, plans)
}

// settlePlans settles plans by the store's time, which is read only where it matters.
func (s *Service) settlePlans(ctx context.Context, plans []ration.Plan) ([]ration.Plan, error) {
	if !slices.ContainsFunc(plans, func(p ration.Plan) bool { return len(p.Next) > 0 }) {
		return plans, nil
	}
	_, now, err := s.store.UsageOfKeys(ctx, nil) // for the time
	for i := range plans {
		plans[i] = settlePlan(plans[i], now)
	}
	return plans, err
}

// ShowPlan returns a plan. Error: ErrNotFound.
func (s *Service) ShowPlan(ctx context.Context, name string) (ration.Plan, error) {
	if err := validatePlanName(name); err != nil {
		return ration.Plan{}, err
	}
	plan, err := s.store.Plan(ctx, name)
	if err != nil {
		return ration.Plan{}, named(planNamed(name), err)
	}
	plans, err := s.settlePlans(ctx, []ration.Plan{plan})
	if err != nil {
		return ration.Plan{}, err
	}
	return plans[0], nil
}

// UpdatePlan changes a plan. A patch that changes nothing writes nothing. Error:
// ErrNotFound.
func (s *Service) UpdatePlan(ctx context.Context, actor string, patch PlanPatch) (ration.Plan, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validatePlanName(patch.Name)); err != nil {
		return ration.Plan{}, err
	}
	var now time.Time
	plan, err := s.store.UpdatePlan(ctx, patch.Name, func(change *PlanChange) error {
		if err := checkUnchanged(change.Plan.UpdatedAt, patch.IfUpdatedAt); err != nil {
			return err
		}
		now = change.Now
		change.Plan = settlePlan(change.Plan, now)
		before := planFields(change.Plan)
		plan, err := patchPlan(&patch, change.Plan, change.Units, now)
		if err != nil {
			return err
		}
		plan.UpdatedAt = updatedAt(change.Plan.UpdatedAt, change.Now)
		change.Plan = plan
		change.Audit, err = by.audit("plan.update", planTarget(patch.Name), before, planFields(plan))
		return err
	})
	return settlePlan(plan, now), named(planNamed(patch.Name), err)
}

// DeletePlan deletes a plan. Errors: ErrNotFound; ErrConflict if a key has it.
func (s *Service) DeletePlan(ctx context.Context, actor, name string) error {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validatePlanName(name)); err != nil {
		return err
	}
	audit, err := by.auditEnd("plan.delete", planTarget(name))
	if err != nil {
		return err
	}
	err = s.store.DeletePlan(ctx, name, audit)
	if errors.Is(err, ration.ErrConflict) {
		return fmt.Errorf("%w: keys still have plan %q; give them another plan first", ration.ErrConflict, name)
	}
	return named(planNamed(name), err)
}

// creationOf is the audit entry of a new plan.
func creationOf(by author, plan ration.Plan) (AuditEntry, error) {
	details := fields{"name": plan.Name}
	for name, value := range planFields(plan) {
		details[name] = value
	}
	return by.audit("plan.create", planTarget(plan.Name), nil, details)
}

// patchPlan returns a settled plan as a patch leaves it. What it changes at once no longer
// changes later.
func patchPlan(given *PlanPatch, plan ration.Plan, units UnitReader, now time.Time) (ration.Plan, error) {
	p, err := patchIn(units, given)
	if err != nil {
		return ration.Plan{}, err
	}
	if p.FromNextPeriod {
		return schedulePlan(p, plan, now)
	}
	set(&plan.TimeZone, p.TimeZone)
	limits := slices.Clone(plan.Limits)
	for _, key := range p.RemoveLimits {
		i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == key })
		if waited := unscheduleLimit(&plan, key); i < 0 && !waited {
			return ration.Plan{}, noSuchLimit(key)
		}
		if i >= 0 {
			limits = slices.Delete(limits, i, i+1)
		}
	}
	named := make(map[ration.LimitKey]bool, len(p.SetLimits))
	for _, limit := range p.SetLimits {
		limit, err := limit.Normalize()
		if err != nil {
			return ration.Plan{}, err
		}
		if err := nameOnce(named, limit.Key(), limit.Key()); err != nil {
			return ration.Plan{}, err
		}
		limits = replaceLimit(limits, limit)
		unscheduleLimit(&plan, limit.Key())
	}
	plan.Limits = limits
	set(&plan.Unlimited, p.Unlimited)
	if p.Unlimited == nil && len(limits) > 0 {
		plan.Unlimited = false
	}
	return normalizePlan(plan)
}

// replaceLimit replaces a stored limit by a new one, which keeps the stored name
// unless it has a name of its own.
func replaceLimit(limits []ration.Limit, limit ration.Limit) []ration.Limit {
	i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == limit.Key() })
	if i < 0 {
		return append(limits, limit)
	}
	if limit.Name == limit.Key().DefaultName() {
		limit.Name = limits[i].Name
	}
	limits[i] = limit
	return limits
}

func normalizePlan(plan ration.Plan) (ration.Plan, error) {
	if len(plan.Limits) > maxLimits {
		return ration.Plan{}, &ration.InvalidError{Field: "limits", Reason: fmt.Sprintf("a plan has at most %d limits", maxLimits)}
	}
	if plan.Unlimited && len(plan.Limits) > 0 {
		return ration.Plan{}, &ration.InvalidError{Field: "unlimited", Value: "true", Reason: "the plan has limits: " + listLimits(plan.Limits)}
	}
	return plan.Normalize()
}

func validatePlanName(name string) error {
	_, err := ration.Plan{Name: name}.Normalize()
	return err
}

func planTarget(name string) string { return "plan:" + name }

func planNamed(name string) string { return fmt.Sprintf("plan %q", name) }
