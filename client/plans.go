package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// ListPlans returns one page of plans by name.
func (a *Admin) ListPlans(ctx context.Context, query NameQuery) (api.Page[api.Plan], error) {
	return list[api.Plan](ctx, a, "/plans", query.Values())
}

// Plans returns all of them, page by page. The sequence ends after an error.
func (a *Admin) Plans(ctx context.Context, query NameQuery) iter.Seq2[api.Plan, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Plan], error) {
		query.Cursor = cursor
		return a.ListPlans(ctx, query)
	})
}

// CreatePlan creates a plan.
func (a *Admin) CreatePlan(ctx context.Context, plan api.NewPlan) (api.Plan, error) {
	return once[api.Plan](ctx, a, "/plans", plan)
}

// ShowPlan returns a plan, and its version for UpdatePlan.
func (a *Admin) ShowPlan(ctx context.Context, name string) (plan api.Plan, version string, err error) {
	return versioned[api.Plan](ctx, a, "/plans/"+url.PathEscape(name))
}

// UpdatePlan changes a plan. The change holds for every decision that starts after it. If
// the version is no longer the one that was read, the error is [ErrChanged]; pass
// [AnyVersion] to change it whatever it is now.
func (a *Admin) UpdatePlan(ctx context.Context, name, version string, changes api.PlanPatch) (api.Plan, error) {
	return patch[api.Plan](ctx, a, "/plans/"+url.PathEscape(name), version, changes)
}

// PreviewPlan says what a plan would have refused lately if it had been as a patch would
// make it. It changes nothing. Its version is that of UpdatePlan.
func (a *Admin) PreviewPlan(ctx context.Context, name, version string, preview api.PlanPreview) (api.PlanPreviewed, error) {
	answer, _, err := ask[api.PlanPreviewed](ctx, a.transport, call{
		method: http.MethodPost, path: prefix + "/plans/" + url.PathEscape(name) + "/preview", body: preview, header: http.Header{"If-Match": {version}}, reads: true,
	})
	return answer, err
}

// DeletePlan deletes a plan that no key has.
func (a *Admin) DeletePlan(ctx context.Context, name string) error {
	_, err := change[struct{}](ctx, a, http.MethodDelete, "/plans/"+url.PathEscape(name), nil)
	return err
}

// ApplyPlans makes plans what they are to be, in one transaction.
func (a *Admin) ApplyPlans(ctx context.Context, apply api.PlansApply) (api.PlansApplied, error) {
	return change[api.PlansApplied](ctx, a, http.MethodPost, "/plans/apply", apply)
}
