package storetest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var planTests = []contractTest{
	{"a plan comes back as it was stored", testPlanRoundTrip},
	{"an update of a plan writes what it leaves", testPlanUpdate},
	{"a plan's update that changes nothing writes nothing", testPlanUnchanged},
	{"plans are told apart by name", testPlanErrors},
	{"a plan that a key has can't be deleted", testDeletePlan},
	{"plans are listed by name", testListPlans},
	{"plans are applied together or not at all", testApplyPlans},
}

// anyOrder is for limits, whose order is Normalize's to give.
var anyOrder = cmpopts.SortSlices(func(a, b ration.Limit) bool { return a.Key().DefaultName() < b.Key().DefaultName() })

func (f *fixture) storedPlan(name string) ration.Plan {
	f.Helper()
	plan, err := f.Store.Plan(f.Context(), name)
	if err != nil {
		f.Fatalf("reading plan %s: %v", name, err)
	}
	return plan
}

func testPlanRoundTrip(f *fixture) {
	f.setNow(noon.Add(time.Microsecond))
	named := parseLimits(f, "5/day")[0]
	named.Name = "Daily.free_tier-1"
	want, err := ration.Plan{
		Name: uniqueName(), TimeZone: "Asia/Kathmandu", Unlimited: true,
		Limits: append(parseLimits(f, "0/hour", "9007199254740992 tokens/month", "3/second burst 300000", "10/minute", "1/week", "7 tokens/lifetime"), named),
	}.Normalize()
	if err != nil {
		f.Fatal(err)
	}
	want.CreatedAt, want.UpdatedAt = f.now, f.now
	got, err := f.Store.CreatePlan(f.Context(), func(change *admin.PlanChange) error {
		if !change.Now.Equal(f.now) {
			f.Errorf("the change is at %s, want %s", change.Now, f.now)
		}
		change.Plan, change.Audit = want, entry("plan.create", "plan:"+want.Name)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.want("plan as created", want, got, anyOrder)
	f.want("plan as read", want, f.storedPlan(want.Name), anyOrder)
}

func testPlanUpdate(f *fixture) {
	want := f.planIn("Asia/Tokyo", "5/day", "7 tokens/month", "2/second")
	f.advance(time.Minute)
	change := func(plan *ration.Plan) {
		plan.TimeZone = "Europe/Rome"
		plan.Limits = parseLimits(f, "6/day", "2/second burst 9", "3/hour")
	}
	f.updatePlan(want.Name, change)
	change(&want)
	want.UpdatedAt = f.now
	f.want("plan", want, f.storedPlan(want.Name), anyOrder)
	f.setLimits(want.Name)
	want.Limits = nil
	f.want("plan without limits", want, f.storedPlan(want.Name))
}

func testPlanUnchanged(f *fixture) {
	plan := f.plan("5/day")
	audit := f.audit(admin.AuditFilter{Target: "plan:" + plan.Name})
	for _, cause := range []error{admin.ErrUnchanged, ration.ErrConflict} {
		got, err := f.Store.UpdatePlan(f.Context(), plan.Name, func(change *admin.PlanChange) error {
			change.Plan.Limits, change.Plan.TimeZone = nil, "Europe/Rome"
			change.Audit = entry("plan.update", "plan:"+plan.Name)
			return cause
		})
		if cause == admin.ErrUnchanged { //nolint:errorlint // which row it is, not an error that was returned
			f.wantError(err, nil)
			f.want("plan as returned", plan, got, anyOrder)
		} else {
			f.wantError(err, cause)
		}
		f.want("plan as read", plan, f.storedPlan(plan.Name), anyOrder)
		f.want("audit log", audit, f.audit(admin.AuditFilter{Target: "plan:" + plan.Name}))
	}
}

func testPlanErrors(f *fixture) {
	plan := f.plan("5/day")
	_, err := f.Store.CreatePlan(f.Context(), func(change *admin.PlanChange) error {
		change.Plan, change.Audit = ration.Plan{Name: plan.Name}, entry("plan.create", "plan:"+plan.Name)
		return nil
	})
	f.wantError(err, ration.ErrExists)
	f.want("the plan that was there", plan, f.storedPlan(plan.Name), anyOrder)
	unknown := uniqueName()
	_, err = f.Store.Plan(f.Context(), unknown)
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.UpdatePlan(f.Context(), unknown, func(*admin.PlanChange) error {
		f.Error("update was called for a plan that does not exist")
		return nil
	})
	f.wantError(err, ration.ErrNotFound)
	f.wantError(f.Store.DeletePlan(f.Context(), unknown, entry("plan.delete", "plan:"+unknown)), ration.ErrNotFound)
	if entries := f.audit(admin.AuditFilter{Target: "plan:" + unknown}); len(entries) > 0 {
		f.Errorf("what did not happen was logged: %+v", entries)
	}
}

func testDeletePlan(f *fixture) {
	plan := f.plan("5/day")
	id := f.key(plan.Name)
	remove := func() error {
		return f.Store.DeletePlan(f.Context(), plan.Name, entry("plan.delete", "plan:"+plan.Name))
	}
	f.wantError(remove(), ration.ErrConflict)
	f.allow(id, requests(1), 4)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	f.wantError(remove(), ration.ErrConflict)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = "" })
	f.wantError(remove(), nil)
	_, err := f.Store.Plan(f.Context(), plan.Name)
	f.wantError(err, ration.ErrNotFound)
	f.wantError(remove(), ration.ErrNotFound)
	actions := []string{}
	for _, entry := range f.audit(admin.AuditFilter{Target: "plan:" + plan.Name}) {
		actions = append(actions, entry.Action)
	}
	f.want("actions", []string{"plan.delete", "plan.create"}, actions)
}

func testListPlans(f *fixture) {
	var want []string
	for range 3 {
		want = append(want, f.plan("5/day", "3 tokens/month").Name)
	}
	slices.Sort(want)
	plans, err := f.Store.ListPlans(f.Context(), admin.NameFilter{})
	if err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, plan := range plans {
		if slices.Contains(want, plan.Name) {
			got = append(got, plan.Name)
			f.want("plan as listed", f.storedPlan(plan.Name), plan, anyOrder)
		}
	}
	f.want("names", want, got)
}
