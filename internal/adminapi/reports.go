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
		id: "listAudit", method: http.MethodGet, path: "/audit", tag: tagReports, scope: scopeRead,
		summary: "List who changed what", about: "The newest entries come first.",
	}, listAudit)
	register(a, operation{
		id: "reconcile", method: http.MethodGet, path: "/reconcile", tag: tagReports, scope: scopeRead,
		summary: "Compare counts with the request log",
		about:   "Each request looks at the next keys. Add up the answers until next_cursor is null.",
	}, reconcile)
}

type listAuditInput struct {
	Target string `query:"target" doc:"Only changes of this: a key's id, plan:NAME or token:NAME."`
	Actor  string `query:"actor" doc:"Only changes by this actor, such as token:NAME."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most entries."`
}

func listAudit(ctx context.Context, c Caller, in *listAuditInput) (*reply[api.AuditLog], error) {
	entries, err := c.Operations.ListAudit(ctx, admin.AuditFilter{Target: in.Target, Actor: in.Actor, Limit: in.Limit + 1})
	more := len(entries) > in.Limit
	if more {
		entries = entries[:in.Limit]
	}
	return replyWith(api.AuditLog{Items: wire.AuditEntries(entries), More: more}, err)
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
