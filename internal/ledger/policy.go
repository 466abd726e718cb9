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
	Key     ration.Key     // with the plan that it has
	Zone    *time.Location // of the key's periods
	Limits  []ration.Limit // the limits that hold, in the order of EffectiveLimits
	Secrets []ration.SecretState

	// ChangedAt is when the limits that hold last changed, or may have: with the key,
	// with its plan, by the end of a temporary override or by the start of a scheduled
	// limit. From then on a rate that has changed gives back at its present quantity.
	ChangedAt time.Time

	// Holds are what reservations will release, as far as a store has read it: a denied
	// charge may have to wait for no more than that.
	Holds Holds

	terms   Terms // what the limits that hold are made of, to know those that hold later
	changes bool  // the limits will change by themselves
}

// NewPolicy returns the policy that holds at an instant. Pass the zero Plan for a key
// without a plan. It fails if a time zone is unknown, if a limit that holds has an
// unknown kind or period, and if the plan is not the key's plan: if a database has
// lost a plan, its keys must not be taken as unlimited.
func NewPolicy(key ration.Key, plans Plans, overrides []ration.Override, secrets []ration.SecretState, at time.Time) (Policy, error) {
	terms, err := NewTerms(&key, plans, overrides)
	if err != nil {
		return Policy{}, err
	}
	holds, limits := terms.at(at), terms.LimitsAt(at)
	changed := changedAt(&key, &terms, at)
	key.Plan = holds.plan.Name
	for i := range limits {
		if !isKnown(&limits[i]) {
			return Policy{}, fmt.Errorf("reading the policy of key %s: its limit %q is no %s per %s", key.ID, limits[i].Name, limits[i].Kind, limits[i].Period)
		}
	}
	return Policy{
		Key: key, Zone: holds.zone, Limits: limits, Secrets: secrets, ChangedAt: changed,
		terms: terms, changes: !terms.NextChange(at).IsZero(),
	}, nil
}

// Lasts reports whether the policy holds at any time, until somebody changes the key or
// its plan.
func (p *Policy) Lasts() bool { return p.terms.NextChange(time.Time{}).IsZero() }

// Terms returns what the limits are made of.
func (p *Policy) Terms() Terms { return p.terms }

// Alone returns the policy with one of its limits, now and later, and no other.
func (p Policy) Alone(on ration.LimitKey) Policy {
	p.Limits = only(p.Limits, on, ration.Limit.Key)
	p.terms = p.terms.alone(on)
	return p
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
func changedAt(key *ration.Key, terms *Terms, at time.Time) time.Time {
	changed := terms.lastChange(at)
	for _, written := range []time.Time{key.UpdatedAt, terms.at(at).plan.UpdatedAt} {
		if written.After(changed) {
			changed = written
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
