package envoy

import (
	"context"
	"log/slog"
	"net"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/ration-dev/ration/internal/condense"
)

const (
	// maxMessage bounds what a caller sends at once, in bytes. A check has the head of a
	// client's request, of which Envoy takes 60 KiB by default.
	maxMessage = 256 << 10
	// maxStreams is how many calls a connection may have under way. An Envoy has a
	// connection for each of its threads, and opens another where that is not enough.
	maxStreams = 256
	// maxIdle is how long a connection may carry nothing.
	maxIdle = 2 * time.Minute
	// maxAge is after what time a connection takes no more calls, and its peer opens
	// another: a peer that doesn't take its answers holds them no longer. No deadline of a
	// call bounds that.
	maxAge = 10 * time.Minute
	// lastCalls is how long calls may take that were under way when a connection ended:
	// a peer may begin some for 5 s more, and each takes maxWait and endTime at most. What is
	// left then are answers that nobody takes.
	lastCalls = 5*time.Second + maxWait + endTime + time.Second
)

// Server serves both protocols and the health service of gRPC (grpc.health.v1). Calls of
// the protocols need a service token of scope verify in the metadata "authorization";
// health checks need none.
type Server struct {
	grpc *grpc.Server
	log  *slog.Logger
}

// NewServer returns a Server that has no connections yet. Gate.Charger, Reservations,
// Callers and Ready must be set.
func NewServer(config Config) *Server {
	s := &service{config: config, log: config.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.trouble = condense.New(s.log)
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(32<<10),
		grpc.ConnectionTimeout(5*time.Second), // for TLS, and for the first frame
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: maxIdle, MaxConnectionAge: maxAge, MaxConnectionAgeGrace: lastCalls,
			Time: time.Minute, Timeout: 20 * time.Second, // a peer that is gone holds no connection
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(s.intercept),
		grpc.ChainUnaryInterceptor(config.Around...),
	)
	authv3.RegisterAuthorizationServer(server, newChecks(s))
	ratelimitv3.RegisterRateLimitServiceServer(server, &rateLimits{service: s})
	healthv1.RegisterHealthServer(server, &health{ready: config.Ready})
	return &Server{server, s.log}
}

// Serve serves connections, over which TLS is spoken already if at all. It returns nil
// after Shutdown or Close.
func (s *Server) Serve(connections net.Listener) error { return s.grpc.Serve(connections) }

// Shutdown takes no calls any more, and returns once all have been answered, or when ctx
// ends with its error. For a peer that doesn't take its answers it waits no longer than
// calls can take.
func (s *Server) Shutdown(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(done)
	}()
	last := time.NewTimer(lastCalls)
	defer last.Stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-last.C:
		s.log.Warn("a peer of the gRPC services has not taken its answers, and is cut off")
		s.grpc.Stop()
		return nil
	}
}

// Close ends all calls at once.
func (s *Server) Close() error {
	s.grpc.Stop()
	return nil
}

// health implements grpc.health.v1.Health for the whole server, whatever service is asked
// about. Who wants to watch is told to ask again instead.
type health struct {
	healthv1.UnimplementedHealthServer
	ready func(context.Context) error
}

// Check says whether charges can be decided and committed now.
func (h *health) Check(ctx context.Context, _ *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	status := healthv1.HealthCheckResponse_SERVING
	if err := h.ready(ctx); err != nil {
		status = healthv1.HealthCheckResponse_NOT_SERVING
	}
	return &healthv1.HealthCheckResponse{Status: status}, nil
}
