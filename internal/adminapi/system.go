package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

const tagSystem = "system"

func (a *API) registerSystem() {
	register(a, operation{
		id: "showSystem", method: http.MethodGet, path: "/system", tag: tagSystem, scope: scopeRead,
		summary: "Show what answers: the instance, and its database", about: "GET /v1/admin/system/findings checks the database.",
	}, showSystem)
	register(a, operation{
		id: "listInstances", method: http.MethodGet, path: "/instances", tag: tagSystem, scope: scopeRead,
		summary: "List the instances that serve on the database",
		about:   "An instance says every 10 seconds that it runs. One that was not seen for 30 seconds is lost, and forgotten after a day; one that stops in order is not listed any more.",
	}, listInstances)
	register(a, operation{
		id: "diagnose", method: http.MethodGet, path: "/system/findings", tag: tagSystem, scope: scopeRead,
		summary: "Check the database", about: "Each check has a finding, even if all is well.",
	}, diagnose)
	register(a, operation{
		id: "repairUsage", method: http.MethodPost, path: "/system/repair-usage", tag: tagSystem, scope: scopeAdmin,
		summary: "Correct the usage of keys that were charged while the clock was ahead",
		about:   "Send next_cursor of the answer as cursor of the next request, until it is null.",
	}, repairUsage)
	register(a, operation{
		id: "backup", method: http.MethodPost, path: "/system/backup", tag: tagSystem, scope: scopeAdmin, local: true,
		summary: "Write a copy of the database to a new file on the server's machine",
	}, backup)
}

func showSystem(ctx context.Context, c Caller, _ *struct{}) (*reply[api.System], error) {
	system, err := c.Operations.System(ctx)
	return replyWith(wire.System(system), err)
}

func listInstances(ctx context.Context, c Caller, _ *struct{}) (*reply[api.Instances], error) {
	instances, err := c.Operations.ListInstances(ctx)
	return replyWith(wire.Instances(instances), err)
}

type diagnoseInput struct {
	Deep bool `query:"deep" doc:"Also make the checks that read the whole database."`
}

func diagnose(ctx context.Context, c Caller, in *diagnoseInput) (*reply[api.Findings], error) {
	findings, err := c.Operations.Diagnose(ctx, admin.DiagnoseOptions{Deep: in.Deep})
	return replyWith(api.Findings{Items: wire.Findings(findings)}, err)
}

type repairUsageInput struct {
	Cursor string `query:"cursor" doc:"next_cursor of the answer before."`
}

func repairUsage(ctx context.Context, c Caller, in *repairUsageInput) (*reply[api.UsageRepaired], error) {
	after, err := readKeyCursor("?cursor", in.Cursor)
	if err != nil {
		return nil, err
	}
	done, err := c.Operations.RepairUsage(ctx, c.Actor, after)
	if err != nil {
		return nil, err
	}
	repaired := api.UsageRepaired{Repaired: done.Repaired, Skipped: []api.SkippedKey{}, NextCursor: wire.KeyCursor(done.Next)}
	for _, skipped := range done.Skipped {
		repaired.Skipped = append(repaired.Skipped, api.SkippedKey{KeyID: skipped.ID.String(), Reason: skipped.Reason})
	}
	return replyWith(repaired, nil)
}

type backupInput struct {
	Body struct {
		Path string `json:"path"` // absolute
	}
}

func backup(ctx context.Context, c Caller, in *backupInput) (*struct{}, error) {
	return nil, c.Operations.Backup(ctx, in.Body.Path)
}
