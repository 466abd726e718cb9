package ration

import "time"

// Override is a key's own limit for one meter, kind and period. It replaces the
// plan's limit, lifts it, or adds a limit that the plan lacks. A key has at most two
// overrides for one meter, kind and period: a lasting one and, above it, a temporary
// one. The temporary one alone holds until it ends; then the lasting one holds again.
type Override struct {
	Limit
	Unlimited bool      // there is no limit here, whatever the plan says; Quantity and Burst are 0
	ExpiresAt time.Time // from then on the lasting override or the plan's limit holds again; zero: this is the lasting one
}

// Normalize checks the override and fills it in, like [Limit.Normalize].
func (o Override) Normalize() (Override, error) {
	if o.Unlimited && (o.Quantity != 0 || o.Burst != 0) {
		return Override{}, &InvalidError{Field: "unlimited", Value: "true", Reason: "an unlimited override can't have a quantity or a burst"}
	}
	limit, err := o.Limit.Normalize()
	o.Limit = limit
	return o, err
}

// Temporary reports whether the override ends by itself.
func (o *Override) Temporary() bool { return !o.ExpiresAt.IsZero() }

// RunsAt reports whether the override has not ended yet at an instant. At the instant
// of its end it has ended.
func (o *Override) RunsAt(at time.Time) bool { return !endedAt(o.ExpiresAt, at) }

// OverrideAt returns the override that holds for a meter, kind and period at an
// instant: the temporary one until it ends, else the lasting one.
func OverrideAt(overrides []Override, limits LimitKey, at time.Time) (override Override, found bool) {
	for i := range overrides {
		if overrides[i].Key() == limits && holdsAt(overrides, i, at) {
			return overrides[i], true
		}
	}
	return Override{}, false
}

// holdsAt reports whether an override of a key holds at an instant: it has not ended,
// and no temporary one that still runs is above it.
func holdsAt(overrides []Override, i int, at time.Time) bool {
	override := &overrides[i]
	if override.Temporary() {
		return override.RunsAt(at)
	}
	for j := range overrides {
		above := &overrides[j]
		if above.Temporary() && above.RunsAt(at) && above.Key() == override.Key() {
			return false
		}
	}
	return true
}
