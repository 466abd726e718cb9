package admin

import (
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// started returns overrides as they are at an instant, and those that start later: one
// that has started is in the place of the one that it replaces. Stores keep what was
// written; decisions see no difference.
func started(overrides []ration.Override, now time.Time) []ration.Override {
	running := slices.Clone(ration.OverridesAt(overrides, now))
	for _, o := range overrides {
		if o.Scheduled() && o.StartsAt.After(now) {
			running = append(running, o)
		}
	}
	return running
}

// settleKey puts what has started by an instant in its place.
func settleKey(key *KeyRecord, now time.Time) {
	key.Overrides = started(key.Overrides, now)
	if key.Plan = key.PlanAt(now); !key.NextPlanAt.After(now) {
		key.NextPlan, key.NextPlanAt = "", time.Time{}
	}
}

// settled settles a key, and returns it.
func settled(key *KeyRecord, now time.Time) *ration.Key {
	settleKey(key, now)
	return &key.Key
}

// GiveNextPlan writes into a key what has started, as if it had been so since then. It is
// a change for [Keys.UpdateKeys]; decisions see no difference.
func GiveNextPlan(change *KeyChange) error {
	before, since := keyFields(change), change.Key.NextPlanAt
	settleKey(&change.Key, change.Now)
	if since.After(change.Key.UpdatedAt) {
		change.Key.UpdatedAt = since
	}
	var err error
	change.Audit, err = author{actor: "ration"}.audit("key.update", change.Key.ID.String(), before, keyFields(change))
	return err
}

// schedulePlanOf lets a key have another plan as soon as the longest period of its plan's
// limits has ended: a month, else a week, a day or an hour; of a plan without such a
// limit, the key's day.
func schedulePlanOf(change *KeyChange, name string) error {
	key := &change.Key.Key
	key.NextPlan, key.NextPlanAt = "", time.Time{}
	if name == key.Plan {
		return nil
	}
	if err := validatePlanName(name); name != "" && err != nil {
		return err
	}
	if name != "" {
		if _, err := change.Plans(name); err != nil {
			return err
		}
	}
	plans, err := change.Plans.of(key)
	if err != nil {
		return err
	}
	zone, err := change.zone()
	if err != nil {
		return err
	}
	starts := ration.NextPeriodAt(ration.PeriodDay, change.Now, zone)
	if plans != nil {
		limits := slices.DeleteFunc(slices.Clone(plans.Now.LimitsAt(change.Now, zone)), func(l ration.Limit) bool {
			return l.Kind != ration.KindQuota || l.Period == ration.PeriodLifetime
		})
		var longest ration.Period
		for _, limit := range limits {
			ends := ration.NextPeriodAt(limit.Period, change.Now, zone)
			if isLonger(limit.Period, longest) || limit.Period.Unit() == longest.Unit() && ends.After(starts) {
				longest, starts = limit.Period, ends
			}
		}
	}
	key.NextPlan, key.NextPlanAt = name, starts
	return nil
}

// isLonger compares periods of quotas by their units; the empty one is the shortest.
func isLonger(a, b ration.Period) bool {
	units := []ration.Period{"", ration.PeriodHour, ration.PeriodDay, ration.PeriodWeek, ration.PeriodMonth}
	return slices.Index(units, a.Unit()) > slices.Index(units, b.Unit())
}

// scheduleOverrides puts overrides in the place of the key's lasting ones, from the next
// period of each on. What it already has for the time from then on goes; an override
// that is as the lasting one is now changes nothing else.
func scheduleOverrides(overrides, set []ration.Override, units UnitReader, start func(ration.Period) time.Time) ([]ration.Override, error) {
	overrides = slices.Clone(overrides)
	given := make(map[ration.LimitKey]bool, len(set))
	for _, override := range set {
		if override.Temporary() {
			return nil, &ration.InvalidError{Field: "until", Value: override.ExpiresAt.UTC().Format(time.RFC3339), Reason: "a temporary limit can't wait for the next period"}
		}
		override, err := override.Normalize()
		if err != nil {
			return nil, err
		}
		unit, err := units(override.Meter)
		if err != nil {
			return nil, err
		}
		if override.Limit, err = override.In(unit); err != nil {
			return nil, err
		}
		if err := nameOnce(given, override.Key(), override.Key()); err != nil {
			return nil, err
		}
		if override.Name == override.Key().DefaultName() {
			if i := indexLasting(overrides, override.Key()); i >= 0 {
				override.Name = overrides[i].Name
			}
		}
		overrides, _ = unschedule(overrides, override.Key())
		if slices.Contains(overrides, override) {
			continue
		}
		if err := checkOverrideName(overrides, &override); err != nil {
			return nil, err
		}
		override.StartsAt = start(override.Period)
		overrides = append(overrides, override)
	}
	return overrides, checkOverrideCount(overrides)
}

// scheduleClearing removes the key's lasting override for a limit from its next period
// on, and what was to take its place.
func scheduleClearing(overrides []ration.Override, key ration.LimitKey, ifThere bool, start func(ration.Period) time.Time) ([]ration.Override, error) {
	left, waited := unschedule(overrides, key)
	lasting := indexLasting(left, key)
	switch {
	case lasting >= 0:
		limit := ration.Limit{Name: key.DefaultName(), Meter: key.Meter, Kind: key.Kind, Period: key.Period}
		return append(left, ration.Override{Limit: limit, StartsAt: start(key.Period), Removed: true}), nil
	case !waited && !ifThere:
		return nil, &ration.InvalidError{Field: "clear_limits", Value: FormatLimitKey(key), Reason: "the key has no such lasting limit of its own; it has " + listOverrides(overrides)}
	}
	return left, nil
}

// unschedule removes what is to take the place of a lasting override, and reports
// whether there was something.
func unschedule(overrides []ration.Override, key ration.LimitKey) ([]ration.Override, bool) {
	left := slices.DeleteFunc(slices.Clone(overrides), func(o ration.Override) bool { return o.Scheduled() && o.Key() == key })
	return left, len(left) < len(overrides)
}

func indexLasting(overrides []ration.Override, key ration.LimitKey) int {
	return slices.IndexFunc(overrides, func(o ration.Override) bool { return !o.Temporary() && !o.Scheduled() && o.Key() == key })
}

// onlyLimits refuses what a patch for the next period can't change.
func (p *keyPatching) onlyLimits() error {
	for field, given := range map[string]bool{
		"name": p.Name != nil, "owner": p.Owner != nil, "expires_at": p.ExpiresAt != nil, "scopes": p.Scopes != nil, "allowed_ips": p.AllowedIPs != nil,
		"time_zone": p.TimeZone != nil, "metadata": len(p.Metadata) > 0, "unlimited": p.Unlimited != nil, "clear_temporary_limits": len(p.ClearTemporary) > 0,
	} {
		if given {
			return &ration.InvalidError{Field: field, Reason: "only lasting limits and the plan can change with the next period; change this at once, in another call"}
		}
	}
	return nil
}

// schedule makes the changes of a patch for the next period.
func (p *keyPatching) schedule(change *KeyChange) error {
	if err := p.onlyLimits(); err != nil {
		return err
	}
	zone, err := change.zone()
	if err != nil {
		return err
	}
	start := func(period ration.Period) time.Time { return ration.NextPeriodAt(period, change.Now, zone) }
	if p.Plan != nil {
		if err := schedulePlanOf(change, *p.Plan); err != nil {
			return err
		}
	}
	overrides := change.Key.Overrides
	for _, key := range slices.Concat(p.ClearOverrides, p.ClearLasting) {
		if overrides, err = scheduleClearing(overrides, key, p.ofMany, start); err != nil {
			return err
		}
	}
	change.Key.Overrides, err = scheduleOverrides(overrides, p.SetOverrides, change.Units, start)
	return err
}

// zone returns the time zone of the key's periods.
func (c *KeyChange) zone() (*time.Location, error) {
	plans, err := c.Plans.of(&c.Key.Key)
	if err != nil {
		return nil, err
	}
	name := c.Key.TimeZone
	if name == "" && plans != nil {
		name = plans.Now.TimeZone
	}
	return ration.LoadZone(name)
}

func checkOverrideName(overrides []ration.Override, override *ration.Override) error {
	if slices.ContainsFunc(overrides, func(o ration.Override) bool { return o.Name == override.Name && o.Key() != override.Key() }) {
		return &ration.InvalidError{Field: "limits", Value: override.Name, Reason: "two limits of a key can't have the same name"}
	}
	return nil
}

func checkOverrideCount(overrides []ration.Override) error {
	if len(overrides) > maxLimits {
		return &ration.InvalidError{Field: "limits", Reason: fmt.Sprintf("a key has at most %d limits of its own", maxLimits)}
	}
	return nil
}
