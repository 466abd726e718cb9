package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// planAt returns the name of the plan that a key has at an instant.
func (k *modelKey) planAt(now time.Time) string {
	if !k.NextPlanAt.IsZero() && !now.Before(k.NextPlanAt) {
		return k.NextPlan
	}
	return k.Plan
}

// planOf returns the plan that a key has at an instant, nil for none.
func (m *model) planOf(key *modelKey, now time.Time) *ration.Plan { return m.plans[key.planAt(now)] }

// starts finds when a change of one of a key's plans starts for it: at the end of the
// period of the limit, or else of the day, that held the instant at which it was made.
func (m *model) starts(key *modelKey, plan *ration.Plan, next ration.NextLimit) time.Time {
	period := next.Period
	if next.Kind != ration.KindQuota || period == ration.PeriodLifetime {
		period = ration.PeriodDay
	}
	_, ends := calendar(period, next.Since, m.zoneWith(key, plan))
	return ends
}

// started returns the changes of a plan that have started for a key, the first made first.
func (m *model) started(key *modelKey, plan *ration.Plan, now time.Time) (started []ration.NextLimit) {
	for _, next := range plan.Next {
		if !m.starts(key, plan, next).After(now) {
			started = append(started, next)
		}
	}
	slices.SortStableFunc(started, func(a, b ration.NextLimit) int { return a.Since.Compare(b.Since) })
	return started
}

// standing returns a key's overrides without what has not started, what another one has
// replaced, and what only removes another.
func (k *modelKey) standing(now time.Time) (standing []ration.Override) {
	for i, own := range k.Overrides {
		if own.StartsAt.After(now) || own.Removed {
			continue
		}
		replaced := false
		for j, other := range k.Overrides {
			starts := !other.StartsAt.IsZero() && !other.StartsAt.After(now)
			replaced = replaced || i != j && starts && own.ExpiresAt.IsZero() && own.Meter == other.Meter && own.Period == other.Period
		}
		if !replaced {
			standing = append(standing, own)
		}
	}
	return standing
}

// foreseen returns when a key's limits change by themselves, in the past or to come: also
// by changes of the plan that it has, or will have, while it has it.
func (m *model) foreseen(key *modelKey) (changes []time.Time) {
	for _, own := range key.Overrides {
		changes = append(changes, own.ExpiresAt, own.StartsAt)
	}
	changes = append(changes, key.NextPlanAt)
	plans := []*ration.Plan{m.plans[key.Plan]}
	if !key.NextPlanAt.IsZero() {
		plans = append(plans, m.plans[key.NextPlan])
	}
	for i, plan := range plans {
		if plan == nil {
			continue
		}
		for _, next := range plan.Next {
			at := m.starts(key, plan, next)
			if had := len(plans) == 1 || i == 0 && at.Before(key.NextPlanAt) || i == 1 && at.After(key.NextPlanAt); had {
				changes = append(changes, at)
			}
		}
	}
	return slices.DeleteFunc(changes, time.Time.IsZero)
}
