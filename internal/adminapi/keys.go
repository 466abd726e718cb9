package adminapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagKeys = "keys"

// ByKey is the input of operations on one key.
type ByKey struct {
	ID string `path:"id" doc:"The key's id: key_ and a UUID."`
}

// versioned is the answer of what can be changed with If-Match.
type versioned[T any] struct {
	ETag string `header:"ETag" doc:"The version, for If-Match."`
	Body T
}

// created is the answer of what was created.
type created[T any] struct {
	Replayable
	Location string `header:"Location" doc:"Where it is."`
	ETag     string `header:"ETag" doc:"The version, for If-Match."`
	Body     T
}

func (a *API) registerKeys() {
	exported[api.Page[api.KeyRecord]](a, operation{
		id: "listKeys", method: http.MethodGet, path: "/keys", tag: tagKeys, scope: scopeRead,
		summary: "List keys", about: "A page may have fewer keys than limit, even none, and not be the last: go on until next_cursor is null.",
	}, a.listKeys)
	register(a, operation{
		id: "createKey", method: http.MethodPost, path: "/keys", tag: tagKeys, scope: scopeKeys, status: http.StatusCreated,
		summary: "Create a key", about: "The answer has the secret, which can't be shown again; with pickup, it has a link instead, with which somebody else picks the secret up.",
		errors: repeatable, example: api.NewKey{
			Name: "Ada", Owner: "ada@example.com", Plan: "free", Scopes: []string{"search"}, Limits: []api.NewOverride{{Limit: "5000/day"}},
		},
	}, createKey)
	register(a, operation{
		id: "showKey", method: http.MethodGet, path: "/keys/{id}", tag: tagKeys, scope: scopeRead,
		summary: "Show a key, its limits and what remains of them",
	}, showKey)
	register(a, operation{
		id: "updateKey", method: http.MethodPatch, path: "/keys/{id}", tag: tagKeys, scope: scopeKeys,
		summary: "Change a key", about: "A JSON merge patch (RFC 7396): absent members change nothing, null takes away.",
		errors: changed, example: map[string]any{"name": "Ada Lovelace", "scopes": nil, "set_limits": []api.NewOverride{{Limit: "7000/day"}}},
	}, updateKey)
	register(a, operation{
		id: "disableKey", method: http.MethodPost, path: "/keys/{id}/disable", tag: tagKeys, scope: scopeKeys,
		summary: "Refuse a key until it is enabled again",
	}, ofStatus(admin.Operations.DisableKey))
	register(a, operation{
		id: "enableKey", method: http.MethodPost, path: "/keys/{id}/enable", tag: tagKeys, scope: scopeKeys,
		summary: "Enable a disabled key",
	}, ofStatus(admin.Operations.EnableKey))
	register(a, operation{
		id: "revokeKey", method: http.MethodPost, path: "/keys/{id}/revoke", tag: tagKeys, scope: scopeKeys,
		summary: "End a key for good", about: "Its history stays. Revoking it again changes nothing.",
	}, ofStatus(admin.Operations.RevokeKey))
	register(a, operation{
		id: "resetKey", method: http.MethodPost, path: "/keys/{id}/reset", tag: tagKeys, scope: scopeKeys,
		summary: "Begin what limits of a key count anew", about: "The history and the totals stay.",
		errors: repeatable, example: api.KeyResetRequest{Limits: []string{"day"}, Reason: "a fault of ours, ticket 815"},
	}, resetKey)
	register(a, operation{
		id: "explainKey", method: http.MethodPost, path: "/keys/{id}/explain", tag: tagKeys, scope: scopeRead,
		summary: "Explain how a charge of a key would be decided", about: "Nothing is charged.",
		example: api.ExplainRequest{Amounts: map[string]api.Number{"requests": "1", "tokens": "1200"}, Scope: "search", IP: "203.0.113.7"},
	}, explainKey)
}

type listKeysInput struct {
	Owner       string `query:"owner" doc:"Only keys of this owner."`
	Plan        string `query:"plan" doc:"Only keys on this plan."`
	Status      string `query:"status" enum:"pending,active,disabled,revoked,rejected" doc:"Only keys with this status."`
	Name        string `query:"name" doc:"Only keys with this name."`
	SecretStart string `query:"secret_start" doc:"Only keys one of whose secrets begins like this, as a secret's member start has it."`
	Search      string `query:"search" doc:"Only keys that a person finds by this: beginnings of words of the name or the owner, whatever their case and accents; or how one of the secrets begins, or the id."`
	Unlimited   string `query:"unlimited" enum:"any,marked,unmarked" doc:"Only keys that have no limit, now or when a temporary one ends."`
	Today       bool   `query:"today" doc:"Adds what each key has used today."`
	Sort        string `query:"sort" enum:"created_at,-created_at,name,-name,owner,-owner" default:"created_at" doc:"The order: by creation, name or owner; with - reversed."`
	Paging
	Form
}

func (in *listKeysInput) filter(after admin.KeyPosition) admin.KeyFilter {
	filter := admin.KeyFilter{
		Owner: in.Owner, Plan: in.Plan, Status: ration.Status(in.Status), Name: in.Name, SecretStart: in.SecretStart, Search: in.Search,
		Unlimited: rationadmin.Unlimited(in.Unlimited), WithToday: in.Today, After: after, Limit: in.Limit,
	}
	sort, descending := strings.CutPrefix(in.Sort, "-")
	if filter.Descending = descending; sort != "created_at" {
		filter.Sort = rationadmin.KeySort(sort)
	}
	return filter
}

func (a *API) listKeys(ctx context.Context, c Caller, in *listKeysInput) (*either, error) {
	query := requestOf(ctx).query
	var after admin.KeyPosition
	if wire.ReadCursor(wire.ListOfKeys, query, in.Cursor, &after) != nil {
		return nil, invalidForm("?cursor", adviceOnCursors)
	}
	if in.isCSV() {
		return a.exportKeys(ctx, c, in.filter(after))
	}
	found, err := c.Operations.ListKeys(ctx, in.filter(after))
	if err != nil {
		return nil, err
	}
	page := api.Page[api.KeyRecord]{Items: wire.Keys(found.Keys, time.Now())}
	if !found.Next.IsZero() {
		page.NextCursor = wire.Cursor(wire.ListOfKeys, query, found.Next)
	}
	return asJSON(page), nil
}

// exportKeys answers with all keys after the filter's, and what they used today.
func (a *API) exportKeys(ctx context.Context, c Caller, filter admin.KeyFilter) (*either, error) {
	filter.WithToday, filter.Limit = true, exportAtOnce
	ended := false
	next := func() ([]api.KeyRecord, error) {
		for !ended {
			found, err := c.Operations.ListKeys(ctx, filter)
			if err != nil {
				return nil, err
			}
			filter.After, ended = found.Next, found.Next.IsZero()
			if len(found.Keys) > 0 {
				return wire.Keys(found.Keys, time.Now()), nil
			}
		}
		return nil, nil
	}
	rows, err := next()
	if err != nil {
		return nil, err
	}
	return asCSV(ctx, a, wire.ListOfKeys, sheet.KeysToday, rows, next), nil
}

type createKeyInput struct {
	Repeatable
	Body api.NewKey
}

func createKey(ctx context.Context, c Caller, in *createKeyInput) (*created[api.IssuedSecret], error) {
	key, err := readNewKey(&in.Body)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (admin.IssuedSecret, error) {
		return c.Operations.CreateKey(ctx, c.Actor, key)
	}, issuedSecret)
}

// issuedSecret is the answer that has the secret of a key.
func issuedSecret(issued admin.IssuedSecret) *created[api.IssuedSecret] {
	return &created[api.IssuedSecret]{
		Location: Prefix + "/keys/" + issued.Key.ID.String(), ETag: wire.Version(issued.Key.UpdatedAt), Body: wire.IssuedSecret(issued),
	}
}

func readNewKey(k *api.NewKey) (key admin.NewKey, err error) {
	key = admin.NewKey{
		Name: k.Name, Owner: k.Owner, Plan: k.Plan, ExpiresAt: instant(k.ExpiresAt), Scopes: k.Scopes,
		TimeZone: k.TimeZone, Metadata: k.Metadata, Label: k.Label, Unlimited: k.Unlimited,
		Pickup: k.Pickup, PickupUntil: instant(k.PickupUntil),
	}
	if key.AllowedIPs, err = readPrefixes("allowed_ips", k.AllowedIPs); err != nil {
		return key, err
	}
	key.Overrides, err = readOverrides("limits", k.Limits)
	return key, err
}

func showKey(ctx context.Context, c Caller, in *ByKey) (*versioned[api.KeyStatus], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	status, err := c.Operations.ShowKey(ctx, id)
	if err != nil {
		return nil, err
	}
	return &versioned[api.KeyStatus]{ETag: wire.Version(status.UpdatedAt), Body: wire.KeyStatus(status)}, nil
}

type updateKeyInput struct {
	ByKey
	Precondition
	RawBody []byte
	Body    api.KeyPatch
}

func updateKey(ctx context.Context, c Caller, in *updateKeyInput) (*versioned[api.KeyRecord], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	patch, err := readKeyPatch(&in.Body, nullMembers(in.RawBody))
	if err != nil {
		return nil, err
	}
	patch.ID = id
	if patch.IfUpdatedAt, err = in.seen(); err != nil {
		return nil, err
	}
	record, err := c.Operations.UpdateKey(ctx, c.Actor, patch)
	if err != nil {
		return nil, err
	}
	return &versioned[api.KeyRecord]{ETag: wire.Version(record.UpdatedAt), Body: wire.Key(record, time.Now())}, nil
}

// ofStatus serves a change of a key's status.
func ofStatus(change func(admin.Operations, context.Context, string, ration.KeyID) (admin.KeyRecord, error)) func(context.Context, Caller, *ByKey) (*versioned[api.KeyRecord], error) {
	return func(ctx context.Context, c Caller, in *ByKey) (*versioned[api.KeyRecord], error) {
		id, err := readKeyID(in.ID)
		if err != nil {
			return nil, err
		}
		record, err := change(c.Operations, ctx, c.Actor, id)
		if err != nil {
			return nil, err
		}
		return &versioned[api.KeyRecord]{ETag: wire.Version(record.UpdatedAt), Body: wire.Key(record, time.Now())}, nil
	}
}

type resetKeyInput struct {
	ByKey
	Repeatable
	Body api.KeyResetRequest
}

func resetKey(ctx context.Context, c Caller, in *resetKeyInput) (*onceReply[api.KeyReset], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	reset := rationadmin.KeyReset{ID: id, Meter: in.Body.Meter, Limits: in.Body.Limits, Reason: in.Body.Reason, DryRun: in.Body.DryRun}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (admin.KeyResetDone, error) {
		return c.Operations.ResetKey(ctx, c.Actor, reset)
	}, func(done admin.KeyResetDone) *onceReply[api.KeyReset] {
		return &onceReply[api.KeyReset]{Body: wire.KeyReset(done, reset.DryRun)}
	})
}

type explainKeyInput struct {
	ByKey
	Body api.ExplainRequest
}

func explainKey(ctx context.Context, c Caller, in *explainKeyInput) (*reply[api.Explanation], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	amounts, err := readAmounts(in.Body.Amounts)
	if err != nil {
		return nil, err
	}
	question := rationadmin.ExplainQuestion{KeyID: id, Amounts: amounts, Scope: in.Body.Scope}
	if question.IP, err = readAddress("/ip", in.Body.IP); err != nil {
		return nil, err
	}
	explanation, err := c.Operations.ExplainKey(ctx, question)
	if err != nil {
		return nil, err
	}
	return replyWith(wire.Explanation(explanation), nil)
}
