package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *API) registerSecrets() {
	register(a, operation{
		id: "rotateKey", method: http.MethodPost, path: "/keys/{id}/rotate", tag: tagKeys, scope: scopeKeys,
		summary: "Replace a key's secrets by a new one",
		about:   "The answer has the secret, which can't be shown again. The key keeps its id, its limits and its history.",
		errors:  repeatable, example: api.KeyRotation{Label: "default", Overlap: 3600},
	}, rotateKey)
	register(a, operation{
		id: "addSecret", method: http.MethodPost, path: "/keys/{id}/secrets", tag: tagKeys, scope: scopeKeys, status: http.StatusCreated,
		summary: "Give a key a further secret", about: "All secrets of a key share its limits and its usage.",
		errors: repeatable, example: api.NewSecret{Label: "phone"},
	}, addSecret)
	register(a, operation{
		id: "revokeSecret", method: http.MethodDelete, path: "/keys/{id}/secrets/{secret}", tag: tagKeys, scope: scopeKeys,
		summary: "Revoke one secret of a key",
	}, revokeSecret)
}

type rotateKeyInput struct {
	ByKey
	Repeatable
	Body api.KeyRotation
}

// mostOverlap is more than any overlap may be, and still a [time.Duration].
const mostOverlap = int64(100 * 365 * 24 * time.Hour / time.Second)

func rotateKey(ctx context.Context, c Caller, in *rotateKeyInput) (*onceReply[api.IssuedSecret], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	overlap := min(max(in.Body.Overlap, -mostOverlap), mostOverlap)
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (rationadmin.IssuedSecret, error) {
		return c.Operations.RotateKey(ctx, c.Actor, rationadmin.Rotation{ID: id, Label: in.Body.Label, Overlap: time.Duration(overlap) * time.Second})
	}, func(issued rationadmin.IssuedSecret) *onceReply[api.IssuedSecret] {
		return &onceReply[api.IssuedSecret]{Body: wire.IssuedSecret(issued)}
	})
}

type addSecretInput struct {
	ByKey
	Repeatable
	Body api.NewSecret
}

func addSecret(ctx context.Context, c Caller, in *addSecretInput) (*created[api.IssuedSecret], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (rationadmin.IssuedSecret, error) {
		return c.Operations.AddSecret(ctx, c.Actor, rationadmin.NewKeySecret{ID: id, Label: in.Body.Label, ExpiresAt: instant(in.Body.ExpiresAt)})
	}, issuedSecret)
}

// BySecret is the input of operations on one secret of a key.
type BySecret struct {
	ByKey
	Secret string `path:"secret" doc:"The secret's id: sec_ and a UUID."`
}

func revokeSecret(ctx context.Context, c Caller, in *BySecret) (*versioned[api.KeyRecord], error) {
	id, err := readKeyID(in.ID)
	if err != nil {
		return nil, err
	}
	secret, err := ration.ParseSecretID(in.Secret)
	if err != nil {
		return nil, &Refusal{Status: http.StatusNotFound, Code: string(ration.CodeNotFound), Detail: "There is no secret with this id. A secret's id is sec_ and a UUID."}
	}
	record, err := c.Operations.RevokeSecret(ctx, c.Actor, rationadmin.KeySecret{ID: id, SecretID: secret})
	if err != nil {
		return nil, err
	}
	return &versioned[api.KeyRecord]{ETag: wire.Version(record.UpdatedAt), Body: wire.Key(record, time.Now())}, nil
}
