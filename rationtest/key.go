package rationtest

import (
	"context"
	"database/sql"
	"net/netip"
	"net/url"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Key describes a key to create. The zero value is a key without limits.
type Key struct {
	Name       string // empty: "test"
	Owner      string
	Plan       string   // the name of a plan that [Fixture.Plan] made; empty: none
	Limits     []string // the key's own limits, in the form that [ration.ParseLimit] reads
	Scopes     []string
	AllowedIPs []netip.Prefix
	TimeZone   string
	ExpiresAt  time.Time // zero: never
}

// IssuedKey is a new key, with the secret that its holder sends.
type IssuedKey struct {
	ID     ration.KeyID
	Secret ration.Secret
}

// Plan creates a plan with limits as people write them, such as "1000/day" or
// "10/second burst 20".
func (f *Fixture) Plan(name string, limits ...string) {
	f.t.Helper()
	plan := admin.NewPlan{Name: name}
	for _, text := range limits {
		limit, err := ration.ParseLimit(text)
		f.must(err)
		plan.Limits = append(plan.Limits, limit)
	}
	_, err := f.admin.CreatePlan(f.context(), actor, plan)
	f.must(err)
}

// Key creates an active key with one secret.
func (f *Fixture) Key(key Key) IssuedKey {
	f.t.Helper()
	created := admin.NewKey{
		Name: key.Name, Owner: key.Owner, Plan: key.Plan, Scopes: key.Scopes,
		AllowedIPs: key.AllowedIPs, TimeZone: key.TimeZone, ExpiresAt: key.ExpiresAt,
	}
	if created.Name == "" {
		created.Name = "test"
	}
	for _, text := range key.Limits {
		override, err := admin.ParseOverride(text)
		f.must(err)
		created.Overrides = append(created.Overrides, override)
	}
	issued, err := f.admin.CreateKey(f.context(), actor, created)
	f.must(err)
	return IssuedKey{ID: issued.Key.ID, Secret: issued.Secret}
}

// Disable refuses a key's charges until Enable is called.
func (f *Fixture) Disable(id ration.KeyID) {
	f.t.Helper()
	_, err := f.admin.DisableKey(f.context(), actor, id)
	f.must(err)
}

// Enable lets a disabled key be used again.
func (f *Fixture) Enable(id ration.KeyID) {
	f.t.Helper()
	_, err := f.admin.EnableKey(f.context(), actor, id)
	f.must(err)
}

// Revoke ends a key for ever.
func (f *Fixture) Revoke(id ration.KeyID) {
	f.t.Helper()
	_, err := f.admin.RevokeKey(f.context(), actor, id)
	f.must(err)
}

// Used returns the units that a key has used on a meter in all time, and how many of
// its charges on that meter were denied.
func (f *Fixture) Used(id ration.KeyID, meter string) (units, denied int64) {
	f.t.Helper()
	usage, _, err := f.database.KeyUsage(f.context(), id)
	f.must(err)
	if entry := usage.Meter(meter); entry != nil {
		return entry.Used, entry.Denied
	}
	return 0, 0
}

// Reserved returns the units that open reservations of a key hold on a meter.
func (f *Fixture) Reserved(id ration.KeyID, meter string) int64 {
	f.t.Helper()
	usage, _, err := f.database.KeyUsage(f.context(), id)
	f.must(err)
	if entry := usage.Meter(meter); entry != nil {
		return entry.Reserved
	}
	return 0
}

// History adds up all days of a key's history on a meter. It returns the units that
// stayed used, and those that were given back.
func (f *Fixture) History(id ration.KeyID, meter string) (used, givenBack int64) {
	f.t.Helper()
	history, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: f.path, RawQuery: "mode=ro"}).String())
	f.must(err)
	defer func() { f.must(history.Close()) }()
	f.must(history.QueryRowContext(f.context(), "SELECT coalesce(sum(used), 0), coalesce(sum(given_back), 0) FROM usage_days WHERE api_key_id = ? AND meter = ?", id[:], meter).Scan(&used, &givenBack))
	return used, givenBack
}

// context is the test's; in its clean-up functions that has ended already.
func (f *Fixture) context() context.Context { return context.WithoutCancel(f.t.Context()) }

func (f *Fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}
