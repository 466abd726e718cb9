package admin_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestUpdateKeyChangesWhatIsNamed(t *testing.T) {
	o := open(t)
	o.plan("free", "10/day")
	issued := o.create(admin.NewKey{
		Name: "before", Owner: "alice", Scopes: []string{"a"}, Metadata: map[string]string{"keep": "1", "drop": "2"},
		AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	o.set(noon.Add(time.Minute))
	got := o.update(admin.KeyPatch{
		ID: issued.Key.ID, Name: new("after"), Plan: new("free"), ExpiresAt: new(noon.Add(time.Hour)), Scopes: []string{},
		Metadata: map[string]*string{"drop": nil, "add": new("3")},
	})
	want := issued.Key.Key
	want.Name, want.Plan, want.ExpiresAt, want.Scopes, want.UpdatedAt = "after", "free", noon.Add(time.Hour), nil, o.now()
	want.Metadata = map[string]string{"keep": "1", "add": "3"}
	if len(got.Scopes) == 0 {
		got.Scopes = nil
	}
	if diff := cmp.Diff(want, got.Key, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
}

func TestUpdateThatChangesNothingWritesNothing(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{Name: "k", Scopes: []string{"a"}})
	o.set(noon.Add(time.Minute))
	got := o.update(admin.KeyPatch{ID: issued.Key.ID, Name: new("k"), Scopes: []string{"a", "a"}, ExpiresAt: new(time.Time{})})
	if !got.UpdatedAt.Equal(noon) || o.actions(issued.Key.ID.String()) != "key.create" {
		t.Errorf("updated at %s, actions %q; want no change", got.UpdatedAt, o.actions(issued.Key.ID.String()))
	}
}

func TestUpdateKeyRefuses(t *testing.T) {
	o := open(t)
	id := o.create(admin.NewKey{}).Key.ID
	for _, row := range []struct {
		name  string
		patch admin.KeyPatch
		field string
	}{
		{"empty name", admin.KeyPatch{Name: new("")}, "name"},
		{"expiry in the past", admin.KeyPatch{ExpiresAt: new(noon.Add(-time.Second))}, "expires_at"},
		{"unknown zone", admin.KeyPatch{TimeZone: new("X")}, "time_zone"},
		{"limit that isn't the key's own", admin.KeyPatch{ClearOverrides: []ration.LimitKey{{Meter: "requests", Kind: "quota", Period: "day"}}}, "clear_limits"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.patch.ID = id
			_, err := o.UpdateKey(t.Context(), actor, row.patch)
			wantInvalid(t, err, row.field)
		})
	}
	_, err := o.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: id, Plan: new("none")})
	wantError(t, err, ration.ErrNotFound, `plan "none"`)
	unknown := ration.NewKeyID()
	_, err = o.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: unknown, Plan: new("none")})
	wantError(t, err, ration.ErrNotFound, unknown.String())
}

// TestOwnLimitsHaveNamesOfTheirOwn: a name tells a client which limit is meant.
func TestOwnLimitsHaveNamesOfTheirOwn(t *testing.T) {
	o := open(t)
	day, week := o.override("5/day", time.Time{}), o.override("9/week", time.Time{})
	day.Name, week.Name = "mine", "mine"
	_, err := o.CreateKey(t.Context(), actor, admin.NewKey{Name: "k", Overrides: []ration.Override{day, week}})
	wantInvalid(t, err, "limits")
	issued := o.create(admin.NewKey{Overrides: []ration.Override{day}})
	_, err = o.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: issued.Key.ID, SetOverrides: []ration.Override{week}})
	wantInvalid(t, err, "limits")
	o.update(admin.KeyPatch{ID: issued.Key.ID, SetOverrides: []ration.Override{week}, ClearOverrides: []ration.LimitKey{day.Key()}})

	// A limit that the plan gets later may have the name; both then go by others.
	limit := o.limits("7/month")[0]
	limit.Name = "mine"
	if _, err := o.CreatePlan(t.Context(), actor, admin.NewPlan{Name: "free", Limits: []ration.Limit{limit}}); err != nil {
		t.Fatal(err)
	}
	o.update(admin.KeyPatch{ID: issued.Key.ID, Plan: new("free")})
	var names []string
	for _, limit := range o.charge(issued.Secret).Limits {
		names = append(names, limit.Name)
	}
	if diff := cmp.Diff([]string{"requests-week", "requests-month"}, names); diff != "" {
		t.Errorf("names of the limits (-want +got):\n%s", diff)
	}
}

// TestUpdateOfAnExpiredKey: a time that was right when it was set stays right.
func TestUpdateOfAnExpiredKey(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{ExpiresAt: noon.Add(time.Hour), Overrides: []ration.Override{o.override("1/day", noon.Add(time.Hour))}})
	o.set(noon.Add(2 * time.Hour))
	o.wantCode(issued.Secret, ration.CodeKeyExpired)
	o.update(admin.KeyPatch{ID: issued.Key.ID, Name: new("renamed")})
	o.update(admin.KeyPatch{ID: issued.Key.ID, ExpiresAt: new(time.Time{})})
	o.wantCode(issued.Secret, ration.CodeOK)
}

func TestOverrideReplacesLiftsAndEnds(t *testing.T) {
	o := open(t)
	o.plan("free", "1/day")
	issued := o.create(admin.NewKey{Plan: "free"})
	id := issued.Key.ID
	o.wantCode(issued.Secret, ration.CodeOK)
	o.wantCode(issued.Secret, ration.CodeQuotaExceeded)

	o.update(admin.KeyPatch{ID: id, SetOverrides: []ration.Override{o.override("2/day", noon.Add(time.Hour))}})
	o.wantCode(issued.Secret, ration.CodeOK)
	o.wantCode(issued.Secret, ration.CodeQuotaExceeded)

	o.update(admin.KeyPatch{ID: id, SetOverrides: []ration.Override{o.override("unlimited/day", noon.Add(time.Hour))}})
	o.wantCode(issued.Secret, ration.CodeOK)
	o.set(noon.Add(time.Hour))
	o.wantCode(issued.Secret, ration.CodeQuotaExceeded) // it has ended by itself

	o.update(admin.KeyPatch{ID: id, SetOverrides: []ration.Override{o.override("9/day", time.Time{})}})
	o.wantCode(issued.Secret, ration.CodeOK)
	record := o.update(admin.KeyPatch{ID: id, ClearOverrides: []ration.LimitKey{{Meter: "requests", Kind: "quota", Period: "day"}}})
	o.wantCode(issued.Secret, ration.CodeQuotaExceeded)
	if len(record.Overrides) != 0 {
		t.Errorf("overrides %v; want none", record.Overrides)
	}
	if got, want := o.actions(id.String()), "key.create key.update key.update key.update key.update"; got != want {
		t.Errorf("actions %q; want %q", got, want)
	}
}

var perDay = []ration.LimitKey{{Meter: "requests", Kind: "quota", Period: "day"}}

// TestTemporaryLimitLeavesTheLastingOne: what is set, ended and taken away is the
// one layer or the other.
func TestTemporaryLimitLeavesTheLastingOne(t *testing.T) {
	o := open(t)
	o.plan("free", "1/day")
	issued := o.create(admin.NewKey{Plan: "free", Overrides: []ration.Override{o.override("5/day", time.Time{})}})
	for _, row := range []struct {
		name     string
		patch    admin.KeyPatch
		at       time.Duration // after noon
		quantity int64         // that holds then
		layers   int
	}{
		{"a raise", admin.KeyPatch{SetOverrides: []ration.Override{o.override("9/day", noon.Add(time.Hour))}}, 0, 9, 2},
		{"another raise in its place", admin.KeyPatch{SetOverrides: []ration.Override{o.override("8/day", noon.Add(2*time.Hour))}}, time.Hour, 8, 2},
		{"a lasting limit beneath", admin.KeyPatch{SetOverrides: []ration.Override{o.override("6/day", time.Time{})}}, time.Hour, 8, 2},
		{"nothing but time", admin.KeyPatch{Name: new("renamed")}, 2 * time.Hour, 6, 2},
		{"a lasting limit after the end", admin.KeyPatch{SetOverrides: []ration.Override{o.override("4/day", time.Time{})}}, 2 * time.Hour, 4, 1},
		{"both at once", admin.KeyPatch{SetOverrides: []ration.Override{o.override("3/day", time.Time{}), o.override("7/day", noon.Add(3*time.Hour))}}, 2 * time.Hour, 7, 2},
		{"the temporary one is ended", admin.KeyPatch{ClearTemporary: perDay}, 2 * time.Hour, 3, 1},
		{"a cut", admin.KeyPatch{SetOverrides: []ration.Override{o.override("0/day", noon.Add(3*time.Hour))}}, 2 * time.Hour, 0, 2},
		{"the lasting one is taken away", admin.KeyPatch{ClearLasting: perDay}, 2 * time.Hour, 0, 1},
		{"nothing is left but the plan", admin.KeyPatch{Name: new("again")}, 3 * time.Hour, 1, 1},
		{"both anew", admin.KeyPatch{SetOverrides: []ration.Override{o.override("3/day", time.Time{}), o.override("7/day", noon.Add(5*time.Hour))}}, 3 * time.Hour, 7, 2},
		{"both are taken away", admin.KeyPatch{ClearOverrides: perDay}, 3 * time.Hour, 1, 0},
	} {
		row.patch.ID = issued.Key.ID
		record := o.update(row.patch)
		o.set(noon.Add(row.at))
		status, err := o.ShowKey(t.Context(), issued.Key.ID)
		if err != nil || len(status.Limits) != 1 || status.Limits[0].Quantity != row.quantity || len(record.Overrides) != row.layers {
			t.Errorf("%s: %+v with %+v, %v; want %d/day with %d limits of its own", row.name, status.Limits, record.Overrides, err, row.quantity, row.layers)
		}
	}
	for field, patch := range map[string]admin.KeyPatch{
		"clear_limits": {ClearOverrides: perDay}, "clear_temporary_limits": {ClearTemporary: perDay}, "clear_lasting_limits": {ClearLasting: perDay},
		"limits": {SetOverrides: []ration.Override{o.override("3/day", noon.Add(9*time.Hour)), o.override("7/day", noon.Add(8*time.Hour))}},
	} {
		patch.ID = issued.Key.ID
		_, err := o.UpdateKey(t.Context(), actor, patch)
		wantInvalid(t, err, field)
	}
}
