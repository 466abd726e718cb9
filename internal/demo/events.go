package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const day = 24 * time.Hour

// event is a change that somebody made.
type event struct {
	at time.Time
	do func(context.Context) error
}

// prepare makes the plans, and plans all that happens.
func (m *maker) prepare(ctx context.Context) error {
	m.clock.set(m.begin())
	for _, plan := range []struct {
		name   string
		limits []string
	}{
		{freePlan, []string{"1000/day"}},
		{teamPlan, []string{"10000/day"}},
		{scalePlan, []string{"2000000/month", "5000000 tokens/month"}},
	} {
		limits, err := parseLimits(plan.limits...)
		if err != nil {
			return err
		}
		if _, err := m.operations.CreatePlan(ctx, actor, admin.NewPlan{Name: plan.name, Limits: limits}); err != nil {
			return err
		}
	}
	for _, role := range cast() {
		zone, err := ration.LoadZone(role.zone)
		if err != nil {
			return err
		}
		p := &performer{role: role, zone: zone, begins: m.begin()}
		if role.since > 0 {
			p.begins = m.now.Add(-role.since)
		}
		m.actors = append(m.actors, p)
		m.happens(p.begins, func(ctx context.Context) error { return m.createKey(ctx, p) })
		m.tell(p)
	}
	m.happens(m.now.Add(-day), func(ctx context.Context) error {
		limits, err := parseLimits("50/second burst 20000")
		if err == nil {
			_, err = m.operations.UpdatePlan(ctx, actor, admin.PlanPatch{Name: scalePlan, SetLimits: limits})
		}
		return err
	})
	slices.SortStableFunc(m.events, func(a, b event) int { return a.at.Compare(b.at) })
	return nil
}

func (m *maker) happens(at time.Time, do func(context.Context) error) {
	m.events = append(m.events, event{at, do})
}

func (m *maker) createKey(ctx context.Context, p *performer) error {
	key := admin.NewKey{
		Name: p.name, Owner: p.owner + " (demo)", Plan: p.plan, TimeZone: p.role.zone,
		Metadata: map[string]string{Mark: "true"}, Unlimited: p.story == unlimited,
	}
	if p.story == expiring {
		key.ExpiresAt = m.now.Add(5 * day)
	}
	issued, err := m.operations.CreateKey(ctx, actor, key)
	p.id, p.secret = issued.Key.ID, issued.SecretID
	return err
}

// tell plans what happens to a key.
func (m *maker) tell(p *performer) {
	switch p.story {
	case raised:
		m.happens(m.begin().Add(2*day), m.setLimit(p, "25000/day", time.Time{}))
	case temporary:
		m.happens(m.now.Add(-4*day), m.setLimit(p, "15000/day", m.now.Add(3*day)))
	case prepaid:
		m.happens(m.begin().Add(time.Hour), m.setLimit(p, "2500/lifetime", time.Time{}))
		m.happens(m.now.Add(-9*day), m.setLimit(p, "4000/lifetime", time.Time{}))
	case disabled:
		p.ends = m.now.Add(-4 * day)
		m.happens(p.ends, func(ctx context.Context) error {
			_, err := m.operations.DisableKey(ctx, actor, p.id)
			return err
		})
	case revoked:
		p.ends = m.now.Add(-11 * day)
		m.happens(p.ends, func(ctx context.Context) error {
			_, err := m.operations.RevokeKey(ctx, actor, p.id)
			return err
		})
	case rotated:
		m.happens(m.now.Add(-9*day), func(ctx context.Context) error {
			issued, err := m.operations.RotateKey(ctx, actor, admin.Rotation{ID: p.id, Overlap: day})
			p.secret = issued.SecretID
			return err
		})
		m.happens(m.now.Add(-8*day), func(ctx context.Context) error {
			_, err := m.operations.AddSecret(ctx, actor, admin.NewKeySecret{ID: p.id, Label: "ci"})
			return err
		})
	}
}

func (m *maker) setLimit(p *performer, text string, until time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		limits, err := parseLimits(text)
		if err == nil {
			_, err = m.operations.UpdateKey(ctx, actor, admin.KeyPatch{ID: p.id, SetOverrides: []ration.Override{{Limit: limits[0], ExpiresAt: until}}})
		}
		return err
	}
}

// finish lets keys stand today as their stories say, and leaves some reservations.
func (m *maker) finish(ctx context.Context) error {
	var batch ration.Batch
	for _, p := range m.actors {
		remaining, err := m.remaining(ctx, p)
		if err != nil {
			return err
		}
		var charges []ration.Charge
		switch p.story {
		case nearLimit: // of 10,000
			charges = []ration.Charge{{Amounts: amounts(remaining-430, 0)}}
		case prepaid: // of 4,000
			charges = []ration.Charge{{Amounts: amounts(remaining-90, 0)}}
		case usedUp:
			charges = []ration.Charge{{Amounts: amounts(remaining, 0)}, {}, {}, {}}
		case expiring, rotated:
			charges = []ration.Charge{{Hold: &ration.Hold{TTL: 6 * time.Hour}, Amounts: amounts(25, 0)}}
		}
		for _, charge := range charges {
			if len(charge.Amounts) > 0 && charge.Amounts[0].Units <= 0 {
				continue // it stands so already
			}
			item, err := itemOf(p, charge)
			if err != nil {
				return err
			}
			batch.Items = append(batch.Items, item)
		}
	}
	batch.ID = uuid.New()
	_, err := m.store.Charge(ctx, batch)
	return err
}

// remaining returns what remains of a key's limit on requests that is next to be used up.
func (m *maker) remaining(ctx context.Context, p *performer) (remaining int64, err error) {
	status, err := m.operations.ShowKey(ctx, p.id)
	if err != nil {
		return 0, err
	}
	remaining = -1
	for i := range status.Limits {
		if l := &status.Limits[i]; l.Meter == ration.MeterRequests && (remaining < 0 || l.Remaining < remaining) {
			remaining = l.Remaining
		}
	}
	return remaining, nil
}

func parseLimits(texts ...string) ([]ration.Limit, error) {
	limits := make([]ration.Limit, len(texts))
	for i, text := range texts {
		var err error
		if limits[i], err = ration.ParseLimit(text); err != nil {
			return nil, fmt.Errorf("the limit %q: %w", text, err)
		}
	}
	return limits, nil
}
