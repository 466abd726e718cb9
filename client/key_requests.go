package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// KeyRequestQuery selects requests for keys. A zero field does not restrict the selection.
type KeyRequestQuery struct {
	State string // pending, approved, rejected, picked_up, expired or withdrawn
	Paging
}

// Values returns the parameters of the request.
func (q KeyRequestQuery) Values() url.Values { return q.parameters("state", q.State) }

// ListKeyRequests returns one page of requests for keys, the newest first.
func (a *Admin) ListKeyRequests(ctx context.Context, query KeyRequestQuery) (api.Page[api.KeyRequest], error) {
	return list[api.KeyRequest](ctx, a, "/key-requests", query.Values())
}

// KeyRequests returns all requests that match, page by page. The sequence ends after an
// error.
func (a *Admin) KeyRequests(ctx context.Context, query KeyRequestQuery) iter.Seq2[api.KeyRequest, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.KeyRequest], error) {
		query.Cursor = cursor
		return a.ListKeyRequests(ctx, query)
	})
}

// ShowKeyRequest returns the request that a key was made for.
func (a *Admin) ShowKeyRequest(ctx context.Context, id string) (api.KeyRequest, error) {
	return read[api.KeyRequest](ctx, a, "/key-requests/"+url.PathEscape(id), nil)
}

// ApproveKey gives a key that was asked for a plan and an owner, and makes it active: then
// the asker can pick it up.
func (a *Admin) ApproveKey(ctx context.Context, id string, approval api.KeyApproval) (api.KeyRecord, error) {
	return change[api.KeyRecord](ctx, a, http.MethodPost, "/key-requests/"+url.PathEscape(id)+"/approve", approval)
}

// RejectKey refuses a key that was asked for, for good.
func (a *Admin) RejectKey(ctx context.Context, id string, rejection api.KeyRejection) (api.KeyRecord, error) {
	return change[api.KeyRecord](ctx, a, http.MethodPost, "/key-requests/"+url.PathEscape(id)+"/reject", rejection)
}

// CreatePickupLink makes a link with which somebody picks up a secret of a key, once. The
// answer has its code, which can't be shown again.
func (a *Admin) CreatePickupLink(ctx context.Context, id string, pickup api.NewPickup) (api.Pickup, error) {
	return once[api.Pickup](ctx, a, "/keys/"+url.PathEscape(id)+"/pickup-links", pickup)
}
