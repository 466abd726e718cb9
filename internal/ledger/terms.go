package ledger

import (
	"fmt"
	"time"

	"github.com/ration-dev/ration"
)

// Plans are the plan of a key, and the one that it will have; zero: none.
type Plans struct{ Now, Next ration.Plan }

// Terms are what the limits of a key are made of, now and later.
type Terms struct {
	now, next planTerms
	nextAt    time.Time // from then on, next holds; zero: now does for ever
	overrides []ration.Override
}

// planTerms are a plan, and the zone of the periods of a key that has it.
type planTerms struct {
	plan ration.Plan
	zone *time.Location
}

// NewTerms returns the terms of a key. It fails if a time zone is unknown, and if the
// plans are not those of the key: if a database has lost a plan, its keys must not be
// taken as unlimited.
func NewTerms(key *ration.Key, plans Plans, overrides []ration.Override) (Terms, error) {
	terms := Terms{nextAt: key.NextPlanAt, overrides: overrides}
	var err error
	if terms.now, err = termsOf(key, key.Plan, plans.Now); err != nil || terms.nextAt.IsZero() {
		return terms, err
	}
	terms.next, err = termsOf(key, key.NextPlan, plans.Next)
	return terms, err
}

func termsOf(key *ration.Key, name string, plan ration.Plan) (planTerms, error) {
	if plan.Name != name {
		return planTerms{}, fmt.Errorf("reading the policy of key %s: its plan %q does not exist", key.ID, name)
	}
	zone := key.TimeZone
	if zone == "" {
		zone = plan.TimeZone
	}
	location, err := ration.LoadZone(zone)
	return planTerms{plan, location}, err
}

// at returns the plan and the zone that hold at an instant.
func (t *Terms) at(at time.Time) *planTerms {
	if t.nextAt.IsZero() || at.Before(t.nextAt) {
		return &t.now
	}
	return &t.next
}

// LimitsAt returns the limits that hold at an instant.
func (t *Terms) LimitsAt(at time.Time) []ration.Limit {
	holds := t.at(at)
	return EffectiveLimits(holds.plan.LimitsAt(at, holds.zone), t.overrides, at)
}

// NextChange returns when the limits next change after an instant: a temporary limit
// ends, a scheduled one starts, or the key gets another plan. Zero: they stay as they are.
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
	for i := range t.now.plan.Next {
		if at := t.now.plan.Next[i].StartsAt(t.now.zone); t.nextAt.IsZero() || at.Before(t.nextAt) {
			each(at)
		}
	}
	if !t.nextAt.IsZero() {
		each(t.nextAt)
		for i := range t.next.plan.Next {
			if at := t.next.plan.Next[i].StartsAt(t.next.zone); at.After(t.nextAt) {
				each(at)
			}
		}
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
	t.now.plan, t.next.plan = alone(t.now.plan, on), alone(t.next.plan, on)
	t.overrides = only(t.overrides, on, func(o ration.Override) ration.LimitKey { return o.Key() })
	return t
}

func alone(plan ration.Plan, on ration.LimitKey) ration.Plan {
	plan.Limits = only(plan.Limits, on, ration.Limit.Key)
	plan.Next = only(plan.Next, on, func(n ration.NextLimit) ration.LimitKey { return n.Key() })
	return plan
}

func only[T any](all []T, on ration.LimitKey, key func(T) ration.LimitKey) (these []T) {
	for _, one := range all {
		if key(one) == on {
			these = append(these, one)
		}
	}
	return these
}
