package rationhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// A way in that has no request of HTTP asks with what it has.
func TestGateIsAskedWithoutARequest(t *testing.T) {
	charger := &fakeCharger{decision: allowed()}
	var told []rationhttp.Event
	gate := rationhttp.Gate{Charger: charger, Observe: func(_ context.Context, event rationhttp.Event) { told = append(told, event) }}
	caller := rationhttp.Caller{Credential: rationhttp.Credential{Secret: ration.SecretFromText("k1")}, IP: netip.MustParseAddr("203.0.113.9"), Method: "Check"}
	question := rationhttp.Question{Amounts: []ration.Amount{{Meter: "tokens", Units: 7}}, Scope: "read", Via: "grpc", Route: "search", RequestID: "r1"}

	answer := gate.Ask(t.Context(), caller, question)
	if !answer.Admitted || answer.Credential != caller.Credential || answer.Response.Problem != nil {
		t.Errorf("got %+v", answer)
	}
	got := charger.charges[0]
	if got.Secret.Reveal() != "k1" || got.IP != caller.IP || got.Scope != "read" || got.Amounts[0].Units != 7 || got.Via != "grpc" ||
		*got.Request != (ration.RequestInfo{Method: "Check", Route: "search", ID: "r1"}) {
		t.Errorf("charged %+v", got)
	}

	caller.Err = rationhttp.ErrConflictingKeys
	answer = gate.Ask(t.Context(), caller, question)
	if answer.Admitted || !errors.Is(answer.Err, rationhttp.ErrConflictingKeys) || answer.Response.Status != http.StatusBadRequest || answer.Response.Problem.RequestID != "r1" {
		t.Errorf("with a fault: got %+v", answer)
	}
	if len(charger.charges) != 1 || len(told) != 2 || told[0].Via != "grpc" || told[1].Err != nil {
		t.Errorf("charged %d, told %+v", len(charger.charges), told)
	}
}
