package adminclient

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// SetMeter implements admin.Operations.
func (o *Operations) SetMeter(ctx context.Context, actor string, meter admin.MeterUnit) (admin.Meter, error) {
	set, err := o.admin.SetMeter(by(ctx, actor), meter.Name, api.MeterUnit{Unit: api.Number(meter.Unit.String())})
	return answered(set, err, readMeter)
}

// ListMeters implements admin.Operations.
func (o *Operations) ListMeters(ctx context.Context, filter admin.NameFilter) ([]admin.Meter, error) {
	query := nameQuery(filter)
	query.Cursor = cursorAfter(wire.ListOfMeters, query.Values(), filter.After)
	return gather(filter.Limit, allOfThem, &query.Paging, readMeter, func() (api.Page[api.Meter], error) { return o.admin.ListMeters(ctx, query) })
}

func nameQuery(filter admin.NameFilter) (query client.NameQuery) {
	if filter.Descending {
		query.Sort = "-name"
	}
	return query
}

// CreatePlan implements admin.Operations.
func (o *Operations) CreatePlan(ctx context.Context, actor string, plan admin.NewPlan) (ration.Plan, error) {
	created, err := o.admin.CreatePlan(by(ctx, actor), newPlan(plan))
	return answered(created, err, readPlan)
}

// ListPlans implements admin.Operations.
func (o *Operations) ListPlans(ctx context.Context, filter admin.NameFilter) ([]ration.Plan, error) {
	query := nameQuery(filter)
	query.Cursor = cursorAfter(wire.ListOfPlans, query.Values(), filter.After)
	return gather(filter.Limit, allOfThem, &query.Paging, readPlan, func() (api.Page[api.Plan], error) { return o.admin.ListPlans(ctx, query) })
}

// ShowPlan implements admin.Operations.
func (o *Operations) ShowPlan(ctx context.Context, name string) (ration.Plan, error) {
	plan, _, err := o.admin.ShowPlan(ctx, name)
	return answered(plan, err, readPlan)
}

// UpdatePlan implements admin.Operations.
func (o *Operations) UpdatePlan(ctx context.Context, actor string, patch admin.PlanPatch) (ration.Plan, error) {
	plan, err := o.admin.UpdatePlan(by(ctx, actor), patch.Name, version(patch.IfUpdatedAt), planPatch(&patch))
	return answered(plan, err, readPlan)
}

// PreviewPlan implements admin.Operations.
func (o *Operations) PreviewPlan(ctx context.Context, preview admin.PlanPreview) (admin.PlanPreviewed, error) {
	asked := api.PlanPreview{Patch: planPatch(&preview.Patch), From: date(preview.From), To: date(preview.To), Limit: preview.Limit}
	if preview.Keys != nil {
		asked.Keys = new(keyFilter(*preview.Keys))
	}
	found, err := o.admin.PreviewPlan(ctx, preview.Patch.Name, version(preview.Patch.IfUpdatedAt), asked)
	return answered(found, err, readPlanPreviewed)
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
func (o *Operations) ListTokens(ctx context.Context, filter admin.TokenFilter) ([]admin.Token, error) {
	var query client.TokenQuery
	query.Sort = "created_at"
	if filter.ByName {
		query.Sort = "name"
	}
	if filter.Descending {
		query.Sort = "-" + query.Sort
	}
	query.Cursor = cursorAfter(wire.ListOfTokens, query.Values(), filter.After)
	return gather(filter.Limit, allOfThem, &query.Paging, readToken, func() (api.Page[api.Token], error) { return o.admin.ListTokens(ctx, query) })
}

// RevokeToken implements admin.Operations.
func (o *Operations) RevokeToken(ctx context.Context, actor, name string) (admin.Token, error) {
	token, err := o.admin.RevokeToken(by(ctx, actor), name)
	return answered(token, err, readToken)
}
