package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// starts finds when a change of a plan starts for a key: at the end of the period of the
// limit, or else of the day, that held the instant at which the change was made.
func (m *model) starts(key *modelKey, next ration.NextLimit) time.Time {
	period := next.Period
	if next.Kind != ration.KindQuota || period == ration.PeriodLifetime {
		period = ration.PeriodDay
	}
	_, ends := calendar(period, next.Since, m.zone(key))
	return ends
}

// started returns the changes of a key's plan that have started, the first made first.
func (m *model) started(key *modelKey, now time.Time) (started []ration.NextLimit) {
	for _, next := range m.plans[key.Plan].Next {
		if !m.starts(key, next).After(now) {
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

// foreseen returns when a key's limits change by themselves, in the past or to come.
func (m *model) foreseen(key *modelKey) (changes []time.Time) {
	for _, own := range key.Overrides {
		changes = append(changes, own.ExpiresAt, own.StartsAt)
	}
	if plan := m.plans[key.Plan]; plan != nil {
		for _, next := range plan.Next {
			changes = append(changes, m.starts(key, next))
		}
	}
	return slices.DeleteFunc(changes, time.Time.IsZero)
}
