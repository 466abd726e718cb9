package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagKeyRequests = "key requests"

func (a *API) registerKeyRequests() {
	register(a, operation{
		id: "listKeyRequests", method: http.MethodGet, path: "/key-requests", tag: tagKeyRequests, scope: scopeRead,
		summary: "List requests for keys", about: "The newest first. Requests that were rejected or have expired are deleted 30 days later, with their keys.",
	}, listKeyRequests)
	register(a, operation{
		id: "showKeyRequest", method: http.MethodGet, path: "/key-requests/{id}", tag: tagKeyRequests, scope: scopeRead,
		summary: "Show a request for a key",
	}, showKeyRequest)
	register(a, operation{
		id: "approveKey", method: http.MethodPost, path: "/key-requests/{id}/approve", tag: tagKeyRequests, scope: scopeKeys,
		summary: "Approve a request for a key", about: "The key becomes active, and the asker can pick up its secret with the code from asking. Of several who decide, one does; the others are told who did.",
		errors: []int{http.StatusConflict}, example: api.KeyApproval{Plan: "free"},
	}, approveKey)
	register(a, operation{
		id: "rejectKey", method: http.MethodPost, path: "/key-requests/{id}/reject", tag: tagKeyRequests, scope: scopeKeys,
		summary: "Reject a request for a key", about: "The asker reads the reason. It is final.",
		errors: []int{http.StatusConflict}, example: api.KeyRejection{Reason: "write from your company's address, please"},
	}, rejectKey)
	register(a, operation{
		id: "createPickupLink", method: http.MethodPost, path: "/keys/{id}/pickup-links", tag: tagKeys, scope: scopeKeys, status: http.StatusCreated,
		summary: "Make a link to pick up a secret of a key", about: "Whoever uses the link first gets the secret, which is made only then. The answer has the code, which can't be shown again.",
		errors: repeatable, example: api.NewPickup{Label: "laptop"},
	}, createPickupLink)
}

type listKeyRequestsInput struct {
	State string `query:"state" enum:"pending,approved,rejected,picked_up,expired,withdrawn" doc:"Only those in this state."`
	Paging
}

func listKeyRequests(ctx context.Context, c Caller, in *listKeyRequestsInput) (*reply[api.Page[api.KeyRequest]], error) {
	filter := admin.KeyRequestFilter{State: admin.RequestState(in.State)}
	requests := list[admin.KeyRequest, api.KeyRequest, ration.KeyID]{
		name: wire.ListOfKeyRequests, show: wire.KeyRequests, place: func(request *admin.KeyRequest) ration.KeyID { return request.KeyID },
		find: func(ctx context.Context, after ration.KeyID, most int) ([]admin.KeyRequest, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListKeyRequests(ctx, filter)
		},
	}
	return requests.page(ctx, in.Paging)
}

func showKeyRequest(ctx context.Context, c Caller, in *ByKey) (*reply[api.KeyRequest], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	request, err := c.Operations.ShowKeyRequest(ctx, id)
	return replyWith(wire.KeyRequest(request), err)
}

type approveKeyInput struct {
	ByKey
	Body api.KeyApproval
}

func approveKey(ctx context.Context, c Caller, in *approveKeyInput) (*versioned[api.KeyRecord], error) {
	return decided(in.ID, func(id ration.KeyID) (rationadmin.KeyRecord, error) {
		return c.Operations.ApproveKey(ctx, c.Actor, rationadmin.KeyApproval{ID: id, Plan: in.Body.Plan, Owner: in.Body.Owner, Unlimited: in.Body.Unlimited})
	})
}

type rejectKeyInput struct {
	ByKey
	Body api.KeyRejection
}

func rejectKey(ctx context.Context, c Caller, in *rejectKeyInput) (*versioned[api.KeyRecord], error) {
	return decided(in.ID, func(id ration.KeyID) (rationadmin.KeyRecord, error) {
		return c.Operations.RejectKey(ctx, c.Actor, rationadmin.KeyRejection{ID: id, Reason: in.Body.Reason})
	})
}

func decided(id string, decide func(ration.KeyID) (rationadmin.KeyRecord, error)) (*versioned[api.KeyRecord], error) {
	key, err := readKeyID(id)
	if err != nil {
		return nil, err
	}
	record, err := decide(key)
	if err != nil {
		return nil, err
	}
	return &versioned[api.KeyRecord]{ETag: wire.Version(record.UpdatedAt), Body: wire.Key(record, time.Now())}, nil
}

type createPickupLinkInput struct {
	ByKey
	Repeatable
	Body api.NewPickup
}

// createdPickup is the answer that has the code of a link.
type createdPickup struct {
	Replayable
	Body api.Pickup
}

func createPickupLink(ctx context.Context, c Caller, in *createPickupLinkInput) (*createdPickup, error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (rationadmin.IssuedPickup, error) {
		return c.Operations.CreatePickup(ctx, c.Actor, rationadmin.NewPickup{ID: id, Label: in.Body.Label, ExpiresAt: instant(in.Body.ExpiresAt)})
	}, func(issued rationadmin.IssuedPickup) *createdPickup { return &createdPickup{Body: wire.Pickup(issued)} })
}
