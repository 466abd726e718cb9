package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// Verifier asks the verify API of a server.
type Verifier struct{ *transport }

// NewVerifier returns a client of a verify API. It connects to nobody yet.
func NewVerifier(config Config) (*Verifier, error) {
	t, err := newTransport(config)
	return &Verifier{t}, err
}

// Verify asks whether a request may pass, and charges it if so. idempotencyKey, if not
// empty, lets the same question be sent again without being charged twice; then Verify
// also does so by itself.
func (v *Verifier) Verify(ctx context.Context, question api.VerifyRequest, idempotencyKey string) (api.VerifyResponse, error) {
	answer, _, err := ask[api.VerifyResponse](ctx, v.transport, v.charging("/v1/verify", question, idempotencyKey, question.DryRun))
	return answer, err
}

// Reserve reserves amounts whose final size is not known yet. The reservation's own id
// makes the call repeatable; without one it is repeatable with an idempotency key.
func (v *Verifier) Reserve(ctx context.Context, question api.ReserveRequest, idempotencyKey string) (api.ReserveResponse, error) {
	answer, _, err := ask[api.ReserveResponse](ctx, v.transport, v.charging("/v1/reservations", question, idempotencyKey, question.ID != ""))
	return answer, err
}

// charging is a call that charges something, and can be repeated only where that is safe.
func (v *Verifier) charging(path string, question any, idempotencyKey string, repeatable bool) call {
	c := call{method: http.MethodPost, path: path, body: question, repeatable: repeatable || idempotencyKey != ""}
	if idempotencyKey != "" {
		c.header = http.Header{"Idempotency-Key": {idempotencyKey}}
	}
	return c
}

// ShowReservation returns a reservation of a key, which may be empty: the reservation is
// then found by its id alone.
func (v *Verifier) ShowReservation(ctx context.Context, id, key string) (api.Reservation, error) {
	answer, _, err := ask[api.Reservation](ctx, v.transport, call{
		method: http.MethodGet, path: "/v1/reservations/" + url.PathEscape(id), query: queryOf("key", key), reads: true,
	})
	return answer, err
}

// Settle ends a reservation with the amounts that were used. Settled again with the same
// amounts, it changes nothing.
func (v *Verifier) Settle(ctx context.Context, id string, settlement api.SettleRequest) (api.Reservation, error) {
	return v.end(ctx, id, "settle", settlement)
}

// Void ends a reservation and gives back all that it holds. Voided again, it changes
// nothing.
func (v *Verifier) Void(ctx context.Context, id string, void api.VoidRequest) (api.Reservation, error) {
	return v.end(ctx, id, "void", void)
}

func (v *Verifier) end(ctx context.Context, id, action string, body any) (api.Reservation, error) {
	answer, _, err := ask[api.Reservation](ctx, v.transport, call{
		method: http.MethodPost, path: "/v1/reservations/" + url.PathEscape(id) + "/" + action, body: body, repeatable: true,
	})
	return answer, err
}
