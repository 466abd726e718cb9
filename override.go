package ration

import "time"

// Override is a key's own limit for one meter, kind and period. It replaces the
// plan's limit, lifts it or adds one. A key has at most two for one meter, kind
// and period: a lasting one and, above it, a temporary one. While the temporary
// one runs it alone holds; from its end on the lasting one does.
type Override struct {
	Limit
	Unlimited bool      // lifts the limit beneath; Quantity and Burst are 0
	ExpiresAt time.Time // from then on what is beneath holds again; zero: it lasts
}

// Normalize fills in and checks the override like [Limit.Normalize].
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

// RunsAt reports whether the override has not ended at an instant. It has at its
// end.
func (o *Override) RunsAt(at time.Time) bool { return !endedAt(o.ExpiresAt, at) }

// OverrideAt returns the override that holds for a meter, kind and period at an
// instant: the temporary one while it runs, else the lasting one.
func OverrideAt(overrides []Override, limits LimitKey, at time.Time) (override Override, found bool) {
	for i := range overrides {
		if overrides[i].Key() == limits && holdsAt(overrides, i, at) {
			return overrides[i], true
		}
	}
	return Override{}, false
}

// holdsAt reports whether an override of a key holds at an instant: one that has
// not ended, and that no running one is above.
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
