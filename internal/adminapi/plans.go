package adminapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagPlans = "plans"

// ByName is the input of operations on what has a name.
type ByName struct {
	Name string `path:"name" doc:"The name."`
}

func (a *API) registerPlans() {
	register(a, operation{
		id: "listPlans", method: http.MethodGet, path: "/plans", tag: tagPlans, scope: scopeRead,
		summary: "List plans by name",
	}, listPlans)
	register(a, operation{
		id: "createPlan", method: http.MethodPost, path: "/plans", tag: tagPlans, scope: scopeAdmin, status: http.StatusCreated,
		summary: "Create a plan",
		errors:  repeatable, example: api.NewPlan{Name: "pro", TimeZone: "Europe/Berlin", Limits: []string{"10000/day", "200000 tokens/month", "10/second burst 20", "5 at once"}},
	}, createPlan)
	register(a, operation{
		id: "showPlan", method: http.MethodGet, path: "/plans/{name}", tag: tagPlans, scope: scopeRead,
		summary: "Show a plan",
	}, showPlan)
	register(a, operation{
		id: "updatePlan", method: http.MethodPatch, path: "/plans/{name}", tag: tagPlans, scope: scopeAdmin,
		summary: "Change a plan", about: "A JSON merge patch (RFC 7396). The change holds for every decision that starts after the answer.",
		errors: changed, example: api.PlanPatch{SetLimits: []string{"20000/day"}, FromNextPeriod: true},
	}, updatePlan)
	register(a, operation{
		id: "previewPlan", method: http.MethodPost, path: "/plans/{name}/preview", tag: tagPlans, scope: scopeRead,
		summary: "Show what a changed plan would have refused lately", about: "It changes nothing. Many keys are read with pauses, for at most 10 seconds.",
		errors: []int{http.StatusPreconditionFailed}, example: api.PlanPreview{Patch: api.PlanPatch{SetLimits: []string{"500/day"}}},
	}, previewPlan)
	register(a, operation{
		id: "deletePlan", method: http.MethodDelete, path: "/plans/{name}", tag: tagPlans, scope: scopeAdmin, status: http.StatusNoContent,
		summary: "Delete a plan that no key has",
	}, deletePlan)
	register(a, operation{
		id: "applyPlans", method: http.MethodPost, path: "/plans/apply", tag: tagPlans, scope: scopeAdmin,
		summary: "Make plans what they are to be, in one transaction", about: "Applied again, it changes nothing.",
		example: api.PlansApply{Plans: []api.NewPlan{{Name: "free", Limits: []string{"1000/day"}}, {Name: "pro", Limits: []string{"10000/day"}}}, DryRun: true},
	}, applyPlans)
}

// listByNameInput selects what is listed by name.
type listByNameInput struct {
	Sort string `query:"sort" enum:"name,-name" default:"name" doc:"The order: by name, from a or from z."`
	Paging
}

func (in *listByNameInput) filter(after string, most int) admin.NameFilter {
	return admin.NameFilter{Descending: in.Sort == "-name", After: after, Limit: most}
}

func listPlans(ctx context.Context, c Caller, in *listByNameInput) (*reply[api.Page[api.Plan]], error) {
	plans := list[ration.Plan, api.Plan, string]{
		name: wire.ListOfPlans, show: wire.Plans, place: func(p *ration.Plan) string { return p.Name },
		find: func(ctx context.Context, after string, most int) ([]ration.Plan, error) {
			return c.Operations.ListPlans(ctx, in.filter(after, most))
		},
	}
	return plans.page(ctx, in.Paging)
}

type createPlanInput struct {
	Repeatable
	Body api.NewPlan
}

func createPlan(ctx context.Context, c Caller, in *createPlanInput) (*created[api.Plan], error) {
	asked, err := readNewPlan(&in.Body)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (ration.Plan, error) {
		return c.Operations.CreatePlan(ctx, c.Actor, asked)
	}, func(plan ration.Plan) *created[api.Plan] {
		return &created[api.Plan]{Location: Prefix + "/plans/" + url.PathEscape(plan.Name), ETag: wire.Version(plan.UpdatedAt), Body: wire.Plan(plan)}
	})
}

func readNewPlan(p *api.NewPlan) (rationadmin.NewPlan, error) {
	limits, err := readLimits("limits", p.Limits)
	return rationadmin.NewPlan{Name: p.Name, TimeZone: p.TimeZone, Limits: limits, Unlimited: p.Unlimited}, err
}

func showPlan(ctx context.Context, c Caller, in *ByName) (*versioned[api.Plan], error) {
	plan, err := c.Operations.ShowPlan(ctx, in.Name)
	return versionOf(plan, err)
}

func versionOf(plan ration.Plan, err error) (*versioned[api.Plan], error) {
	if err != nil {
		return nil, err
	}
	return &versioned[api.Plan]{ETag: wire.Version(plan.UpdatedAt), Body: wire.Plan(plan)}, nil
}

type updatePlanInput struct {
	ByName
	Precondition
	RawBody []byte
	Body    api.PlanPatch
}

func updatePlan(ctx context.Context, c Caller, in *updatePlanInput) (*versioned[api.Plan], error) {
	patch, err := readPlanPatch(in.Name, &in.Body, in.RawBody)
	if err != nil {
		return nil, err
	}
	if patch.IfUpdatedAt, err = in.seen(); err != nil {
		return nil, err
	}
	plan, err := c.Operations.UpdatePlan(ctx, c.Actor, patch)
	return versionOf(plan, err)
}

// readPlanPatch reads a patch. The raw form says where null is.
func readPlanPatch(name string, p *api.PlanPatch, raw []byte) (patch admin.PlanPatch, err error) {
	nulls := nullMembers(raw)
	if err := refuseNulls(nulls, "time_zone"); err != nil {
		return patch, err
	}
	patch = admin.PlanPatch{Name: name, TimeZone: orNone(p.TimeZone, nulls["time_zone"]), Unlimited: p.Unlimited, FromNextPeriod: p.FromNextPeriod}
	if patch.SetLimits, err = readLimits("set_limits", p.SetLimits); err != nil {
		return patch, err
	}
	patch.RemoveLimits, err = readLimitKeys("remove_limits", p.RemoveLimits)
	return patch, err
}

type previewPlanInput struct {
	ByName
	Precondition
	RawBody []byte
	Body    api.PlanPreview
}

func previewPlan(ctx context.Context, c Caller, in *previewPlanInput) (*reply[api.PlanPreviewed], error) {
	preview := admin.PlanPreview{Limit: in.Body.Limit}
	var err error
	if preview.Patch, err = readPlanPatch(in.Name, &in.Body.Patch, memberOf(in.RawBody, "patch")); err != nil {
		return nil, below("/patch", err)
	}
	if in.IfMatch != "" {
		if preview.Patch.IfUpdatedAt, err = in.seen(); err != nil {
			return nil, err
		}
	}
	if preview.From, err = readDate("/from", in.Body.From); err != nil {
		return nil, err
	}
	if preview.To, err = readDate("/to", in.Body.To); err != nil {
		return nil, err
	}
	if in.Body.Keys != nil {
		preview.Keys = new(readFilter(*in.Body.Keys))
	}
	found, err := c.Operations.PreviewPlan(ctx, preview)
	if err != nil {
		return nil, err
	}
	return replyWith(wire.PlanPreviewed(found), nil)
}

func deletePlan(ctx context.Context, c Caller, in *ByName) (*struct{}, error) {
	return nil, c.Operations.DeletePlan(ctx, c.Actor, in.Name)
}

type applyPlansInput struct {
	Body api.PlansApply
}

func applyPlans(ctx context.Context, c Caller, in *applyPlansInput) (*reply[api.PlansApplied], error) {
	apply := rationadmin.PlansApply{Prune: in.Body.Prune, DryRun: in.Body.DryRun, FromNextPeriod: in.Body.FromNextPeriod}
	for i := range in.Body.Meters {
		meter, err := readMeter(in.Body.Meters[i].Name, in.Body.Meters[i].Unit)
		if err != nil {
			return nil, below(element("meters", i), err)
		}
		apply.Meters = append(apply.Meters, meter)
	}
	for i := range in.Body.Plans {
		plan, err := readNewPlan(&in.Body.Plans[i])
		if err != nil {
			return nil, below(element("plans", i), err)
		}
		apply.Plans = append(apply.Plans, plan)
	}
	applied, err := c.Operations.ApplyPlans(ctx, c.Actor, apply)
	if err != nil {
		return nil, err
	}
	return replyWith(api.PlansApplied{DryRun: apply.DryRun, Meters: wire.MeterChanges(applied.Meters), Plans: wire.PlanChanges(applied.Plans)}, nil)
}
