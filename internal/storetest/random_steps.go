package storetest

import (
	"net/netip"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// moveClock goes on a little, a lot, or back.
func (m *machine) moveClock(rt *rapid.T) {
	switch rapid.IntRange(0, 9).Draw(rt, "how far") {
	case 0:
		m.setNow(m.f.now.Add(-drawShort(rt)))
	case 1, 2, 3:
		m.setNow(m.f.now.Add(24 * time.Hour * time.Duration(rapid.IntRange(1, 40).Draw(rt, "days"))))
	default:
		m.setNow(m.f.now.Add(drawShort(rt)))
	}
}

func (m *machine) setNow(now time.Time) {
	m.f.setNow(now)
	if now.After(m.prior.latest) {
		m.prior.latest = now
	}
}

// moveClockToEnd goes to where something of a key ends, or just before or after.
func (m *machine) moveClockToEnd(rt *rapid.T) {
	key := m.drawKey(rt)
	ends := []time.Time{key.ExpiresAt}
	for _, override := range key.Overrides {
		ends = append(ends, override.ExpiresAt, override.StartsAt)
	}
	ends = append(ends, m.model.foreseen(key)...)
	for _, secret := range key.Secrets {
		ends = append(ends, secret.ExpiresAt)
	}
	for _, entry := range key.usage() {
		for _, window := range entry.Windows {
			ends = append(ends, window.EndsAt)
		}
		for _, rate := range entry.Rates {
			ends = append(ends, rate.TAT)
		}
	}
	for _, r := range key.reservations {
		ends = append(ends, r.expires, r.expires, r.expires.Add(ration.LateSettlement))
	}
	ends = slices.DeleteFunc(ends, func(end time.Time) bool { return end.Before(m.f.now) })
	if len(ends) == 0 {
		return
	}
	end := rapid.SampledFrom(ends).Draw(rt, "end")
	m.setNow(end.Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "µs off")) * time.Microsecond))
}

func (m *machine) changeLimits(rt *rapid.T) {
	m.setLimits(rt, rapid.SampledFrom(m.plans).Draw(rt, "plan"))
}

func (m *machine) setLimits(rt *rapid.T, plan string) {
	if rapid.Bool().Draw(rt, "from the next period") {
		next := m.drawNext(rt)
		m.updatePlan(plan, func(p *ration.Plan) { p.Next = withNext(p.Next, next) })
		return
	}
	limits := drawLimits(rt)
	m.updatePlan(plan, func(p *ration.Plan) { p.Limits, p.Next = limits, nil })
}

func (m *machine) changePlanZone(rt *rapid.T) {
	plan, zone := rapid.SampledFrom(m.plans).Draw(rt, "plan"), m.drawZone(rt)
	m.updatePlan(plan, func(p *ration.Plan) { p.TimeZone = zone })
}

func (m *machine) updatePlan(name string, update func(*ration.Plan)) {
	m.f.updatePlan(name, update)
	update(m.model.plans[name])
	m.model.plans[name].UpdatedAt = m.f.now
}

// updateKey updates in the store and in the model.
func (m *machine) updateKey(key *modelKey, update func(*admin.KeyChange)) {
	record := m.f.updateKey(key.ID, update)
	change := admin.KeyChange{Now: m.f.now, Key: key.KeyRecord}
	update(&change)
	for _, secret := range change.NewSecrets {
		change.Key.Secrets = append(change.Key.Secrets, secret.SecretState)
	}
	change.Key.UpdatedAt = m.f.now
	key.KeyRecord = change.Key
	m.f.want("key as updated", sorted(key.KeyRecord), sorted(record))
}

func (m *machine) changePlan(rt *rapid.T) {
	plan := m.drawPlan(rt)
	later := m.drawPlan(rt)
	var at time.Time
	if rapid.Bool().Draw(rt, "with the next period") {
		at = m.f.now.Add(drawShort(rt))
	} else {
		later = ""
	}
	m.updateKey(m.drawKey(rt), func(change *admin.KeyChange) {
		change.Key.Plan, change.Key.NextPlan, change.Key.NextPlanAt = plan, later, at
	})
}

func (m *machine) changeZone(rt *rapid.T) {
	zone := m.drawZone(rt)
	m.updateKey(m.drawKey(rt), func(change *admin.KeyChange) { change.Key.TimeZone = zone })
}

// changeAccess changes who may use a key, more often for the better.
func (m *machine) changeAccess(rt *rapid.T) {
	statuses := []ration.Status{
		ration.StatusActive, ration.StatusActive, ration.StatusActive,
		ration.StatusDisabled, ration.StatusPending, ration.StatusRevoked,
	}
	status := rapid.SampledFrom(statuses).Draw(rt, "status")
	scopes := rapid.SampledFrom([][]string{nil, {"read"}, {"write", "read"}}).Draw(rt, "scopes")
	allowed := rapid.SampledFrom([][]netip.Prefix{nil, nil, {netip.MustParsePrefix("10.0.0.0/16")}}).Draw(rt, "allowed")
	var expires time.Time
	if rapid.IntRange(0, 3).Draw(rt, "expires") == 0 {
		expires = m.f.now.Add(drawShort(rt))
	}
	m.updateKey(m.drawKey(rt), func(change *admin.KeyChange) {
		change.Key.Status, change.Key.Scopes, change.Key.AllowedIPs, change.Key.ExpiresAt = status, scopes, allowed, expires
	})
}

func (m *machine) changeOverrides(rt *rapid.T) {
	draw := rapid.Custom(func(rt *rapid.T) ration.Override { return drawOverride(rt, m.f.now) })
	overrides := rapid.SliceOfNDistinct(draw, 0, 3, func(o ration.Override) ration.LimitKey { return o.Key() }).Draw(rt, "overrides")
	for _, override := range overrides {
		if rapid.Bool().Draw(rt, "layered") {
			overrides = append(overrides, drawOtherLayer(rt, override, m.f.now))
		}
		if rapid.IntRange(0, 2).Draw(rt, "scheduled") == 0 {
			overrides = append(overrides, drawStarting(rt, override, m.f.now))
		}
	}
	m.updateKey(m.drawKey(rt), func(change *admin.KeyChange) { change.Key.Overrides = slices.Clone(overrides) })
}

// rotateSecret adds a secret and lets one overlap with it.
func (m *machine) rotateSecret(rt *rapid.T) {
	ends := m.f.now.Add(drawShort(rt))
	fresh := newSecret("rotated", m.f.now)
	key, old := m.drawSecret(rt)
	m.updateKey(key, func(change *admin.KeyChange) {
		changeSecret(change, old, func(s *ration.SecretState) { s.ExpiresAt = ends })
		change.NewSecrets = []admin.NewSecret{fresh}
	})
}

func (m *machine) revokeSecret(rt *rapid.T) {
	key, old := m.drawSecret(rt)
	m.updateKey(key, func(change *admin.KeyChange) {
		changeSecret(change, old, func(s *ration.SecretState) { s.RevokedAt = change.Now })
	})
}

func (m *machine) drawSecret(rt *rapid.T) (*modelKey, ration.SecretID) {
	key := m.drawKey(rt)
	return key, rapid.SampledFrom(key.Secrets).Draw(rt, "secret").ID
}

// changeSecret changes a secret without changing the slice that it is in.
func changeSecret(change *admin.KeyChange, id ration.SecretID, update func(*ration.SecretState)) {
	change.Key.Secrets = slices.Clone(change.Key.Secrets)
	i := slices.IndexFunc(change.Key.Secrets, func(s ration.SecretState) bool { return s.ID == id })
	update(&change.Key.Secrets[i])
}
