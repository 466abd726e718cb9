package adminclient

import (
	"context"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// ListKeyRequests implements admin.Operations.
func (o *Operations) ListKeyRequests(ctx context.Context, filter admin.KeyRequestFilter) ([]admin.KeyRequest, error) {
	query := client.KeyRequestQuery{State: string(filter.State)}
	query.Cursor = cursorAfter(wire.ListOfKeyRequests, query.Values(), filter.After)
	return gather(filter.Limit, defaultRequests, &query.Paging, readKeyRequest, func() (api.Page[api.KeyRequest], error) { return o.admin.ListKeyRequests(ctx, query) })
}

// ShowKeyRequest implements admin.Operations.
func (o *Operations) ShowKeyRequest(ctx context.Context, id ration.KeyID) (admin.KeyRequest, error) {
	request, err := o.admin.ShowKeyRequest(ctx, id.String())
	return answered(request, err, readKeyRequest)
}

// ApproveKey implements admin.Operations.
func (o *Operations) ApproveKey(ctx context.Context, actor string, approval admin.KeyApproval) (admin.KeyRecord, error) {
	record, err := o.admin.ApproveKey(by(ctx, actor), approval.ID.String(), api.KeyApproval{Plan: approval.Plan, Owner: approval.Owner, Unlimited: approval.Unlimited})
	return answered(record, err, readKey)
}

// RejectKey implements admin.Operations.
func (o *Operations) RejectKey(ctx context.Context, actor string, rejection admin.KeyRejection) (admin.KeyRecord, error) {
	record, err := o.admin.RejectKey(by(ctx, actor), rejection.ID.String(), api.KeyRejection{Reason: rejection.Reason})
	return answered(record, err, readKey)
}

// CreatePickup implements admin.Operations.
func (o *Operations) CreatePickup(ctx context.Context, actor string, pickup admin.NewPickup) (admin.IssuedPickup, error) {
	issued, err := o.admin.CreatePickupLink(by(ctx, actor), pickup.ID.String(), api.NewPickup{Label: pickup.Label, ExpiresAt: orNil(pickup.ExpiresAt)})
	return answered(issued, err, readPickup)
}

func readKeyRequest(r api.KeyRequest) (request admin.KeyRequest, err error) {
	request = admin.KeyRequest{
		Name: r.Name, Email: r.Email, Reason: r.Reason, From: r.From, State: admin.RequestState(r.State), AskedAt: r.AskedAt, ExpiresAt: r.ExpiresAt,
		Decision: admin.RequestState(r.Decision), DecidedAt: orZero(r.DecidedAt), DecidedBy: r.DecidedBy, DecisionReason: r.DecisionReason,
		Owner: r.Owner, Plan: r.Plan, PickupUntil: orZero(r.PickupUntil), PickedUpAt: orZero(r.PickedUpAt),
	}
	request.KeyID, err = ration.ParseKeyID(r.ID)
	return request, err
}

func readPickup(p api.Pickup) (pickup admin.IssuedPickup, err error) {
	pickup.Label, pickup.ExpiresAt, pickup.Code = p.Label, p.ExpiresAt, ration.SecretFromText(p.Code)
	pickup.Page, _, _ = strings.Cut(p.URL, "#")
	pickup.KeyID, err = ration.ParseKeyID(p.Key)
	return pickup, err
}
