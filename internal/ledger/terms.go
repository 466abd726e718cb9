package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// Terms are what the limits of a key are made of, now and later.
type Terms struct {
	plan      ration.Plan
	zone      *time.Location
	overrides []ration.Override
}

// NewTerms returns the terms of a key. Pass the zero Plan for a key without a plan. It
// fails if a time zone is unknown.
func NewTerms(key *ration.Key, plan ration.Plan, overrides []ration.Override) (Terms, error) {
	name := key.TimeZone
	if name == "" {
		name = plan.TimeZone
	}
	zone, err := ration.LoadZone(name)
	return Terms{plan: plan, zone: zone, overrides: overrides}, err
}

// LimitsAt returns the limits that hold at an instant.
func (t *Terms) LimitsAt(at time.Time) []ration.Limit {
	return EffectiveLimits(t.plan.LimitsAt(at, t.zone), t.overrides, at)
}

// NextChange returns when the limits next change after an instant: a temporary limit
// ends, or a scheduled one starts. Zero: they stay as they are.
func (t *Terms) NextChange(after time.Time) (next time.Time) {
	t.changes(func(at time.Time) {
		if at.After(after) {
			next = earlier(next, at)
		}
	})
	return next
}

// lastChange returns when the limits last changed, not after an instant. Zero: never.
func (t *Terms) lastChange(until time.Time) (last time.Time) {
	t.changes(func(at time.Time) {
		if at.After(last) && !at.After(until) {
			last = at
		}
	})
	return last
}

// changes calls each with the instants at which the limits change by themselves.
func (t *Terms) changes(each func(time.Time)) {
	for i := range t.plan.Next {
		each(t.plan.Next[i].StartsAt(t.zone))
	}
	for i := range t.overrides {
		if o := &t.overrides[i]; o.Temporary() {
			each(o.ExpiresAt)
		} else if o.Scheduled() {
			each(o.StartsAt)
		}
	}
}

// alone returns the terms of one limit.
func (t Terms) alone(on ration.LimitKey) Terms {
	t.plan.Limits = only(t.plan.Limits, on, ration.Limit.Key)
	t.plan.Next = only(t.plan.Next, on, func(n ration.NextLimit) ration.LimitKey { return n.Key() })
	t.overrides = only(t.overrides, on, func(o ration.Override) ration.LimitKey { return o.Key() })
	return t
}

func only[T any](all []T, on ration.LimitKey, key func(T) ration.LimitKey) (these []T) {
	for _, one := range all {
		if key(one) == on {
			these = append(these, one)
		}
	}
	return these
}
