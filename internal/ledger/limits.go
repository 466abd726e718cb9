package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// EffectiveLimits returns the limits that hold for a key at an instant: the
// plan's, each replaced or lifted by the override that holds for the same meter,
// kind and period if there is one (see [ration.OverrideAt]), and the limits that
// overrides add. An override without a name of its own keeps the name of what is
// beneath it. Names are unique among the limits that hold: those that would share
// one go by their default names.
func EffectiveLimits(plan []ration.Limit, overrides []ration.Override, at time.Time) []ration.Limit {
	limits := slices.Clone(plan)
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

// applyOverride puts an override in the place of the limit beneath.
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

// nameApart gives limits that share a name their default names, which differ. A
// plan and a key's overrides change independently, so no check of either could
// rule it out. Every round leaves fewer limits that have another name; of a kind
// that this release does not know two may have one default name, and keep it.
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

// hasOwnName reports whether the override was named, so that it does not keep the
// name of the limit beneath.
func hasOwnName(o *ration.Override) bool { return o.Name != o.Key().DefaultName() }
