package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
)

// ApplyPlans makes plans what they are to be, in one transaction.
func (s *Service) ApplyPlans(ctx context.Context, actor string, apply PlansApply) (applied PlansApplied, err error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return PlansApplied{}, err
	}
	if err := validateMeterUnits(apply.Meters); err != nil {
		return PlansApplied{}, err
	}
	wanted := make([]ration.Plan, len(apply.Plans))
	for i, plan := range apply.Plans {
		if wanted[i], err = normalizePlan(ration.Plan{Name: plan.Name, TimeZone: plan.TimeZone, Limits: plan.Limits, Unlimited: plan.Unlimited}); err != nil {
			return PlansApplied{}, fmt.Errorf("%s: %w", planNamed(plan.Name), err)
		}
		if slices.ContainsFunc(wanted[:i], func(p ration.Plan) bool { return p.Name == wanted[i].Name }) {
			return PlansApplied{}, &ration.InvalidError{Field: "plans", Value: plan.Name, Reason: "name each plan once"}
		}
	}
	err = s.store.ApplyPlans(ctx, func(change *PlansChange) error {
		application := plansApplication{by: by, change: change, fromNext: apply.FromNextPeriod}
		if err := errors.Join(application.setUnits(apply.Meters), application.run(wanted, apply.Prune)); err != nil {
			return err
		}
		applied = application.applied
		if apply.DryRun || len(change.Meters)+len(change.Create)+len(change.Update)+len(change.Delete) == 0 {
			return ErrUnchanged
		}
		return nil
	})
	if err != nil {
		return PlansApplied{}, err
	}
	return applied, nil
}

// plansApplication finds out what is to be changed.
type plansApplication struct {
	by      author
	change  *PlansChange
	applied PlansApplied

	fromNext bool // changed limits start with the next period
}

func (a *plansApplication) run(wanted []ration.Plan, prune bool) error {
	for _, plan := range wanted {
		i := slices.IndexFunc(a.change.Plans, func(p ration.Plan) bool { return p.Name == plan.Name })
		var err error
		if i < 0 {
			err = a.create(plan)
		} else {
			err = a.update(settlePlan(a.change.Plans[i], a.change.Now), plan)
		}
		if err != nil {
			return err
		}
	}
	if !prune {
		return nil
	}
	var refusals []error
	for _, plan := range a.change.Plans {
		if !slices.ContainsFunc(wanted, func(p ration.Plan) bool { return p.Name == plan.Name }) {
			refusals = append(refusals, a.delete(plan))
		}
	}
	return errors.Join(refusals...)
}

// setUnits gives meters their units. They are locked in the order of their names, so two
// that apply at the same time don't wait for each other.
func (a *plansApplication) setUnits(meters []MeterUnit) error {
	meters = slices.SortedFunc(slices.Values(meters), func(a, b MeterUnit) int { return cmp.Compare(a.Name, b.Name) })
	for _, meter := range meters {
		change, err := a.change.Meter(meter.Name)
		if err != nil {
			return err
		}
		applied := MeterApplied{Action: PlanUpdated, Before: change.Meter}
		switch err := setUnit(a.by, meter.Unit, &change); {
		case errors.Is(err, ErrUnchanged):
			applied.Action = PlanUnchanged
		case err != nil:
			return err
		default:
			a.change.Meters = append(a.change.Meters, change)
		}
		if applied.Before.CreatedAt.IsZero() {
			applied.Action = PlanCreated
		}
		applied.After = change.Meter
		a.applied.Meters = append(a.applied.Meters, applied)
	}
	return nil
}

// unit is a UnitReader that knows the units that are about to be given.
func (a *plansApplication) unit(meter string) (ration.Unit, error) {
	for _, change := range a.change.Meters {
		if change.Meter.Name == meter {
			return change.Meter.Unit, nil
		}
	}
	return a.change.Units(meter)
}

func (a *plansApplication) create(plan ration.Plan) error {
	limits, err := limitsIn(a.unit, plan.Limits)
	if err != nil {
		return err
	}
	plan.Limits, plan.CreatedAt, plan.UpdatedAt = limits, a.change.Now, a.change.Now
	audit, err := creationOf(a.by, plan)
	a.change.Create = append(a.change.Create, PlanChange{Now: a.change.Now, Plan: plan, Audit: audit})
	a.applied.Plans = append(a.applied.Plans, PlanApplied{Action: PlanCreated, After: plan})
	return err
}

// update gives a plan exactly the limits that are wanted, as a patch would.
func (a *plansApplication) update(before, wanted ration.Plan) error {
	patch := PlanPatch{Name: wanted.Name, TimeZone: &wanted.TimeZone, SetLimits: wanted.Limits, Unlimited: &wanted.Unlimited}
	if a.fromNext {
		patch.FromNextPeriod, patch.TimeZone, patch.Unlimited = true, nil, nil
		if wanted.TimeZone != before.TimeZone || wanted.Unlimited != before.Unlimited {
			return &ration.InvalidError{Field: "plans", Value: wanted.Name, Reason: "its time zone, or its mark as one without a limit, can't change with the next period; change that at once, first"}
		}
	}
	for _, limit := range a.limitsOf(before) {
		if !slices.ContainsFunc(wanted.Limits, func(l ration.Limit) bool { return l.Key() == limit.Key() }) {
			patch.RemoveLimits = append(patch.RemoveLimits, limit.Key())
		}
	}
	after, err := patchPlan(&patch, before, a.unit, a.change.Now)
	if err != nil {
		return err
	}
	audit, err := a.by.audit("plan.update", planTarget(before.Name), planFields(before), planFields(after))
	if errors.Is(err, ErrUnchanged) {
		a.applied.Plans = append(a.applied.Plans, PlanApplied{Action: PlanUnchanged, Before: before, After: before})
		return nil
	}
	after.UpdatedAt = updatedAt(before.UpdatedAt, a.change.Now)
	a.change.Update = append(a.change.Update, PlanChange{Now: a.change.Now, Plan: after, Audit: audit})
	a.applied.Plans = append(a.applied.Plans, PlanApplied{Action: PlanUpdated, Before: before, After: after})
	return err
}

// limitsOf returns the limits that a plan has, or will have: each once.
func (a *plansApplication) limitsOf(plan ration.Plan) []ration.Limit {
	limits := slices.Clone(plan.Limits)
	for _, limit := range futureLimits(plan) {
		if !slices.ContainsFunc(limits, func(l ration.Limit) bool { return l.Key() == limit.Key() }) {
			limits = append(limits, limit)
		}
	}
	return limits
}

func (a *plansApplication) delete(plan ration.Plan) error {
	keys, err := a.change.KeysOf(plan.Name)
	if err != nil {
		return err
	}
	if keys > 0 {
		have := "keys have"
		if keys == 1 {
			have = "key has"
		}
		return fmt.Errorf("%w: %d %s plan %q; give them another plan first", ration.ErrConflict, keys, have, plan.Name)
	}
	audit, err := a.by.auditEnd("plan.delete", planTarget(plan.Name))
	a.change.Delete = append(a.change.Delete, PlanChange{Now: a.change.Now, Plan: plan, Audit: audit})
	a.applied.Plans = append(a.applied.Plans, PlanApplied{Action: PlanDeleted, Before: plan})
	return err
}
