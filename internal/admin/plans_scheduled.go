package admin

import (
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// startsAnywhere returns when a change of a plan starts for the first key, and when it has
// started for the last one, whatever the zones of the keys are. Offsets from UTC are
// quarters of an hour, from -12 to +14 hours. A zone that changes its offset has periods
// that are longer than those of any offset, by two hours at most so far: a day more is
// always enough, and waiting longer changes no decision.
func startsAnywhere(next *ration.NextLimit) (first, last time.Time) {
	const quarter = 15 * 60
	for offset := -12 * 4 * quarter; offset <= 14*4*quarter; offset += quarter {
		at := next.StartsAt(time.FixedZone("", offset))
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last.Add(24 * time.Hour)
}

// settlePlan returns a plan with the changes in it that have started for every key.
func settlePlan(plan ration.Plan, now time.Time) ration.Plan {
	waiting := plan.Next
	plan.Next = nil
	for i := range waiting {
		if _, last := startsAnywhere(&waiting[i]); last.After(now) || waitsFor(plan.Next, waiting[i].Key()) {
			plan.Next = append(plan.Next, waiting[i])
			continue
		}
		plan.Limits = withNext(plan.Limits, &waiting[i])
	}
	if len(plan.Limits) > 0 {
		plan.Unlimited = false
	}
	return plan
}

// withNext returns limits after a change of them.
func withNext(limits []ration.Limit, next *ration.NextLimit) []ration.Limit {
	limits = slices.DeleteFunc(slices.Clone(limits), func(l ration.Limit) bool { return l.Key() == next.Key() })
	if !next.Removed {
		limits = append(limits, next.Limit)
	}
	slices.SortFunc(limits, ration.CompareLimits)
	return limits
}

func waitsFor(waiting []ration.NextLimit, key ration.LimitKey) bool {
	return slices.ContainsFunc(waiting, func(n ration.NextLimit) bool { return n.Key() == key })
}

// futureLimits returns the limits that a plan will have once all changes have started.
func futureLimits(plan ration.Plan) []ration.Limit {
	limits := plan.Limits
	for i := range plan.Next {
		limits = withNext(limits, &plan.Next[i])
	}
	return limits
}

// schedulePlan makes the changes of a patch start with each key's next period. Changes of
// the same limits that have not started for any key go; one that has started for some
// keys stays, and the new one comes after it.
func schedulePlan(p *PlanPatch, plan ration.Plan, now time.Time) (ration.Plan, error) {
	if p.TimeZone != nil || p.Unlimited != nil {
		return ration.Plan{}, &ration.InvalidError{Field: "from", Value: "next-period", Reason: "only limits can change with the next period; change the time zone and the mark of a plan without a limit at once, in another call"}
	}
	plan.Next = slices.Clone(plan.Next)
	for _, key := range p.RemoveLimits {
		if !slices.ContainsFunc(slices.Concat(plan.Limits, futureLimits(plan)), func(l ration.Limit) bool { return l.Key() == key }) {
			return ration.Plan{}, noSuchLimit(key)
		}
		limit := ration.Limit{Name: key.DefaultName(), Meter: key.Meter, Kind: key.Kind, Period: key.Period}
		plan = scheduleLimit(plan, ration.NextLimit{Limit: limit, Removed: true, Since: now})
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
		if limit.Name == limit.Key().DefaultName() {
			for _, stored := range slices.Concat(plan.Limits, futureLimits(plan)) {
				if stored.Key() == limit.Key() {
					limit.Name = stored.Name
				}
			}
		}
		plan = scheduleLimit(plan, ration.NextLimit{Limit: limit, Since: now})
	}
	if len(plan.Next) > maxLimits {
		return ration.Plan{}, &ration.InvalidError{Field: "limits", Reason: fmt.Sprintf("a plan has at most %d changes that start later", maxLimits)}
	}
	if _, err := normalizePlan(ration.Plan{Name: plan.Name, Limits: futureLimits(plan)}); err != nil {
		return ration.Plan{}, err
	}
	return normalizePlan(plan)
}

// scheduleLimit adds a change of one limit to a plan, unless the limit would be so
// without it.
func scheduleLimit(plan ration.Plan, next ration.NextLimit) ration.Plan {
	if isAs(futureLimits(plan), &next) {
		return plan
	}
	plan.Next = slices.DeleteFunc(plan.Next, func(n ration.NextLimit) bool {
		first, _ := startsAnywhere(&n)
		return n.Key() == next.Key() && first.After(next.Since)
	})
	if !isAs(futureLimits(plan), &next) {
		plan.Next = append(plan.Next, next)
	}
	return plan
}

// isAs reports whether limits are as a change makes them.
func isAs(limits []ration.Limit, next *ration.NextLimit) bool {
	i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == next.Key() })
	if next.Removed {
		return i < 0
	}
	return i >= 0 && limits[i] == next.Limit
}

// unscheduleLimit removes the changes of a limit from a plan, and reports whether there
// were any.
func unscheduleLimit(plan *ration.Plan, key ration.LimitKey) bool {
	had := waitsFor(plan.Next, key)
	plan.Next = slices.DeleteFunc(slices.Clone(plan.Next), func(n ration.NextLimit) bool { return n.Key() == key })
	return had
}

func noSuchLimit(key ration.LimitKey) error {
	return &ration.InvalidError{Field: "remove_limits", Value: FormatLimitKey(key), Reason: "the plan has no such limit"}
}
