package storetest

import (
	"errors"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func testApplyPlans(f *fixture) {
	kept, gone, used := f.plan("1/day"), f.plan("2/day"), f.plan("3/day")
	f.key(used.Name)
	made := ration.Plan{Name: uniqueName(), Limits: parseLimits(f, "4/day")}
	change := func(remove ...ration.Plan) func(*admin.PlansChange) error {
		return func(change *admin.PlansChange) error {
			if keys, err := change.KeysOf(used.Name); err != nil || keys != 1 {
				f.Errorf("%d keys have the plan, %v; want 1", keys, err)
			}
			i := slices.IndexFunc(change.Plans, func(p ration.Plan) bool { return p.Name == kept.Name })
			if i < 0 || !change.Now.Equal(f.now) {
				f.Fatalf("at %s there are %+v; want also %s", change.Now, change.Plans, kept.Name)
			}
			after := change.Plans[i]
			after.Limits = parseLimits(f, "10/day", "5 tokens/hour")
			after.UpdatedAt = change.Now
			made.CreatedAt, made.UpdatedAt = change.Now, change.Now
			change.Create = []admin.PlanChange{{Now: change.Now, Plan: made, Audit: entry("plan.create", "plan:"+made.Name)}}
			change.Update = []admin.PlanChange{{Now: change.Now, Plan: after, Audit: entry("plan.update", "plan:"+kept.Name)}}
			for _, plan := range remove {
				change.Delete = append(change.Delete, admin.PlanChange{Now: change.Now, Plan: plan, Audit: entry("plan.delete", "plan:"+plan.Name)})
			}
			return nil
		}
	}
	errRefused := errors.New("refused")
	for _, failing := range []struct {
		apply func(*admin.PlansChange) error
		want  error
	}{
		{change(gone, used), ration.ErrConflict},
		{func(c *admin.PlansChange) error { return errors.Join(change(gone)(c), errRefused) }, errRefused},
		{func(c *admin.PlansChange) error { return errors.Join(change(gone)(c), admin.ErrUnchanged) }, nil},
	} {
		f.wantError(f.Store.ApplyPlans(f.Context(), failing.apply), failing.want)
		f.want("the plan that would be updated", kept, f.storedPlan(kept.Name), anyOrder)
		f.want("the plan that would be deleted", gone, f.storedPlan(gone.Name), anyOrder)
		_, err := f.Store.Plan(f.Context(), made.Name)
		f.wantError(err, ration.ErrNotFound)
	}

	if err := f.Store.ApplyPlans(f.Context(), change(gone)); err != nil {
		f.Fatal(err)
	}
	if limits := f.storedPlan(kept.Name).Limits; len(limits) != 2 {
		f.Errorf("the limits are %v, want the two new ones", limits)
	}
	f.want("the new plan", made, f.storedPlan(made.Name), anyOrder)
	_, err := f.Store.Plan(f.Context(), gone.Name)
	f.wantError(err, ration.ErrNotFound)
	for name, action := range map[string]string{made.Name: "plan.create", kept.Name: "plan.update", gone.Name: "plan.delete"} {
		entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{Target: "plan:" + name, Limit: 1})
		if err != nil || len(entries) != 1 || entries[0].Action != action {
			f.Errorf("the audit log has %+v, %v; want %s", entries, err, action)
		}
	}
}
