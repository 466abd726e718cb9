package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *API) registerKeyChanges() {
	register(a, operation{
		id: "changeKeys", method: http.MethodPost, path: "/keys/changes", tag: tagKeys, scope: scopeKeys,
		summary: "Change the next keys that match, in one transaction",
		about:   "Send next_cursor of the answer as cursor of the next request, until it is null.",
		example: api.KeysChange{Filter: api.KeyFilter{Plan: "free"}, Action: "update", Patch: &api.KeyPatch{SetLimits: []api.NewOverride{{Limit: "2000/day"}}}, DryRun: true},
	}, changeKeys)
	register(a, operation{
		id: "countUnlimited", method: http.MethodGet, path: "/keys/unlimited", tag: tagKeys, scope: scopeRead,
		summary: "Count keys that have no limit",
	}, countUnlimited)
}

type changeKeysInput struct {
	RawBody []byte
	Body    api.KeysChange
}

func changeKeys(ctx context.Context, c Caller, in *changeKeysInput) (*reply[api.KeysChangedChunk], error) {
	change, err := readKeysChange(&in.Body, in.RawBody)
	if err != nil {
		return nil, err
	}
	changed, err := c.Operations.ChangeKeys(ctx, c.Actor, change)
	if err != nil {
		return nil, err
	}
	return replyWith(api.KeysChangedChunk{KeysChanged: wire.KeysChanged(changed, change.DryRun), NextCursor: wire.KeyCursor(changed.Next)}, nil)
}

// readKeysChange reads a change. The raw form says where null is.
func readKeysChange(body *api.KeysChange, raw []byte) (change admin.KeysChange, err error) {
	change = admin.KeysChange{Filter: readFilter(body.Filter), All: body.All, Action: admin.KeyAction(body.Action), DryRun: body.DryRun}
	if change.Filter.After.ID, err = readKeyCursor("/cursor", body.Cursor); err != nil {
		return change, err
	}
	change.Filter.Limit = body.Limit
	if body.Patch != nil {
		if change.Patch, err = readKeyPatch(body.Patch, nullMembers(memberOf(raw, "patch"))); err != nil {
			return change, below("/patch", err)
		}
	}
	return change, nil
}

type countUnlimitedInput struct {
	Owner     string `query:"owner" doc:"Only keys of this owner."`
	Plan      string `query:"plan" doc:"Only keys on this plan."`
	Status    string `query:"status" enum:"pending,active,disabled,revoked,rejected" doc:"Only keys with this status."`
	Name      string `query:"name" doc:"Only keys with this name."`
	Unlimited string `query:"unlimited" enum:"any,marked,unmarked" default:"any" doc:"Which of them: with a mark that this is intended, without one, or any."`
}

func countUnlimited(ctx context.Context, c Caller, in *countUnlimitedInput) (*reply[api.UnlimitedKeys], error) {
	found, err := c.Operations.CountUnlimited(ctx, readFilter(api.KeyFilter{Owner: in.Owner, Plan: in.Plan, Status: in.Status, Name: in.Name, Unlimited: in.Unlimited}))
	return replyWith(unlimitedKeys(found), err)
}

func unlimitedKeys(found rationadmin.UnlimitedKeys) api.UnlimitedKeys {
	keys := api.UnlimitedKeys{Count: found.Count, First: []string{}}
	for _, id := range found.First {
		keys.First = append(keys.First, id.String())
	}
	return keys
}
