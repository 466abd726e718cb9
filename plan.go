package ration

import (
	"cmp"
	"slices"
	"time"
)

// Plan is a named set of limits that keys share, at most one per meter, kind
// and period.
type Plan struct {
	Name      string
	TimeZone  string // IANA name, for the periods of its keys; empty: UTC. A key's own time zone takes precedence
	Limits    []Limit
	Next      []NextLimit // changes of limits that start with each key's next period, in the order in which they were made
	Unlimited bool        // the missing limit is intended; decisions never read this
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Normalize checks the plan and returns it with its limits filled in and sorted. Its
// error is an [InvalidError].
func (p Plan) Normalize() (Plan, error) {
	if err := validateIdentifier("plan", p.Name, maxIdentifierLength); err != nil {
		return Plan{}, err
	}
	if _, err := LoadZone(p.TimeZone); err != nil {
		return Plan{}, err
	}
	limits := make([]Limit, 0, len(p.Limits))
	taken := make(map[LimitKey]bool, len(p.Limits))
	names := make(map[string]bool, len(p.Limits))
	for _, limit := range p.Limits {
		limit, err := limit.Normalize()
		if err != nil {
			return Plan{}, err
		}
		if taken[limit.Key()] {
			return Plan{}, &InvalidError{Field: "limits", Value: limit.String(), Reason: "a plan has at most one limit per meter, kind and period"}
		}
		if names[limit.Name] {
			return Plan{}, &InvalidError{Field: "limits", Value: limit.Name, Reason: "two limits of a plan can't have the same name"}
		}
		taken[limit.Key()], names[limit.Name] = true, true
		limits = append(limits, limit)
	}
	slices.SortFunc(limits, CompareLimits)
	p.Limits = limits
	p.Next = slices.SortedFunc(slices.Values(p.Next), CompareNextLimits)
	return p, nil
}

// CompareLimits orders limits by meter, requests first, and then from the
// shortest period to the longest.
func CompareLimits(a, b Limit) int {
	return cmp.Or(
		CompareMeters(a.Meter, b.Meter),
		cmp.Compare(periodRank(a.Period.Unit()), periodRank(b.Period.Unit())),
		cmp.Compare(a.Period, b.Period),
		cmp.Compare(a.Kind, b.Kind),
	)
}

// CompareMeters orders meters: requests first, then the others by name.
func CompareMeters(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == MeterRequests:
		return -1
	case b == MeterRequests:
		return 1
	}
	return cmp.Compare(a, b)
}

func periodRank(p Period) int {
	return slices.Index([]Period{PeriodSecond, PeriodMinute, PeriodHour, PeriodDay, PeriodWeek, PeriodMonth, PeriodLifetime}, p)
}
