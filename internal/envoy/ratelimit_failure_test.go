package envoy_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// failing fails the first settlements, before or after they are made.
type failing struct {
	envoy.Reservations
	times atomic.Int64
	after bool
	err   error
}

func (f *failing) Settle(ctx context.Context, keyID ration.KeyID, id ration.ReservationID, used ration.Settlement) (ration.Reservation, error) {
	fails := f.times.Add(-1) >= 0
	if fails && !f.after {
		return ration.Reservation{}, f.err
	}
	settled, err := f.Reservations.Settle(ctx, keyID, id, used)
	if fails {
		return ration.Reservation{}, f.err
	}
	return settled, err
}

// TestASettlementThatFailsIsTriedAgain, or of two keys one would have been charged.
func TestASettlementThatFailsIsTriedAgain(t *testing.T) {
	for name, row := range map[string]struct {
		times int64
		after bool
		err   error
	}{
		"one":                {1, false, ration.ErrStoreUnavailable},
		"each, twice":        {4, false, ration.ErrStoreUnavailable},
		"it was made, lost":  {1, true, ration.ErrOutcomeUnknown},
		"the clock is wrong": {1, false, ration.ErrClockSuspect},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAskedWith(t, func(engine envoy.Reservations) envoy.Reservations {
				f := &failing{Reservations: engine, after: row.after, err: row.err}
				f.times.Store(row.times)
				return f
			})
			one, other := a.Key(rationtest.Key{}), a.Key(rationtest.Key{})
			wantCodes(t, a.mustLimit(descriptor("key_id", one.ID.String()), descriptor("key_id", other.ID.String())), ok, ok, ok)
			a.wantUsed(one.ID, "requests", 1)
			a.wantUsed(other.ID, "requests", 1)
		})
	}
}

// hanging is a database that hangs.
type hanging struct{ ration.Store }

func (hanging) ResolveDigests(ctx context.Context, _ []ration.Digest) ([]ration.SecretRef, error) {
	<-ctx.Done()
	return nil, ration.ErrStoreUnavailable
}

func (hanging) Charge(ctx context.Context, _ ration.Batch) ([]ration.Decision, error) {
	<-ctx.Done()
	return nil, ration.ErrOutcomeUnknown
}

func (hanging) Lanes() int   { return 1 }
func (hanging) Close() error { return nil }

// admitting reserves whatever is asked for, and settles nothing.
type admitting struct{}

func (admitting) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	return ration.Decision{Code: ration.CodeOK, KeyID: charge.KeyID, Reservation: new(ration.Reservation)}, nil
}

func (admitting) Settle(ctx context.Context, _ ration.KeyID, _ ration.ReservationID, _ ration.Settlement) (ration.Reservation, error) {
	<-ctx.Done()
	return ration.Reservation{}, ration.ErrOutcomeUnknown
}

func (admitting) Void(context.Context, ration.KeyID, ration.ReservationID) (ration.Reservation, error) {
	return ration.Reservation{}, nil
}

// TestWhatHangsIsToldInEnvoysTime: were Envoy to give up first, it would answer 403 or let
// the request pass, whatever Ration answers.
func TestWhatHangsIsToldInEnvoysTime(t *testing.T) {
	_, filters, _ := documented(t)
	most := min(timeoutsOf(t, filters)[0], timeoutsOf(t, filters)[1]) - time.Second // for the network
	secret := ration.NewSecret("rk").Reveal()
	keyID := func() *ratelimitextension.RateLimitDescriptor {
		return descriptor("key_id", ration.NewKeyID().String())
	}
	check := func(ctx context.Context, conn *grpc.ClientConn) codes.Code {
		answer, err := authv3.NewAuthorizationClient(conn).Check(ctx, request{method: "GET", target: "/", header: map[string]string{"x-api-key": secret}}.message())
		if err != nil || answer.GetDeniedResponse().GetStatus().GetCode() != 503 {
			t.Errorf("%v, %v; want 503", answer, err)
		}
		return codes.Code(answer.GetStatus().GetCode())
	}
	limit := func(descriptors ...*ratelimitextension.RateLimitDescriptor) func(context.Context, *grpc.ClientConn) codes.Code {
		return func(ctx context.Context, conn *grpc.ClientConn) codes.Code {
			_, err := ratelimitv3.NewRateLimitServiceClient(conn).ShouldRateLimit(ctx, &ratelimitv3.RateLimitRequest{Domain: "api", Descriptors: descriptors})
			return status.Code(err)
		}
	}
	for name, row := range map[string]struct {
		settles bool // that hangs, and nothing else
		call    func(context.Context, *grpc.ClientConn) codes.Code
	}{
		"external authorization": {false, check},
		"one descriptor":         {false, limit(keyID())},
		"a descriptor's secret":  {false, limit(descriptor("secret", secret))},
		"several keys":           {false, limit(keyID(), keyID(), descriptor("secret", secret))},
		"settlements":            {true, limit(keyID(), keyID())},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := ration.NewEngine(hanging{}, ration.EngineConfig{})
				defer func() { _ = engine.Close(context.Background()) }()
				config := envoy.Config{Gate: rationhttp.Gate{Charger: engine}, Reservations: engine}
				if row.settles {
					config.Gate.Charger, config.Reservations = admitting{}, admitting{}
				}
				conn := dialInMemory(t, config)
				start := time.Now()
				code := row.call(withToken(t.Context(), "good"), conn)
				if took := time.Since(start); code != codes.Unavailable || took > most {
					t.Errorf("%v after %v, want Unavailable within %v", code, took, most)
				}
			})
		})
	}
}

// dialInMemory returns a connection to a server whose time goes by the clock of synctest.
func dialInMemory(t *testing.T, config envoy.Config) *grpc.ClientConn {
	t.Helper()
	table, err := route.Compile(route.Config{})
	if err != nil {
		t.Fatal(err)
	}
	config.Inbound, config.Callers = inbound.Config{Routes: table}, bearer.New(fakeTokens{})
	s := envoy.NewServer(config)
	listener := &inMemory{accept: make(chan net.Conn), closed: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
		mine, theirs := net.Pipe()
		listener.accept <- theirs
		return mine, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return conn
}
