package ration

import "time"

// Override is a key's own limit for one meter, kind and period. It replaces the
// plan's limit, lifts it, or adds a limit that the plan lacks. A key has at most three
// overrides for one meter, kind and period: a lasting one, above it a temporary one,
// and a scheduled one, which takes the place of the lasting one when it starts. The
// temporary one alone holds until it ends; then the lasting one holds again.
type Override struct {
	Limit
	Unlimited bool      // there is no limit here, whatever the plan says; Quantity and Burst are 0
	ExpiresAt time.Time // from then on the lasting override or the plan's limit holds again; zero: this is the lasting one
	StartsAt  time.Time // from then on this is the lasting one, and not before; zero: it has started. A temporary one has started
	Removed   bool      // a scheduled one that only removes the lasting one: the plan's limit, if any, holds again; Quantity and Burst are 0
}

// Normalize checks the override and fills it in, like [Limit.Normalize].
func (o Override) Normalize() (Override, error) {
	if o.Unlimited && (o.Quantity != 0 || o.Burst != 0) {
		return Override{}, &InvalidError{Field: "unlimited", Value: "true", Reason: "an unlimited override can't have a quantity or a burst"}
	}
	switch scheduled := o.Scheduled(); {
	case scheduled && o.Temporary():
		return Override{}, &InvalidError{Field: "starts_at", Value: o.StartsAt.UTC().Format(time.RFC3339), Reason: "an override with an end can't start later"}
	case o.Removed && (!scheduled || o.Unlimited || o.Quantity != 0 || o.Burst != 0):
		return Override{}, &InvalidError{Field: "removed", Value: "true", Reason: "only a scheduled override can remove the lasting one, and it has no quantity"}
	}
	limit, err := o.Limit.Normalize()
	o.Limit = limit
	return o, err
}

// Scheduled reports whether the override has a start.
func (o *Override) Scheduled() bool { return !o.StartsAt.IsZero() }

// Temporary reports whether the override ends by itself.
func (o *Override) Temporary() bool { return !o.ExpiresAt.IsZero() }

// RunsAt reports whether the override has not ended yet at an instant. At the instant
// of its end it has ended.
func (o *Override) RunsAt(at time.Time) bool { return !endedAt(o.ExpiresAt, at) }

// OverrideAt returns the override that holds for a meter, kind and period at an
// instant: the temporary one until it ends, else the lasting one.
func OverrideAt(overrides []Override, limits LimitKey, at time.Time) (override Override, found bool) {
	overrides = OverridesAt(overrides, at)
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
