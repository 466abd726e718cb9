package envoy_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// fakeTokens knows the tokens "good" and "read-only", and recalls "revoked", which was good
// a moment ago, and "leaving", which is still, and is revoked before any decision.
type fakeTokens struct{}

func (fakeTokens) Recall(token ration.Secret) (ration.Digest, admin.Token, bool) {
	if token.Reveal() != "revoked" && token.Reveal() != "leaving" {
		return ration.Digest{}, admin.Token{}, false // no decision knows it
	}
	return token.Digest(nil), admin.Token{Name: "envoy", Scopes: []string{admin.ScopeVerify}}, true
}

func (fakeTokens) NoteUse(*admin.Token, time.Time) {}
func (fakeTokens) Forget(ration.Digest)            {}

func (fakeTokens) Check(_ context.Context, token ration.Secret, scope string) (admin.Token, error) {
	switch {
	case token.Reveal() == "read-only":
		return admin.Token{}, &admin.TokenScopeError{Scope: scope}
	case token.Reveal() != "good" && token.Reveal() != "leaving" || scope != "verify":
		return admin.Token{}, admin.ErrTokenInvalid
	}
	return admin.Token{Name: "envoy"}, nil
}

// asked is a server of both protocols over a real engine, and a connection to it.
type asked struct {
	*testing.T
	*rationtest.Fixture
	conn   *grpc.ClientConn
	server *envoy.Server

	mu     sync.Mutex
	events []rationhttp.Event
}

func newAsked(t *testing.T) *asked {
	t.Helper()
	return newAskedWith(t, func(engine envoy.Reservations) envoy.Reservations { return engine })
}

// newAskedWith has something between the server and what ends reservations.
func newAskedWith(t *testing.T, between func(envoy.Reservations) envoy.Reservations) *asked {
	t.Helper()
	a := &asked{T: t, Fixture: rationtest.New(t, rationtest.Options{})}
	table, err := route.Compile(route.Config{Routes: []route.Route{
		{Path: "/health", Free: true},
		{Path: "/admin", Scope: "admin"},
		{Path: "/search", Amounts: map[string]ration.Amount{"search": {Units: 5}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a.server = envoy.NewServer(envoy.Config{
		Gate: rationhttp.Gate{Charger: a.Engine, Observe: a.observe}, Reservations: between(a.Engine),
		Inbound: inbound.Config{Routes: table},
		Callers: bearer.New(fakeTokens{}), Ready: a.Engine.Ready,
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = a.server.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	if a.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.conn.Close() })
	return a
}

func (a *asked) observe(_ context.Context, event rationhttp.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, event)
}

// withToken is the context of a call that carries a service token.
func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// limit asks the rate limit service with the token "good".
func (a *asked) limit(in *ratelimitv3.RateLimitRequest) (*ratelimitv3.RateLimitResponse, error) {
	if in.GetDomain() == "" {
		in.Domain = "api"
	}
	return ratelimitv3.NewRateLimitServiceClient(a.conn).ShouldRateLimit(withToken(a.Context(), "good"), in)
}

// mustLimit returns the answer to descriptors.
func (a *asked) mustLimit(descriptors ...*ratelimitextension.RateLimitDescriptor) *ratelimitv3.RateLimitResponse {
	a.Helper()
	answer, err := a.limit(&ratelimitv3.RateLimitRequest{Descriptors: descriptors})
	if err != nil {
		a.Fatal(err)
	}
	return answer
}

// descriptor has entries, written as key, value, key, value …
func descriptor(entries ...string) *ratelimitextension.RateLimitDescriptor {
	d := new(ratelimitextension.RateLimitDescriptor)
	for i := 0; i < len(entries); i += 2 {
		d.Entries = append(d.Entries, &ratelimitextension.RateLimitDescriptor_Entry{Key: entries[i], Value: entries[i+1]})
	}
	return d
}

func withHits(d *ratelimitextension.RateLimitDescriptor, hits uint64) *ratelimitextension.RateLimitDescriptor {
	d.HitsAddend = wrapperspb.UInt64(hits)
	return d
}
