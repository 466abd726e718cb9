package ledger

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// Policy is everything about a key that a decision depends on, except its usage. It
// was read under the key's lock.
type Policy struct {
	Key     ration.Key
	Zone    *time.Location // of the key's periods
	Limits  []ration.Limit // the limits that hold, in the order of EffectiveLimits
	Secrets []ration.SecretState

	// ChangedAt is when the limits that hold last changed, or may have: with the key,
	// with its plan, or by the end of a temporary override. From then on a rate that
	// has changed gives back at its present quantity.
	ChangedAt time.Time

	// Holds are what reservations will release, as far as a store has read it: a denied
	// charge may have to wait for no more than that.
	Holds Holds

	// What the limits that hold are made of, to know those that hold later.
	plan        []ration.Limit
	overrides   []ration.Override
	isTemporary bool // one of the overrides will end
}

// NewPolicy returns the policy that holds at an instant. Pass the zero Plan for a key
// without a plan. It fails if a time zone is unknown, if a limit that holds has an
// unknown kind or period, and if the plan is not the key's plan: if a database has
// lost a plan, its keys must not be taken as unlimited.
func NewPolicy(key ration.Key, plan ration.Plan, overrides []ration.Override, secrets []ration.SecretState, at time.Time) (Policy, error) {
	if plan.Name != key.Plan {
		return Policy{}, fmt.Errorf("reading the policy of key %s: its plan %q does not exist", key.ID, key.Plan)
	}
	name := key.TimeZone
	if name == "" {
		name = plan.TimeZone
	}
	zone, err := ration.LoadZone(name)
	if err != nil {
		return Policy{}, err
	}
	limits := EffectiveLimits(plan.Limits, overrides, at)
	for i := range limits {
		if !isKnown(&limits[i]) {
			return Policy{}, fmt.Errorf("reading the policy of key %s: its limit %q is no %s per %s", key.ID, limits[i].Name, limits[i].Kind, limits[i].Period)
		}
	}
	return Policy{
		Key: key, Zone: zone, Limits: limits, Secrets: secrets, ChangedAt: changedAt(&key, &plan, overrides, at),
		plan: plan.Limits, overrides: overrides, isTemporary: endsLater(overrides, at),
	}, nil
}

// endsLater reports whether one of the overrides ends after an instant.
func endsLater(overrides []ration.Override, at time.Time) bool {
	return slices.ContainsFunc(overrides, func(o ration.Override) bool { return o.Temporary() && o.RunsAt(at) })
}

// Alone returns the policy with one of its limits, now and later, and no other.
func (p Policy) Alone(on ration.LimitKey) Policy {
	p.Limits = only(p.Limits, on, ration.Limit.Key)
	p.plan = only(p.plan, on, ration.Limit.Key)
	p.overrides = only(p.overrides, on, func(o ration.Override) ration.LimitKey { return o.Key() })
	return p
}

func only[T any](all []T, on ration.LimitKey, key func(T) ration.LimitKey) (these []T) {
	for _, one := range all {
		if key(one) == on {
			these = append(these, one)
		}
	}
	return these
}

// isKnown reports whether this release knows what a limit means. A limit that it doesn't
// know must not be overlooked.
func isKnown(limit *ration.Limit) bool {
	if limit.Kind == ration.KindConcurrent {
		return limit.Period == ""
	}
	return limit.Kind != "" && limit.Kind == ration.KindOf(limit.Period)
}

// changedAt returns when the limits that hold at an instant may have last changed.
func changedAt(key *ration.Key, plan *ration.Plan, overrides []ration.Override, at time.Time) time.Time {
	changed := key.UpdatedAt
	if plan.UpdatedAt.After(changed) {
		changed = plan.UpdatedAt
	}
	for i := range overrides {
		if ends := overrides[i].ExpiresAt; ends.After(changed) && !ends.After(at) {
			changed = ends
		}
	}
	return changed
}

// refuses returns why the key may not be used for a charge, apart from its limits, or
// CodeOK.
func (p *Policy) refuses(charge *ration.Charge, secret ration.SecretID, now time.Time) ration.Code {
	if code := p.refusesSecret(secret, now); code != ration.CodeOK {
		return code
	}
	switch {
	case p.Key.Status == ration.StatusRevoked:
		return ration.CodeKeyRevoked
	case p.Key.Status != ration.StatusActive:
		return ration.CodeKeyDisabled
	case p.Key.ExpiredAt(now):
		return ration.CodeKeyExpired
	case !p.allowsIP(charge.IP):
		return ration.CodeIPNotAllowed
	case charge.Scope != "" && !slices.Contains(p.Key.Scopes, charge.Scope):
		return ration.CodeInsufficientScope
	}
	return ration.CodeOK
}

func (p *Policy) refusesSecret(id ration.SecretID, now time.Time) ration.Code {
	if id == (ration.SecretID{}) {
		return ration.CodeOK // charged by key id
	}
	for i := range p.Secrets {
		secret := &p.Secrets[i]
		switch {
		case secret.ID != id:
			continue
		case !secret.RevokedAt.IsZero():
			return ration.CodeKeyRevoked
		case secret.ExpiredAt(now):
			return ration.CodeKeyExpired
		}
		return ration.CodeOK
	}
	return ration.CodeKeyUnknown
}

func (p *Policy) allowsIP(ip netip.Addr) bool {
	if len(p.Key.AllowedIPs) == 0 {
		return true
	}
	return slices.ContainsFunc(p.Key.AllowedIPs, func(prefix netip.Prefix) bool { return prefix.Contains(ip) })
}
