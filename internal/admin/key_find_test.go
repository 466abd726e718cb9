package admin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// unlimited returns the names of the keys that a filter finds, two at a time.
func (o *office) unlimited(filter admin.KeyFilter) (names []string) {
	o.Helper()
	filter.Limit = 2
	for key, err := range admin.AllKeys(o.Context(), o, filter) {
		if err != nil {
			o.Fatal(err)
		}
		names = append(names, key.Name)
	}
	return names
}

// limitless creates keys with and without a limit, marked and not, and some that
// can't be used.
func (o *office) limitless() {
	o.Helper()
	o.plan("free", "5/day")
	o.plan("empty")
	if _, err := o.CreatePlan(o.Context(), actor, admin.NewPlan{Name: "open", Unlimited: true}); err != nil {
		o.Fatal(err)
	}
	end := noon.Add(time.Hour)
	o.create(admin.NewKey{Name: "held", Plan: "free"})
	o.create(admin.NewKey{Name: "none"})
	o.create(admin.NewKey{Name: "meant", Unlimited: true})
	o.create(admin.NewKey{Name: "on empty", Plan: "empty"})
	o.create(admin.NewKey{Name: "on open", Plan: "open"})
	o.create(admin.NewKey{Name: "until one", Overrides: []ration.Override{o.override("5/day", end)}})
	o.create(admin.NewKey{Name: "ends before", ExpiresAt: end, Overrides: []ration.Override{o.override("5/day", end)}})
	revoked := o.create(admin.NewKey{Name: "revoked"})
	if _, err := o.RevokeKey(o.Context(), actor, revoked.Key.ID); err != nil {
		o.Fatal(err)
	}
	o.create(admin.NewKey{Name: "expired", ExpiresAt: end})
	o.create(admin.NewKey{Name: "lifted", Plan: "free", Overrides: []ration.Override{o.override("unlimited/day", time.Time{})}})
}

func TestKeysWithoutLimitAreFound(t *testing.T) {
	o := open(t)
	o.limitless()
	for name, row := range map[string]struct {
		filter admin.KeyFilter
		want   []string
	}{
		"any":           {admin.KeyFilter{Unlimited: admin.UnlimitedAny}, []string{"none", "meant", "on empty", "on open", "until one", "expired", "lifted"}},
		"marked":        {admin.KeyFilter{Unlimited: admin.UnlimitedMarked}, []string{"meant", "on open"}},
		"unmarked":      {admin.KeyFilter{Unlimited: admin.UnlimitedUnmarked}, []string{"none", "on empty", "until one", "expired", "lifted"}},
		"of a plan":     {admin.KeyFilter{Unlimited: admin.UnlimitedAny, Plan: "free"}, []string{"lifted"}},
		"of a name":     {admin.KeyFilter{Unlimited: admin.UnlimitedUnmarked, Name: "meant"}, nil},
		"that can't be": {admin.KeyFilter{Unlimited: admin.UnlimitedAny, Status: ration.StatusRevoked}, nil},
	} {
		if diff := cmp.Diff(row.want, o.unlimited(row.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	o.set(noon.Add(2 * time.Hour))
	want := []string{"none", "on empty", "until one", "lifted"}
	if diff := cmp.Diff(want, o.unlimited(admin.KeyFilter{Unlimited: admin.UnlimitedUnmarked})); diff != "" {
		t.Errorf("after one has expired (-want +got):\n%s", diff)
	}
	_, err := o.ListKeys(t.Context(), admin.KeyFilter{Unlimited: "some"})
	wantInvalid(t, err, "unlimited")
}

// TestKeysWithoutLimitAreCounted names the first of them in doctor's finding, and
// gives a warning only where somebody has to do something.
func TestKeysWithoutLimitAreCounted(t *testing.T) {
	o := open(t)
	finding := func() admin.Finding {
		findings, err := o.Diagnose(t.Context(), admin.DiagnoseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return findings[slices.IndexFunc(findings, func(f admin.Finding) bool { return f.Check == "limits" })]
	}
	o.create(admin.NewKey{Unlimited: true})
	o.create(admin.NewKey{Overrides: []ration.Override{o.override("0/day", time.Time{})}})
	if got := finding(); got.State != admin.FindingOK || got.Advice != "" {
		t.Errorf("where one is meant to have none: %+v", got)
	}
	first := o.create(admin.NewKey{}).Key.ID.String()
	want := "1 key has no limit, now or when a temporary one ends: " + first
	if got := finding(); got.State != admin.FindingWarning || got.Detail != want || got.Advice == "" {
		t.Errorf("one key: %+v; want a warning: %s", got, want)
	}
	want = "7 keys have no limit, now or when a temporary one ends: " + first
	for i := range 6 {
		if id := o.create(admin.NewKey{}).Key.ID.String(); i < 4 {
			want += ", " + id
		}
	}
	if got := finding(); got.Detail != want+", …" {
		t.Errorf("seven keys: %+v; want %s, …", got, want)
	}
}

// unreadable is a store in which a key can't be read, or nothing.
type unreadable struct {
	admin.Store
	err error
}

func (u *unreadable) ListKeys(context.Context, admin.KeyFilter) (admin.FoundKeys, error) {
	return admin.FoundKeys{}, u.err
}

// TestKeyThatCannotBeReadEndsNoDiagnosis: whoever has a damaged key needs the other
// checks.
func TestKeyThatCannotBeReadEndsNoDiagnosis(t *testing.T) {
	store := &unreadable{Store: open(t).store, err: errors.New("key_1 is damaged")}
	service := admin.New(store, admin.Config{})
	findings, err := service.Diagnose(t.Context(), admin.DiagnoseOptions{})
	i := slices.IndexFunc(findings, func(f admin.Finding) bool { return f.Check == "limits" })
	if err != nil || i < 0 || findings[i].State != admin.FindingWarning || !strings.Contains(findings[i].Detail, "key_1 is damaged") {
		t.Errorf("findings %+v, %v; want a warning that names the key", findings, err)
	}
	store.err = ration.ErrStoreUnavailable
	if _, err := service.Diagnose(t.Context(), admin.DiagnoseOptions{}); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("error %v; want that the store is away", err)
	}
}

// TestKeysWithoutLimitAreCured gives all of them a limit, or a mark, and leaves those
// alone that have either.
func TestKeysWithoutLimitAreCured(t *testing.T) {
	for name, row := range map[string]struct {
		patch admin.KeyPatch
		left  []string // without a mark
	}{
		"by a limit": {admin.KeyPatch{SetOverrides: []ration.Override{{Limit: ration.Limit{Meter: "requests", Quantity: 9, Period: ration.PeriodDay}}}}, nil},
		"by a plan":  {admin.KeyPatch{Plan: new("free")}, []string{"lifted"}},
		"by a mark":  {admin.KeyPatch{Unlimited: new(true)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.limitless()
			change := admin.KeysChange{Filter: admin.KeyFilter{Unlimited: admin.UnlimitedUnmarked}, Action: admin.ActionUpdate, Patch: row.patch}
			would := change
			would.DryRun = true
			o.wantChanged(o.changeAll(would), 5-len(row.left), len(row.left), nil)
			o.wantChanged(o.changeAll(change), 5-len(row.left), len(row.left), nil)
			if diff := cmp.Diff(row.left, o.unlimited(admin.KeyFilter{Unlimited: admin.UnlimitedUnmarked})); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
			if marked := o.unlimited(admin.KeyFilter{Unlimited: admin.UnlimitedMarked}); !slices.Contains(marked, "meant") || !slices.Contains(marked, "on open") {
				t.Errorf("marked: %v; want those that were", marked)
			}
		})
	}
}

// TestKeysWithoutLimitAreSelectedUnderTheirLock: a key that somebody has just given a
// limit keeps that.
func TestKeysWithoutLimitAreSelectedUnderTheirLock(t *testing.T) {
	o := open(t)
	o.plan("free", "5/day")
	cured, other := o.create(admin.NewKey{}), o.create(admin.NewKey{})
	store := &racing{Store: o.store, meanwhile: func() {
		o.update(admin.KeyPatch{ID: cured.Key.ID, SetOverrides: []ration.Override{o.override("7/day", time.Time{})}})
	}}
	result, err := rationadmin.ChangeAllKeys(t.Context(), admin.New(store, admin.Config{}), actor, admin.KeysChange{
		Filter: admin.KeyFilter{Unlimited: admin.UnlimitedUnmarked}, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Plan: new("free")},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.wantChanged(result, 1, 0, nil)
	for id, plan := range map[ration.KeyID]string{cured.Key.ID: "", other.Key.ID: "free"} {
		status, err := o.ShowKey(t.Context(), id)
		if err != nil || status.Plan != plan {
			t.Errorf("%s has plan %q, %v; want %q", id, status.Plan, err, plan)
		}
	}
}

// TestPlanThatLosesItsLimitsLeavesKeys counts the keys of a plan that nothing holds
// when the plan no longer does.
func TestPlanThatLosesItsLimitsLeavesKeys(t *testing.T) {
	o := open(t)
	o.plan("free", "5/day", "9/month")
	o.create(admin.NewKey{Name: "elsewhere"})
	o.create(admin.NewKey{Name: "own", Plan: "free", Overrides: []ration.Override{o.override("5 tokens/day", time.Time{})}})
	lifted := o.create(admin.NewKey{Plan: "free", Overrides: []ration.Override{o.override("unlimited/day", time.Time{})}}).Key.ID
	plain := o.create(admin.NewKey{Plan: "free"}).Key.ID
	lose := func(period ration.Period, want ...ration.KeyID) {
		t.Helper()
		limit := ration.LimitKey{Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: period}
		if _, err := o.UpdatePlan(t.Context(), actor, admin.PlanPatch{Name: "free", RemoveLimits: []ration.LimitKey{limit}}); err != nil {
			t.Fatal(err)
		}
		got, err := o.CountUnlimited(t.Context(), admin.KeyFilter{Plan: "free"})
		if diff := cmp.Diff(admin.UnlimitedKeys{Count: len(want), First: want}, got); err != nil || diff != "" {
			t.Errorf("without a limit a %s: %v (-want +got):\n%s", period, err, diff)
		}
	}
	lose(ration.PeriodMonth, lifted)
	lose(ration.PeriodDay, lifted, plain)
}
