package adminclient

import (
	"cmp"
	"context"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// Operations asks a server. It is safe for concurrent use.
type Operations struct{ admin *client.Admin }

var _ admin.Operations = (*Operations)(nil)

// New returns the operations of a server.
func New(config client.Config) (*Operations, error) {
	asked, err := client.NewAdmin(config)
	return &Operations{asked}, err
}

// ActorHeader says who makes a change, where the caller is trusted to say so: on the
// administration socket.
const ActorHeader = "Ration-Actor"

type actorKey struct{}

// by returns a context in which changes are made by an actor.
func by(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// NamingActor is a transport that tells the server which actor makes a change.
type NamingActor struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (n NamingActor) RoundTrip(r *http.Request) (*http.Response, error) {
	if actor, named := r.Context().Value(actorKey{}).(string); named {
		r = r.Clone(r.Context())
		r.Header.Set(ActorHeader, actor)
	}
	return n.RoundTripper.RoundTrip(r)
}

// answered returns what was read from an answer, or the error as the operations have it.
func answered[From, To any](answer From, err error, read func(From) (To, error)) (To, error) {
	if err != nil {
		var none To
		return none, failed(err)
	}
	return read(answer)
}

// CreateKey implements admin.Operations.
func (o *Operations) CreateKey(ctx context.Context, actor string, key admin.NewKey) (admin.IssuedSecret, error) {
	issued, err := o.admin.CreateKey(by(ctx, actor), newKey(key))
	return answered(issued, err, readIssuedSecret)
}

// ListKeys implements admin.Operations.
func (o *Operations) ListKeys(ctx context.Context, filter admin.KeyFilter) (admin.KeysPage, error) {
	if err := admin.ValidatePageSize(filter.Limit); err != nil {
		return admin.KeysPage{}, err
	}
	query := keyQuery(filter)
	query.PageSize = min(cmp.Or(filter.Limit, mostOfPage), mostOfPage)
	if !filter.After.IsZero() {
		query.Cursor = *wire.Cursor(wire.ListOfKeys, query.Values(), filter.After)
	}
	found, err := o.admin.ListKeys(ctx, query)
	return answered(found, err, func(found api.Page[api.KeyRecord]) (page admin.KeysPage, err error) {
		if page.Keys, err = all(found.Items, readKey); err == nil && found.NextCursor != nil {
			err = wire.ReadCursor(wire.ListOfKeys, query.Values(), *found.NextCursor, &page.Next)
		}
		return page, err
	})
}

// ShowKey implements admin.Operations.
func (o *Operations) ShowKey(ctx context.Context, id ration.KeyID) (admin.KeyStatus, error) {
	status, _, err := o.admin.ShowKey(ctx, id.String())
	return answered(status, err, readKeyStatus)
}

// CountUnlimited implements admin.Operations.
func (o *Operations) CountUnlimited(ctx context.Context, filter admin.KeyFilter) (admin.UnlimitedKeys, error) {
	found, err := o.admin.CountUnlimited(ctx, keyFilter(filter))
	return answered(found, err, readUnlimitedKeys)
}

// UpdateKey implements admin.Operations.
func (o *Operations) UpdateKey(ctx context.Context, actor string, patch admin.KeyPatch) (admin.KeyRecord, error) {
	record, err := o.admin.UpdateKey(by(ctx, actor), patch.ID.String(), version(patch.IfUpdatedAt), keyPatch(&patch))
	return answered(record, err, readKey)
}

// DisableKey implements admin.Operations.
func (o *Operations) DisableKey(ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error) {
	record, err := o.admin.DisableKey(by(ctx, actor), id.String())
	return answered(record, err, readKey)
}

// EnableKey implements admin.Operations.
func (o *Operations) EnableKey(ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error) {
	record, err := o.admin.EnableKey(by(ctx, actor), id.String())
	return answered(record, err, readKey)
}

// RevokeKey implements admin.Operations.
func (o *Operations) RevokeKey(ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error) {
	record, err := o.admin.RevokeKey(by(ctx, actor), id.String())
	return answered(record, err, readKey)
}

// ResetKey implements admin.Operations.
func (o *Operations) ResetKey(ctx context.Context, actor string, reset admin.KeyReset) (admin.KeyResetDone, error) {
	done, err := o.admin.ResetKey(by(ctx, actor), reset.ID.String(), api.KeyResetRequest{
		Meter: reset.Meter, Limits: reset.Limits, Reason: reset.Reason, DryRun: reset.DryRun,
	})
	return answered(done, err, readKeyReset)
}

// RotateKey implements admin.Operations.
func (o *Operations) RotateKey(ctx context.Context, actor string, rotation admin.Rotation) (admin.IssuedSecret, error) {
	issued, err := o.admin.RotateKey(by(ctx, actor), rotation.ID.String(), api.KeyRotation{Label: rotation.Label, Overlap: wholeSeconds(rotation.Overlap)})
	return answered(issued, err, readIssuedSecret)
}

// AddSecret implements admin.Operations.
func (o *Operations) AddSecret(ctx context.Context, actor string, secret admin.NewKeySecret) (admin.IssuedSecret, error) {
	issued, err := o.admin.AddSecret(by(ctx, actor), secret.ID.String(), api.NewSecret{Label: secret.Label, ExpiresAt: orNil(secret.ExpiresAt)})
	return answered(issued, err, readIssuedSecret)
}

// RevokeSecret implements admin.Operations.
func (o *Operations) RevokeSecret(ctx context.Context, actor string, secret admin.KeySecret) (admin.KeyRecord, error) {
	record, err := o.admin.RevokeSecret(by(ctx, actor), secret.ID.String(), secret.SecretID.String())
	return answered(record, err, readKey)
}
