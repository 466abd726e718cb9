package admin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
)

// A day of 25 hours is longer than a day of any offset: what starts after it must not be
// put in place an hour early by another change of the plan.
func TestPlansKeepWhatHasNotStartedInTheLongestDay(t *testing.T) {
	o := open(t)
	o.set(time.Date(2030, 10, 26, 22, 5, 0, 0, time.UTC)) // 00:05 on the 27th in Berlin
	o.plan("free", "5/day")
	key := o.create(admin.NewKey{Plan: "free", TimeZone: "Europe/Berlin"}).Key.ID
	if _, err := o.UpdatePlan(t.Context(), actor, admin.PlanPatch{Name: "free", SetLimits: o.limits("1000/day"), FromNextPeriod: true}); err != nil {
		t.Fatal(err)
	}
	admitted := func(charges int) (count int) {
		for range charges {
			decisions, err := o.store.Charge(t.Context(), testbatch.Requests(t, key))
			if err != nil {
				t.Fatal(err)
			}
			if decisions[0].Code == ration.CodeOK {
				count++
			}
		}
		return count
	}
	o.set(time.Date(2030, 10, 27, 22, 30, 0, 0, time.UTC)) // 23:30, still the 27th
	if _, err := o.UpdatePlan(t.Context(), actor, admin.PlanPatch{Name: "free", SetLimits: o.limits("100000/month")}); err != nil {
		t.Fatal(err)
	}
	if got := admitted(20); got != 5 {
		t.Errorf("%d of 20 are admitted in the last hour of the old limit, want 5", got)
	}
	o.set(time.Date(2030, 10, 27, 23, 0, 0, 0, time.UTC)) // midnight
	if got := admitted(20); got != 20 {
		t.Errorf("%d of 20 are admitted on the next day, want all", got)
	}
}

// A plan that has started for a key takes it out of reach, even before it was written.
func TestKeysLeaveTheReachWithTheirNextPlan(t *testing.T) {
	o := open(t)
	o.plan("free", "5/day")
	o.plan("pro", "1000/day")
	key := o.create(admin.NewKey{Plan: "free"}).Key.ID
	record, err := o.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: key, Plan: new("pro"), FromNextPeriod: true})
	if err != nil {
		t.Fatal(err)
	}
	narrowed := o.Within(admin.Reach{Plans: []string{"free"}})
	if _, err := narrowed.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: key, Name: new("before")}); err != nil {
		t.Errorf("before the next plan: %v", err)
	}
	o.set(record.NextPlanAt.Add(time.Minute))
	for name, change := range map[string]func() error{
		"a rename": func() error {
			_, err := narrowed.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: key, Name: new("after")})
			return err
		},
		"the old plan": func() error {
			_, err := narrowed.UpdateKey(t.Context(), actor, admin.KeyPatch{ID: key, Plan: new("free")})
			return err
		},
		"a reset": func() error {
			_, err := narrowed.ResetKey(t.Context(), actor, admin.KeyReset{ID: key, Reason: "a test"})
			return err
		},
		"a revocation": func() error { _, err := narrowed.RevokeKey(t.Context(), actor, key); return err },
	} {
		if err := change(); !errors.Is(err, ration.ErrNotFound) {
			t.Errorf("%s: %v, want that there is no such key", name, err)
		}
	}
}

func TestDatesThatAZoneSkipsAreEmpty(t *testing.T) {
	o := open(t)
	skipped := ration.DateID(2011, time.December, 30) // Samoa went from the 29th to the 31st
	for _, by := range [][]admin.UsageGroup{nil, {admin.ByDay}, {admin.ByHour}, {admin.ByMonth}} {
		report, err := o.SumUsage(t.Context(), admin.UsageQuestion{UsageFilter: admin.UsageFilter{From: skipped, To: skipped}, By: by, Zone: "Pacific/Apia"})
		if err != nil || len(report.Sums) != 0 {
			t.Errorf("by %v: %+v, %v; want nothing", by, report, err)
		}
	}
}
