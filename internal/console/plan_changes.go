package console

import (
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerPlanChanges() {
	c.get("/plans/new", c.newPlan)
	c.post("/plans/new", c.createPlan)
	c.get("/plans/{name}/edit", c.editPlan)
	c.get("/plans/{name}/preview", func(v *visit) error { return v.redirect(planPath(v.r.PathValue("name")) + "/edit") }) // loaded again
	c.post("/plans/{name}/preview", c.previewPlan)
	c.post("/plans/{name}/update", c.updatePlan)
	c.post("/plans/{name}/keep", c.keepLimit)
	c.post("/plans/{name}/delete", c.deletePlan)
}

// planForm is what a form says a plan is to be.
type planForm struct {
	Name       string
	Limits     string // one in each line
	TimeZone   string
	Unlimited  bool
	NextPeriod bool   // limits change with each key's next period
	Updated    string // when the plan was last changed, as the visitor has seen it
}

func (v *visit) planForm() planForm {
	return planForm{
		Name: v.value("name"), Limits: strings.TrimRight(strings.ReplaceAll(v.r.PostFormValue("limits"), "\r\n", "\n"), " \n"), TimeZone: v.value("time_zone"),
		Unlimited: v.value("unlimited") != "", NextPeriod: v.value("from") == "next-period", Updated: v.value("updated_at"),
	}
}

// formOf returns the form that leaves a plan as it is.
func formOf(plan *ration.Plan) planForm {
	return planForm{
		Name: plan.Name, Limits: limitsText(plan.Limits), TimeZone: plan.TimeZone, Unlimited: plan.Unlimited,
		Updated: plan.UpdatedAt.UTC().Format(time.RFC3339Nano),
	}
}

// limits reads the limits of a form.
func (f *planForm) limits() ([]ration.Limit, error) {
	var limits []ration.Limit
	for _, line := range numbered(f.Limits) {
		limit, err := ration.ParseLimit(line.text)
		if err != nil {
			return nil, line.wrong(err)
		}
		if i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == limit.Key() }); i >= 0 {
			return nil, line.wrong(&ration.InvalidError{Reason: "it and " + limits[i].String() + " limit the same; keep one of them"})
		}
		limits = append(limits, limit)
	}
	return limits, nil
}

// patch returns what makes a plan as the form says. A limit that the form has as the plan
// has it is not in the patch.
func (f *planForm) patch(plan *ration.Plan) (rationadmin.PlanPatch, error) {
	patch := rationadmin.PlanPatch{Name: plan.Name, TimeZone: changed(plan.TimeZone, f.TimeZone), FromNextPeriod: f.NextPeriod}
	if f.Unlimited != plan.Unlimited {
		patch.Unlimited = &f.Unlimited
	}
	if f.Updated != "" {
		seen, err := time.Parse(time.RFC3339Nano, f.Updated)
		if err != nil {
			return patch, &ration.InvalidError{Field: "updated_at", Reason: "load the page again"}
		}
		patch.IfUpdatedAt = seen
	}
	limits, err := f.limits()
	if err != nil {
		return patch, err
	}
	for _, limit := range limits {
		if !slices.ContainsFunc(plan.Limits, func(l ration.Limit) bool { return l.Key() == limit.Key() && l.String() == limit.String() }) {
			patch.SetLimits = append(patch.SetLimits, limit)
		}
	}
	for _, limit := range plan.Limits {
		if !slices.ContainsFunc(limits, func(l ration.Limit) bool { return l.Key() == limit.Key() }) {
			patch.RemoveLimits = append(patch.RemoveLimits, limit.Key())
		}
	}
	return patch, nil
}

func (c *Console) newPlan(v *visit) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
	v.show(200, "plan-new", layout{Title: "New plan", Section: "/plans", Page: planForm{}})
	return nil
}

func (c *Console) createPlan(v *visit) error {
	form := v.planForm()
	limits, err := form.limits()
	if err != nil {
		return err
	}
	plan, err := v.Operations.CreatePlan(v.ctx, actor, rationadmin.NewPlan{Name: form.Name, TimeZone: form.TimeZone, Limits: limits, Unlimited: form.Unlimited})
	if err != nil {
		return err
	}
	return v.done(planPath(plan.Name), "The plan "+plan.Name+" is made. Give it to keys on their pages.", nil)
}

// planEditPage is what the page shows.
type planEditPage struct {
	planForm
	Path    string
	Preview *planPreview // what the change would do; nil: nobody has asked yet
}

func (c *Console) editPlan(v *visit) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
	plan, err := v.planOf()
	if err != nil {
		return err
	}
	v.show(200, "plan-edit", layout{Title: "Change " + plan.Name, Section: "/plans", Page: planEditPage{planForm: formOf(&plan), Path: planPath(plan.Name)}})
	return nil
}

// updatePlan makes a plan what the form says.
func (c *Console) updatePlan(v *visit) error {
	before, err := v.planOf()
	if err != nil {
		return err
	}
	form := v.planForm()
	patch, err := form.patch(&before)
	if err != nil {
		return err
	}
	after, err := v.Operations.UpdatePlan(v.ctx, actor, patch)
	if err != nil {
		return err
	}
	text := "The plan " + after.Name + " is changed, for every request from now on."
	if form.NextPeriod {
		text = "The plan " + after.Name + " changes with each key’s next period."
	}
	return v.done(planPath(after.Name), text, undoOfPlan(&before, &after))
}

// undoOfPlan takes a change of a plan back, unless that would lose something that its form
// does not have: the name of a limit, or a change that was to start later.
func undoOfPlan(before, after *ration.Plan) *undo {
	if len(before.Next) > 0 || len(after.Next) > 0 || before.UpdatedAt.Equal(after.UpdatedAt) {
		return nil
	}
	for _, limit := range before.Limits {
		stays := slices.ContainsFunc(after.Limits, func(l ration.Limit) bool { return l.Key() == limit.Key() })
		if !stays && limit.Name != limit.Key().DefaultName() {
			return nil
		}
	}
	form := formOf(before)
	form.Updated = after.UpdatedAt.UTC().Format(time.RFC3339Nano)
	return &undo{planPath(before.Name) + "/update", form.fields()}
}

// fields are those of a form that says the same.
func (f *planForm) fields() map[string]string {
	fields := map[string]string{"name": f.Name, "limits": f.Limits, "time_zone": f.TimeZone, "updated_at": f.Updated}
	if f.Unlimited {
		fields["unlimited"] = "yes"
	}
	return fields
}

// keepLimit takes back what was to change a limit later: the limit as it is now takes its
// place.
func (c *Console) keepLimit(v *visit) error {
	plan, err := v.planOf()
	if err != nil {
		return err
	}
	key := ration.LimitKey{Meter: v.value("meter"), Kind: ration.Kind(v.value("kind")), Period: ration.Period(v.value("period"))}
	patch := rationadmin.PlanPatch{Name: plan.Name, FromNextPeriod: true, RemoveLimits: []ration.LimitKey{key}}
	if i := slices.IndexFunc(plan.Limits, func(l ration.Limit) bool { return l.Key() == key }); i >= 0 {
		patch.SetLimits, patch.RemoveLimits = plan.Limits[i:i+1], nil
	}
	if _, err := v.Operations.UpdatePlan(v.ctx, actor, patch); err != nil {
		return err
	}
	return v.done(planPath(plan.Name), "The limit stays as it is.", nil)
}

func (c *Console) deletePlan(v *visit) error {
	plan, err := v.planOf()
	if err != nil {
		return err
	}
	if err := v.checkTyped(plan.Name); err != nil {
		return err
	}
	if err := v.Operations.DeletePlan(v.ctx, actor, plan.Name); err != nil {
		return err
	}
	return v.done("/plans", "The plan "+plan.Name+" is deleted.", undoOfDeletion(&plan))
}

// undoOfDeletion makes a plan again, unless that would lose something.
func undoOfDeletion(plan *ration.Plan) *undo {
	named := slices.ContainsFunc(plan.Limits, func(l ration.Limit) bool { return l.Name != l.Key().DefaultName() })
	if named || len(plan.Next) > 0 {
		return nil
	}
	form := formOf(plan)
	return &undo{"/plans/new", form.fields()}
}
