package envoy_test

import (
	"net/http"
	"testing"

	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationtest"
)

// TestRevokedTokenGetsNoAnswer: whatever is asked, a token that was good a moment ago and is
// revoked gets no answer and charges nothing, by a decision or without one.
func TestRevokedTokenGetsNoAnswer(t *testing.T) {
	a := newAsked(t)
	one, other := a.Key(rationtest.Key{}), a.Key(rationtest.Key{})
	ctx := withToken(t.Context(), "revoked")
	with := func(secret string) map[string]string { return map[string]string{"x-api-key": secret} }
	for name, asked := range map[string]*authv3.CheckRequest{
		"a charge":             request{method: "GET", target: "/", header: with(one.Secret.Reveal())}.message(),
		"a charge of a meter":  request{method: "GET", target: "/search", header: with(one.Secret.Reveal())}.message(),
		"a missing scope":      request{method: "GET", target: "/admin", header: with(one.Secret.Reveal())}.message(),
		"a free route":         request{method: "GET", target: "/health"}.message(),
		"no key":               request{method: "GET", target: "/"}.message(),
		"an unknown key":       request{method: "GET", target: "/", header: with("nobody's")}.message(),
		"an impossible path":   request{method: "GET", target: "nowhere", header: with(one.Secret.Reveal())}.message(),
		"an unknown extension": request{method: "GET", target: "/", extensions: map[string]string{"cost": "1"}}.message(),
		"no request":           {},
	} {
		if answer, err := authv3.NewAuthorizationClient(a.conn).Check(ctx, asked); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v, %v; want Unauthenticated", name, answer, err)
		}
	}
	for name, descriptors := range map[string][]*ratelimitextension.RateLimitDescriptor{
		"a secret":    {descriptor("secret", one.Secret.Reveal())},
		"a key's id":  {descriptor("key_id", one.ID.String())},
		"two keys":    {descriptor("key_id", one.ID.String()), descriptor("key_id", other.ID.String())},
		"nobody's id": {descriptor("secret", "nobody's")},
		"nothing":     nil,
	} {
		in := &ratelimitv3.RateLimitRequest{Domain: "api", Descriptors: descriptors}
		if answer, err := ratelimitv3.NewRateLimitServiceClient(a.conn).ShouldRateLimit(ctx, in); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v, %v; want Unauthenticated", name, answer, err)
		}
	}
	a.mu.Lock()
	events := a.events
	a.mu.Unlock()
	refused := 0
	for _, event := range events { // Envoy's own doing, which is no trouble of ours
		if event.Code == ration.CodeTokenInvalid && event.Status == http.StatusUnauthorized {
			refused++
		}
		if event.Status >= http.StatusInternalServerError || event.Err != nil {
			t.Errorf("an event of %s: %+v", event.Via, event)
		}
	}
	if refused != 3 {
		t.Errorf("%d events of a token that a decision refused; want 3", refused)
	}
	for _, meter := range []string{"requests", "search"} {
		a.wantUsed(one.ID, meter, 0)
	}
	a.wantUsed(other.ID, "requests", 0)
}

// TestTokenRevokedBeforeSeveralReservations: what several keys are asked for at once waits for
// each of them, and the token may be revoked meanwhile.
func TestTokenRevokedBeforeSeveralReservations(t *testing.T) {
	a := newAsked(t)
	one, other := a.Key(rationtest.Key{}), a.Key(rationtest.Key{})
	in := &ratelimitv3.RateLimitRequest{Domain: "api", Descriptors: []*ratelimitextension.RateLimitDescriptor{descriptor("key_id", one.ID.String()), descriptor("key_id", other.ID.String())}}
	answer, err := ratelimitv3.NewRateLimitServiceClient(a.conn).ShouldRateLimit(withToken(t.Context(), "leaving"), in)
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, %v; want Unauthenticated", answer, err)
	}
	a.wantUsed(one.ID, "requests", 0)
	a.wantUsed(other.ID, "requests", 0)
}
