package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// noon is when every test begins: a Wednesday in the middle of a month.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// fixture is a database in a test, with shorthand for what tests do all the
// time. Its methods end the test when the store returns an error.
type fixture struct {
	Harness
	tb
	t   *testing.T
	now time.Time
}

// tb is what a fixture needs of a test, or of one example of a random test.
type tb interface {
	Helper()
	Context() context.Context
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

func newFixture(t *testing.T, harness Harness) *fixture {
	f := &fixture{Harness: harness, tb: t, t: t}
	f.setNow(noon)
	return f
}

func (f *fixture) setNow(now time.Time) {
	f.now = now
	f.SetNow(now)
}

func (f *fixture) advance(d time.Duration) { f.setNow(f.now.Add(d)) }

// entry is an audit entry for a change whose audit entry is of no interest.
func entry(action, target string) admin.AuditEntry {
	return admin.AuditEntry{Actor: "test", Action: action, Target: target}
}

// plan creates a plan with limits as people write them and a name of its own.
func (f *fixture) plan(limits ...string) ration.Plan {
	f.Helper()
	return f.planIn("", limits...)
}

// planIn creates a plan in a time zone.
func (f *fixture) planIn(zone string, limits ...string) ration.Plan {
	f.Helper()
	plan, err := ration.Plan{Name: uniqueName(), TimeZone: zone, Limits: parseLimits(f, limits...)}.Normalize()
	if err != nil {
		f.Fatal(err)
	}
	created, err := f.Store.CreatePlan(f.Context(), func(change *admin.PlanChange) error {
		plan.CreatedAt, plan.UpdatedAt = change.Now, change.Now
		change.Plan, change.Audit = plan, entry("plan.create", "plan:"+plan.Name)
		return nil
	})
	if err != nil {
		f.Fatalf("creating a plan: %v", err)
	}
	return created
}

// setLimits replaces the limits of a plan.
func (f *fixture) setLimits(plan string, limits ...string) {
	f.Helper()
	f.updatePlan(plan, func(p *ration.Plan) { p.Limits = parseLimits(f, limits...) })
}

func (f *fixture) updatePlan(name string, update func(*ration.Plan)) {
	f.Helper()
	if err := updatePlan(f, f.Store, name, update); err != nil {
		f.Fatalf("updating plan %s: %v", name, err)
	}
}

func updatePlan(f *fixture, store admin.Plans, name string, update func(*ration.Plan)) error {
	_, err := store.UpdatePlan(f.Context(), name, func(change *admin.PlanChange) error {
		update(&change.Plan)
		change.Plan.UpdatedAt = change.Now
		change.Audit = entry("plan.update", "plan:"+name)
		return nil
	})
	return err
}

// key creates an active key on a plan, which may be none.
func (f *fixture) key(plan string) ration.KeyID {
	f.Helper()
	return f.keyWith(func(change *admin.KeyChange) { change.Key.Plan = plan })
}

// keyWith creates an active key that configure completes.
func (f *fixture) keyWith(configure func(*admin.KeyChange)) ration.KeyID {
	f.Helper()
	record, err := f.Store.CreateKey(f.Context(), newKey(configure))
	if err != nil {
		f.Fatalf("creating a key: %v", err)
	}
	return record.ID
}

// newKey makes an active key that configure completes.
func newKey(configure func(*admin.KeyChange)) func(*admin.KeyChange) error {
	return func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{
			ID: ration.NewKeyID(), Name: "test", Status: ration.StatusActive,
			CreatedAt: change.Now, UpdatedAt: change.Now,
		}
		configure(change)
		change.Audit = entry("key.create", change.Key.ID.String())
		return nil
	}
}

func (f *fixture) updateKey(id ration.KeyID, update func(*admin.KeyChange)) admin.KeyRecord {
	f.Helper()
	record, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		update(change)
		change.Key.UpdatedAt = change.Now
		change.Audit = entry("key.update", id.String())
		return nil
	})
	if err != nil {
		f.Fatalf("updating %s: %v", id, err)
	}
	return record
}

// newSecret makes a secret to be stored.
func newSecret(label string, now time.Time) admin.NewSecret {
	secret := ration.NewSecret(ration.DefaultSecretPrefix)
	start, end := secret.Ends()
	state := ration.SecretState{ID: ration.NewSecretID(), Label: label, Start: start, End: end, CreatedAt: now}
	return admin.NewSecret{SecretState: state, Digest: secret.Digest(nil)}
}

// parseLimits reads limits as people write them.
func parseLimits(t tb, texts ...string) []ration.Limit {
	t.Helper()
	limits := make([]ration.Limit, 0, len(texts))
	for _, text := range texts {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		limits = append(limits, limit)
	}
	return limits
}

// override reads a limit as an override.
func override(t tb, text string) ration.Override {
	t.Helper()
	return ration.Override{Limit: parseLimits(t, text)[0]}
}

// uniqueName returns a name that no other test uses.
func uniqueName() string { return "n" + strings.ReplaceAll(uuid.NewString(), "-", "") }
