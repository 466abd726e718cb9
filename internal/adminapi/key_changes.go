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
	change := admin.KeysChange{
		Filter: readFilter(in.Body.Filter), All: in.Body.All, Action: admin.KeyAction(in.Body.Action), DryRun: in.Body.DryRun,
	}
	var err error
	if change.Filter.After, err = readKeyCursor("/cursor", in.Body.Cursor); err != nil {
		return nil, err
	}
	change.Filter.Limit = in.Body.Limit
	if in.Body.Patch != nil {
		if change.Patch, err = readKeyPatch(in.Body.Patch, nullMembers(memberOf(in.RawBody, "patch"))); err != nil {
			return nil, below("/patch", err)
		}
	}
	changed, err := c.Operations.ChangeKeys(ctx, c.Actor, change)
	if err != nil {
		return nil, err
	}
	return replyWith(api.KeysChangedChunk{KeysChanged: wire.KeysChanged(changed, change.DryRun), NextCursor: wire.KeyCursor(changed.Next)}, nil)
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
