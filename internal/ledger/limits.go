package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// EffectiveLimits returns the limits that hold for a key at an instant. These are the
// limits of its plan, and those that overrides add. If an override holds for the
// meter, kind and period of a plan's limit (see [ration.OverrideAt]), it replaces or
// lifts that limit. An override without a name keeps the name of the limit that it
// replaces. The names are unique: limits that would share one get their default
// names.
func EffectiveLimits(plan []ration.Limit, overrides []ration.Override, at time.Time) []ration.Limit {
	limits := slices.Clone(plan)
	overrides = ration.OverridesAt(overrides, at)
	for i := range overrides {
		if holds, found := ration.OverrideAt(overrides, overrides[i].Key(), at); found && holds == overrides[i] {
			limits = applyOverride(limits, &overrides[i], nameOf(&overrides[i], overrides, plan))
		}
	}
	if len(overrides) > 0 {
		nameApart(limits)
	}
	slices.SortFunc(limits, ration.CompareLimits)
	return limits
}

// applyOverride puts an override in the place of the limit that it replaces.
func applyOverride(limits []ration.Limit, override *ration.Override, name string) []ration.Limit {
	i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == override.Key() })
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

// nameApart gives limits that share a name their default names, which differ. A plan
// and a key's overrides change independently, so a check of one of them can't prevent
// a shared name. Each round leaves fewer limits that have another name than their
// default. Two limits of a kind that this release doesn't know may have the same
// default name; they keep it.
func nameApart(limits []ration.Limit) {
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

// nameOf returns the name of the limit that an override makes: its own, else that
// of the lasting override beneath it, else that of the plan's limit.
func nameOf(override *ration.Override, overrides []ration.Override, plan []ration.Limit) string {
	if hasOwnName(override) {
		return override.Name
	}
	for i := range overrides {
		beneath := &overrides[i]
		if !beneath.Temporary() && hasOwnName(beneath) && beneath.Key() == override.Key() {
			return beneath.Name
		}
	}
	for i := range plan {
		if plan[i].Key() == override.Key() {
			return plan[i].Name
		}
	}
	return override.Name
}

// hasOwnName reports whether the override was given a name, so that it does not keep
// the name of the limit that it replaces.
func hasOwnName(o *ration.Override) bool { return o.Name != o.Key().DefaultName() }
