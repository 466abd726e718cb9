package rationhttp_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

func TestEventsTellTheOperatorsBusinessFromTheClients(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name string
		ctx  context.Context
		code ration.Code
		err  error
		want ration.Code
		told bool
	}{
		{"decision", t.Context(), ration.CodeQuotaExceeded, nil, "quota_exceeded", false},
		{"decision for a client that has gone", gone, ration.CodeOK, nil, "ok", false},
		{"store", t.Context(), "", ration.ErrStoreUnavailable, "store_unavailable", true},
		{"unknown fault", t.Context(), "", errors.New("surprise"), "internal_error", true},
		{"client gone", gone, "", ration.ErrStoreUnavailable, "client_gone", false},
		{"two keys", t.Context(), "", rationhttp.ErrConflictingKeys, "invalid_request", false},
		{"key in the URL", t.Context(), "", rationhttp.ErrKeyInURL, "keys_in_url", false},
		{"no idempotency key", t.Context(), "", rationhttp.ErrIdempotencyKey, "invalid_idempotency_key", false},
		{"idempotency key of something else", t.Context(), "", ration.ErrIdempotencyMismatch, "idempotency_mismatch", false},
		{"reservation that isn't there", t.Context(), "", ration.ErrReservationUnknown, "reservation_unknown", false},
	} {
		got := rationhttp.NewEvent(row.ctx, "proxy", ration.Decision{Code: row.code}, row.err)
		if got.Code != row.want || (got.Err != nil) != row.told || got.Via != "proxy" {
			t.Errorf("%s: got %+v, want %s, error told %t", row.name, got, row.want, row.told)
		}
	}
}
