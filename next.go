package ration

import (
	"cmp"
	"slices"
	"time"
)

// NextLimit is a change of a plan's limit that was made for the next period: for each
// key it starts when the key's own next period begins.
type NextLimit struct {
	Limit
	Removed bool      // the plan no longer has the limit; Quantity and Burst are 0
	Since   time.Time // when the change was made
}

// StartsAt returns when the change starts for keys whose periods are in a zone.
func (n *NextLimit) StartsAt(zone *time.Location) time.Time {
	return NextPeriodAt(n.Period, n.Since, zone)
}

// CompareNextLimits orders changes of a plan by when they were made, and then as
// [CompareLimits] does.
func CompareNextLimits(a, b NextLimit) int {
	return cmp.Or(a.Since.Compare(b.Since), CompareLimits(a.Limit, b.Limit))
}

// NextPeriodAt returns when the first period of a limit after an instant begins in a
// zone. Limits that don't count by calendar periods (rates, lifetime and concurrent
// limits) follow the days. A period that this release does not know has begun, so that
// its limit is not overlooked.
func NextPeriodAt(period Period, after time.Time, zone *time.Location) time.Time {
	switch period {
	case PeriodSecond, PeriodMinute, PeriodLifetime, "":
		period = PeriodDay
	default:
		if KindOf(period) == "" {
			return after
		}
	}
	_, ends := PeriodAt(period, after, zone)
	return ends
}

// LimitsAt returns the plan's limits as they are at an instant for keys whose periods
// are in a zone. It returns Limits itself where no change has started.
func (p *Plan) LimitsAt(at time.Time, zone *time.Location) []Limit {
	limits := p.Limits
	for i := range p.Next {
		next := &p.Next[i]
		if next.StartsAt(zone).After(at) {
			continue
		}
		limits = slices.DeleteFunc(slices.Clone(limits), func(l Limit) bool { return l.Key() == next.Key() })
		if !next.Removed {
			limits = append(limits, next.Limit)
		}
	}
	return limits
}

// OverridesAt returns the overrides of a key as they are at an instant. What starts
// later is left out, and so is what a started one has replaced or removed. It returns
// overrides itself where none has a start.
func OverridesAt(overrides []Override, at time.Time) []Override {
	if !slices.ContainsFunc(overrides, func(o Override) bool { return o.Scheduled() }) {
		return overrides
	}
	var running []Override
	for i := range overrides {
		o := &overrides[i]
		started := o.Scheduled() && !o.StartsAt.After(at)
		switch {
		case o.Scheduled() && (!started || o.Removed):
		case !o.Scheduled() && !o.Temporary() && replacedAt(overrides, o.Key(), at):
		default:
			now := *o
			now.StartsAt = time.Time{}
			running = append(running, now)
		}
	}
	return running
}

// replacedAt reports whether an override that has started takes the place of the
// lasting one.
func replacedAt(overrides []Override, limits LimitKey, at time.Time) bool {
	return slices.ContainsFunc(overrides, func(o Override) bool {
		return o.Scheduled() && o.Key() == limits && !o.StartsAt.After(at)
	})
}
