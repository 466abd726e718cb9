package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func limitTexts(plan ration.Plan) (texts []string) {
	for _, limit := range plan.Limits {
		texts = append(texts, limit.Name+": "+limit.String())
	}
	return texts
}

func TestPlanHoldsForTheNextDecision(t *testing.T) {
	o := open(t)
	o.plan("free", "1/day")
	issued := o.create(admin.NewKey{Plan: "free"})
	o.wantCode(issued.Secret, ration.CodeOK)
	o.wantCode(issued.Secret, ration.CodeQuotaExceeded)
	if _, err := o.UpdatePlan(t.Context(), actor, admin.PlanPatch{Name: "free", SetLimits: o.limits("2/day")}); err != nil {
		t.Fatal(err)
	}
	o.wantCode(issued.Secret, ration.CodeOK)
	o.wantCode(issued.Secret, ration.CodeQuotaExceeded)
}

func TestUpdatePlan(t *testing.T) {
	o := open(t)
	limits := o.limits("1/day", "10 tokens/month", "5/second")
	limits[0].Name = "daily"
	created, err := o.CreatePlan(t.Context(), actor, admin.NewPlan{Name: "free", Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	o.set(noon.Add(time.Minute))
	got, err := o.UpdatePlan(t.Context(), actor, admin.PlanPatch{
		Name: "free", TimeZone: new("Asia/Kathmandu"), SetLimits: o.limits("2/day", "7/hour"),
		RemoveLimits: []ration.LimitKey{{Meter: "tokens", Kind: ration.KindQuota, Period: ration.PeriodMonth}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"requests-rate-second: 5/second", "requests-hour: 7/hour", "daily: 2/day"}
	if diff := cmp.Diff(want, limitTexts(got)); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	if got.TimeZone != "Asia/Kathmandu" || !got.CreatedAt.Equal(created.CreatedAt) || !got.UpdatedAt.Equal(o.now()) {
		t.Errorf("plan %+v", got)
	}
	o.set(noon.Add(2 * time.Minute))
	same, err := o.UpdatePlan(t.Context(), actor, admin.PlanPatch{Name: "free", SetLimits: o.limits("7/hour")})
	if err != nil || !same.UpdatedAt.Equal(got.UpdatedAt) {
		t.Errorf("updated at %s (%v) by a patch that changes nothing", same.UpdatedAt, err)
	}
	if got, want := o.actions("plan:free"), "plan.create plan.update"; got != want {
		t.Errorf("actions %q; want %q", got, want)
	}
	details := string(o.audit(admin.AuditFilter{Target: "plan:free"})[0].Details)
	if want := `{"limit.requests/day":{"old":{"limit":"1/day","name":"daily"},"new":{"limit":"2/day","name":"daily"}},"limit.requests/hour":{"new":{"limit":"7/hour"}},"limit.tokens/month":{"old":{"limit":"10 tokens/month"}},"time_zone":{"new":"Asia/Kathmandu"}}`; details != want {
		t.Errorf("details %s; want %s", details, want)
	}
}

func TestPlansRefuse(t *testing.T) {
	o := open(t)
	o.plan("free", "1/day")
	ctx := t.Context()
	_, err := o.CreatePlan(ctx, actor, admin.NewPlan{Name: "free"})
	wantError(t, err, ration.ErrExists, `plan "free"`)
	_, err = o.CreatePlan(ctx, actor, admin.NewPlan{Name: "a b"})
	wantInvalid(t, err, "plan")
	_, err = o.CreatePlan(ctx, actor, admin.NewPlan{Name: "a", TimeZone: "X/Y"})
	wantInvalid(t, err, "time_zone")
	_, err = o.CreatePlan(ctx, actor, admin.NewPlan{Name: "a", Limits: o.limits("1/day", "2/day")})
	wantInvalid(t, err, "limits")
	_, err = o.CreatePlan(ctx, "", admin.NewPlan{Name: "a"})
	wantInvalid(t, err, "actor")
	_, err = o.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "free", RemoveLimits: []ration.LimitKey{{Meter: "requests", Kind: "quota", Period: "week"}}})
	wantInvalid(t, err, "remove_limits")
	_, err = o.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "free", SetLimits: o.limits("1/hour", "2/hour")})
	wantInvalid(t, err, "limits")
	_, err = o.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "free", SetLimits: o.limits("1/day", "2/day")})
	wantInvalid(t, err, "limits")
	_, err = o.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "none"})
	wantError(t, err, ration.ErrNotFound, `plan "none"`)
	_, err = o.ShowPlan(ctx, "none")
	wantError(t, err, ration.ErrNotFound, `plan "none"`)
	wantError(t, o.DeletePlan(ctx, actor, "none"), ration.ErrNotFound, `plan "none"`)
	if plan, err := o.ShowPlan(ctx, "free"); err != nil || plan.Limits[0].Quantity != 1 || o.actions("plan:free") != "plan.create" {
		t.Errorf("plan %v (%v), actions %q; want it as it was", plan, err, o.actions("plan:free"))
	}
}

func TestDeletePlan(t *testing.T) {
	o := open(t)
	o.plan("free")
	id := o.create(admin.NewKey{Plan: "free"}).Key.ID
	wantError(t, o.DeletePlan(t.Context(), actor, "free"), ration.ErrConflict, `keys still have plan "free"`)
	o.update(admin.KeyPatch{ID: id, Plan: new("")})
	if err := o.DeletePlan(t.Context(), actor, "free"); err != nil {
		t.Fatal(err)
	}
	if plans, err := o.ListPlans(t.Context(), admin.NameFilter{}); err != nil || len(plans) != 0 || o.actions("plan:free") != "plan.create plan.delete" {
		t.Errorf("plans %v (%v), actions %q", plans, err, o.actions("plan:free"))
	}
}
