package adminclient

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// SetMeter implements admin.Operations.
func (o *Operations) SetMeter(ctx context.Context, actor string, meter admin.MeterUnit) (admin.Meter, error) {
	set, err := o.admin.SetMeter(by(ctx, actor), meter.Name, api.MeterUnit{Unit: api.Number(meter.Unit.String())})
	return answered(set, err, readMeter)
}

// ListMeters implements admin.Operations.
func (o *Operations) ListMeters(ctx context.Context) ([]admin.Meter, error) {
	meters, err := o.admin.ListMeters(ctx)
	return answered(meters, err, func(meters []api.Meter) ([]admin.Meter, error) { return all(meters, readMeter) })
}

// CreatePlan implements admin.Operations.
func (o *Operations) CreatePlan(ctx context.Context, actor string, plan admin.NewPlan) (ration.Plan, error) {
	created, err := o.admin.CreatePlan(by(ctx, actor), newPlan(plan))
	return answered(created, err, readPlan)
}

// ListPlans implements admin.Operations.
func (o *Operations) ListPlans(ctx context.Context) ([]ration.Plan, error) {
	plans, err := o.admin.ListPlans(ctx)
	return answered(plans, err, func(plans []api.Plan) ([]ration.Plan, error) { return all(plans, readPlan) })
}

// ShowPlan implements admin.Operations.
func (o *Operations) ShowPlan(ctx context.Context, name string) (ration.Plan, error) {
	plan, _, err := o.admin.ShowPlan(ctx, name)
	return answered(plan, err, readPlan)
}

// UpdatePlan implements admin.Operations.
func (o *Operations) UpdatePlan(ctx context.Context, actor string, patch admin.PlanPatch) (ration.Plan, error) {
	changes := api.PlanPatch{TimeZone: patch.TimeZone, Unlimited: patch.Unlimited, SetLimits: limitTexts(patch.SetLimits), RemoveLimits: limitKeyTexts(patch.RemoveLimits), FromNextPeriod: patch.FromNextPeriod}
	plan, err := o.admin.UpdatePlan(by(ctx, actor), patch.Name, version(patch.IfUpdatedAt), changes)
	return answered(plan, err, readPlan)
}

// ApplyPlans implements admin.Operations.
func (o *Operations) ApplyPlans(ctx context.Context, actor string, apply admin.PlansApply) (admin.PlansApplied, error) {
	asked := api.PlansApply{Plans: []api.NewPlan{}, Prune: apply.Prune, DryRun: apply.DryRun, FromNextPeriod: apply.FromNextPeriod}
	for _, meter := range apply.Meters {
		asked.Meters = append(asked.Meters, api.NewMeter{Name: meter.Name, Unit: api.Number(meter.Unit.String())})
	}
	for _, plan := range apply.Plans {
		asked.Plans = append(asked.Plans, newPlan(plan))
	}
	applied, err := o.admin.ApplyPlans(by(ctx, actor), asked)
	return answered(applied, err, readPlansApplied)
}

// DeletePlan implements admin.Operations.
func (o *Operations) DeletePlan(ctx context.Context, actor, name string) error {
	return failed(o.admin.DeletePlan(by(ctx, actor), name))
}

// CreateToken implements admin.Operations.
func (o *Operations) CreateToken(ctx context.Context, actor string, token admin.NewToken) (admin.IssuedToken, error) {
	issued, err := o.admin.CreateToken(by(ctx, actor), newToken(token))
	return answered(issued, err, readIssuedToken)
}

// ListTokens implements admin.Operations.
func (o *Operations) ListTokens(ctx context.Context) ([]admin.Token, error) {
	tokens, err := o.admin.ListTokens(ctx)
	return answered(tokens, err, func(tokens []api.Token) ([]admin.Token, error) { return all(tokens, readToken) })
}

// RevokeToken implements admin.Operations.
func (o *Operations) RevokeToken(ctx context.Context, actor, name string) (admin.Token, error) {
	token, err := o.admin.RevokeToken(by(ctx, actor), name)
	return answered(token, err, readToken)
}
