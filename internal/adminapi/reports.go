package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

const tagReports = "reports"

func (a *API) registerReports() {
	register(a, operation{
		id: "reconcile", method: http.MethodGet, path: "/reconcile", tag: tagReports, scope: scopeRead,
		summary: "Compare counts with the request log",
		about:   "Each request looks at the next keys. Add up the answers until next_cursor is null.",
	}, reconcile)
}

type reconcileInput struct {
	Key    string `query:"key" doc:"Only this key, by its id."`
	Cursor string `query:"cursor" doc:"next_cursor of the answer before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most keys of one request."`
}

func reconcile(ctx context.Context, c Caller, in *reconcileInput) (*reply[api.ReconciliationChunk], error) {
	filter := admin.ReconcileFilter{Limit: in.Limit}
	var err error
	if filter.KeyID, err = readKeyParameter(in.Key); err != nil {
		return nil, err
	}
	if filter.After, err = readKeyCursor("?cursor", in.Cursor); err != nil {
		return nil, err
	}
	found, err := c.Operations.Reconcile(ctx, filter)
	return replyWith(api.ReconciliationChunk{Reconciliation: wire.Reconciliation(found), NextCursor: wire.KeyCursor(found.Last)}, err)
}
