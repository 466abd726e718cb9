package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *API) registerAudit() {
	exported[api.Page[api.AuditEntry]](a, operation{
		id: "listAudit", method: http.MethodGet, path: "/audit", tag: tagReports, scope: scopeRead,
		summary: "List who changed what",
	}, a.listAudit)
}

type listAuditInput struct {
	Target string    `query:"target" doc:"Only changes of this: a key's id, plan:NAME or token:NAME."`
	Action string    `query:"action" doc:"Only changes of this kind, such as key.create."`
	Actor  string    `query:"actor" doc:"Only changes by this actor, such as token:NAME."`
	Since  time.Time `query:"since" doc:"Only changes from this time on, such as 2030-01-31T00:00:00Z."`
	Until  time.Time `query:"until" doc:"Only changes before this time."`
	Sort   string    `query:"sort" enum:"-at,at" default:"-at" doc:"The order: by time, the newest or the oldest first."`
	Paging
	Form
}

func (a *API) listAudit(ctx context.Context, c Caller, in *listAuditInput) (*either, error) {
	filter := admin.AuditFilter{Target: in.Target, Action: in.Action, Actor: in.Actor, Since: in.Since, Until: in.Until, OldestFirst: in.Sort == "at"}
	entries := list[admin.AuditEntry, api.AuditEntry, admin.AuditPosition]{
		name: wire.ListOfAudit, show: wire.AuditEntries, place: (*admin.AuditEntry).Position,
		find: func(ctx context.Context, after admin.AuditPosition, most int) ([]admin.AuditEntry, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListAudit(ctx, filter)
		},
	}
	return entries.either(ctx, a, &in.Form, in.Paging, sheet.Audit)
}
