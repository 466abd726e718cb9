package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// KeyQuery selects keys. A zero field does not restrict the selection.
type KeyQuery struct {
	api.KeyFilter
	SecretStart string // how one of a key's secrets begins, as api.Secret has it in Start
	Search      string // beginnings of words of the name or the owner, the start of a secret, or an id
	Today       bool   // adds what each key has used today

	// Sort is "created_at", "name" or "owner", or one of these with "-" before it, reversed.
	Sort     string
	PageSize int    // keys of one request; 0: as the server likes
	Cursor   string // where to begin: NextCursor of a page
}

// Values returns the parameters of the request.
func (q KeyQuery) Values() url.Values {
	return queryOf("owner", q.Owner, "plan", q.Plan, "status", q.Status, "name", q.Name, "unlimited", q.Unlimited,
		"secret_start", q.SecretStart, "search", q.Search, "today", flag(q.Today), "sort", q.Sort, "limit", number(q.PageSize), "cursor", q.Cursor)
}

// ListKeys returns one page of the keys that match. It may have fewer keys than PageSize,
// even none, and not be the last.
func (a *Admin) ListKeys(ctx context.Context, query KeyQuery) (api.Page[api.KeyRecord], error) {
	return read[api.Page[api.KeyRecord]](ctx, a, "/keys", query.Values())
}

// Keys returns all keys that match, page by page. The sequence ends after an error.
func (a *Admin) Keys(ctx context.Context, query KeyQuery) iter.Seq2[api.KeyRecord, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.KeyRecord], error) {
		query.Cursor = cursor
		return a.ListKeys(ctx, query)
	})
}

// CreateKey creates a key. The answer has its secret, which can't be shown again.
func (a *Admin) CreateKey(ctx context.Context, key api.NewKey) (api.IssuedSecret, error) {
	return once[api.IssuedSecret](ctx, a, "/keys", key)
}

// ShowKey returns a key with its limits and what remains of them, and its version for
// UpdateKey.
func (a *Admin) ShowKey(ctx context.Context, id string) (key api.KeyStatus, version string, err error) {
	return versioned[api.KeyStatus](ctx, a, "/keys/"+url.PathEscape(id))
}

// UpdateKey changes a key. If its version is no longer the one that was read, the error is
// [ErrChanged]; pass [AnyVersion] to change it whatever it is now.
func (a *Admin) UpdateKey(ctx context.Context, id, version string, changes api.KeyPatch) (api.KeyRecord, error) {
	return patch[api.KeyRecord](ctx, a, "/keys/"+url.PathEscape(id), version, changes)
}

// DisableKey refuses a key's charges until it is enabled again.
func (a *Admin) DisableKey(ctx context.Context, id string) (api.KeyRecord, error) {
	return a.act(ctx, id, "disable")
}

// EnableKey undoes DisableKey.
func (a *Admin) EnableKey(ctx context.Context, id string) (api.KeyRecord, error) {
	return a.act(ctx, id, "enable")
}

// RevokeKey ends a key for good; its history stays.
func (a *Admin) RevokeKey(ctx context.Context, id string) (api.KeyRecord, error) {
	return a.act(ctx, id, "revoke")
}

func (a *Admin) act(ctx context.Context, id, action string) (api.KeyRecord, error) {
	return change[api.KeyRecord](ctx, a, http.MethodPost, "/keys/"+url.PathEscape(id)+"/"+action, nil)
}

// ResetKey begins what limits of a key count anew. The history and the totals stay.
func (a *Admin) ResetKey(ctx context.Context, id string, reset api.KeyResetRequest) (api.KeyReset, error) {
	return once[api.KeyReset](ctx, a, "/keys/"+url.PathEscape(id)+"/reset", reset)
}

// RotateKey makes a new secret and ends those that it replaces.
func (a *Admin) RotateKey(ctx context.Context, id string, rotation api.KeyRotation) (api.IssuedSecret, error) {
	return once[api.IssuedSecret](ctx, a, "/keys/"+url.PathEscape(id)+"/rotate", rotation)
}

// AddSecret gives a key a further secret.
func (a *Admin) AddSecret(ctx context.Context, id string, secret api.NewSecret) (api.IssuedSecret, error) {
	return once[api.IssuedSecret](ctx, a, "/keys/"+url.PathEscape(id)+"/secrets", secret)
}

// RevokeSecret ends one secret of a key at once.
func (a *Admin) RevokeSecret(ctx context.Context, id, secretID string) (api.KeyRecord, error) {
	return change[api.KeyRecord](ctx, a, http.MethodDelete, "/keys/"+url.PathEscape(id)+"/secrets/"+url.PathEscape(secretID), nil)
}

// ExplainKey says how a charge of a key would be decided, and why. It charges nothing.
func (a *Admin) ExplainKey(ctx context.Context, id string, question api.ExplainRequest) (api.Explanation, error) {
	return inquire[api.Explanation](ctx, a, "/keys/"+url.PathEscape(id)+"/explain", question)
}

// ChangeKeys changes the next keys that match, in one transaction. Pass NextCursor of the
// answer as the Cursor of the next change, until it is nil.
func (a *Admin) ChangeKeys(ctx context.Context, changes api.KeysChange) (api.KeysChangedChunk, error) {
	return change[api.KeysChangedChunk](ctx, a, http.MethodPost, "/keys/changes", changes)
}

// CountUnlimited counts the keys that match and have no limit.
func (a *Admin) CountUnlimited(ctx context.Context, filter api.KeyFilter) (api.UnlimitedKeys, error) {
	return read[api.UnlimitedKeys](ctx, a, "/keys/unlimited", KeyQuery{KeyFilter: filter}.Values())
}

// ImportKeys creates keys that keep the secrets they have, in one transaction.
func (a *Admin) ImportKeys(ctx context.Context, keys api.KeysImport) (api.KeysImported, error) {
	return change[api.KeysImported](ctx, a, http.MethodPost, "/keys/import", keys)
}

// FindKeys returns the keys that secrets belong to.
func (a *Admin) FindKeys(ctx context.Context, search api.KeysSearch) (api.KeysFound, error) {
	return inquire[api.KeysFound](ctx, a, "/keys/find", search)
}
