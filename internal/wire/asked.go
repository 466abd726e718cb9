package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// KeyRequest returns a request for a key.
func KeyRequest(request admin.KeyRequest) api.KeyRequest {
	return api.KeyRequest{
		ID: request.KeyID.String(), Name: request.Name, Email: request.Email, Reason: request.Reason, From: request.From,
		State: string(request.State), AskedAt: request.AskedAt.UTC(), ExpiresAt: request.ExpiresAt.UTC(),
		Decision: string(request.Decision), DecidedAt: instant(request.DecidedAt), DecidedBy: request.DecidedBy, DecisionReason: request.DecisionReason,
		Owner: request.Owner, Plan: request.Plan, PickupUntil: instant(request.PickupUntil), PickedUpAt: instant(request.PickedUpAt),
	}
}

// KeyRequests returns requests for keys.
func KeyRequests(requests []admin.KeyRequest) []api.KeyRequest { return convert(requests, KeyRequest) }

// Pickup returns a link with its code in plain text.
func Pickup(pickup admin.IssuedPickup) api.Pickup {
	return api.Pickup{Key: pickup.KeyID.String(), Label: pickup.Label, Code: pickup.Code.Reveal(), URL: pickup.URL(), ExpiresAt: pickup.ExpiresAt.UTC()}
}

// AskedKey returns the answer to a request for a key, with its code in plain text.
func AskedKey(asked admin.AskedKey) api.AskedKey {
	return api.AskedKey{
		ID: asked.Request.KeyID.String(), State: string(asked.Request.State), Code: asked.Pickup.Code.Reveal(), URL: asked.Pickup.URL(),
		ExpiresAt: asked.Request.ExpiresAt.UTC(),
	}
}

// PickupState returns what has become of a request or a link.
func PickupState(state admin.PickupState) api.PickupState {
	return api.PickupState{
		ID: state.KeyID.String(), Name: state.Name, State: string(state.State), Reason: state.Reason, ExpiresAt: state.ExpiresAt.UTC(),
	}
}
