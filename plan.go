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
	TimeZone  string // IANA name for its keys' periods; empty: UTC. A key's own zone goes first
	Limits    []Limit
	Unlimited bool // that it has no limit is meant; never read by a decision
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Normalize fills in and checks the plan's limits and sorts them. Its error is
// an [InvalidError].
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
			return Plan{}, &InvalidError{Field: "limits", Value: limit.Name, Reason: "two limits of a plan can't have one name"}
		}
		taken[limit.Key()], names[limit.Name] = true, true
		limits = append(limits, limit)
	}
	slices.SortFunc(limits, compareLimits)
	p.Limits = limits
	return p, nil
}

// EffectiveLimits returns the limits that hold for a key at an instant: the
// plan's, each replaced or lifted by the override that holds for the same meter,
// kind and period if there is one (see [OverrideAt]), and the limits that
// overrides add. An override without a name of its own keeps the name of what is
// beneath it. Names are unique among the limits that hold: those that would share
// one go by their default names.
func EffectiveLimits(plan []Limit, overrides []Override, at time.Time) []Limit {
	limits := slices.Clone(plan)
	for i := range overrides {
		if holdsAt(overrides, i, at) {
			limits = applyOverride(limits, &overrides[i], nameOf(&overrides[i], overrides, plan))
		}
	}
	if len(overrides) > 0 {
		nameApart(limits)
	}
	slices.SortFunc(limits, compareLimits)
	return limits
}

// applyOverride puts an override in the place of the limit beneath.
func applyOverride(limits []Limit, override *Override, name string) []Limit {
	i := slices.IndexFunc(limits, func(l Limit) bool { return l.Key() == override.Key() })
	if override.Unlimited {
		if i >= 0 {
			limits = slices.Delete(limits, i, i+1)
		}
		return limits
	}
	limit := override.Limit
	limit.Name = name
	if i < 0 {
		return append(limits, limit)
	}
	limits[i] = limit
	return limits
}

// nameApart gives limits that share a name their default names, which differ. A
// plan and a key's overrides change independently, so no check of either could
// rule it out. Every round leaves fewer limits that have another name; of a kind
// that this release does not know two may have one default name, and keep it.
func nameApart(limits []Limit) {
	for range limits {
		for i := range limits {
			for j := range i {
				if limits[i].Name == limits[j].Name {
					limits[i].Name, limits[j].Name = limits[i].Key().DefaultName(), limits[j].Key().DefaultName()
				}
			}
		}
	}
}

// compareLimits orders limits by meter, requests first, and then from the
// shortest period to the longest.
func compareLimits(a, b Limit) int {
	return cmp.Or(
		CompareMeters(a.Meter, b.Meter),
		cmp.Compare(periodRank(a.Period), periodRank(b.Period)),
		cmp.Compare(a.Kind, b.Kind),
	)
}

// CompareMeters orders meters: requests first, the others by name.
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
