package envoy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// maxWait is how long a caller waits for the database in all: until its token is
// read, and then for the decision.
const maxWait = 5 * time.Second

// Config is what the services work with.
type Config struct {
	Gate         rationhttp.Gate               // who decides, and how answers look
	Reservations Reservations                  // who ends what was reserved
	Inbound      inbound.Config                // how requests are read that Envoy holds back; its Gate, Via and CORS don't matter
	CORS         cors.Policy                   // which web pages may read an answer that refuses, as in forward-auth
	Callers      *bearer.Callers               // who may ask
	Around       []grpc.UnaryServerInterceptor // around each call; none may be nil

	// Ready returns nil if charges can be decided now, else why not; health checks tell.
	Ready func(context.Context) error

	// Log gets what a caller can't be told; nil: nothing is logged.
	Log *slog.Logger
}

// Reservations ends reservations. It is what this package needs of a [ration.Engine].
type Reservations interface {
	Settle(ctx context.Context, keyID ration.KeyID, id ration.ReservationID, used ration.Settlement) (ration.Reservation, error)
	Void(ctx context.Context, keyID ration.KeyID, id ration.ReservationID) (ration.Reservation, error)
}

var _ Reservations = (*ration.Engine)(nil)

// service is what both protocols are served by. It is safe for concurrent use.
type service struct {
	config  Config
	log     *slog.Logger
	trouble *condense.Log
}

// intercept bounds a call's time, and lets no fault of one call end the process.
func (s *service) intercept(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			s.trouble.Say(ctx, slog.LevelError, condense.Kind{Message: "a gRPC call failed", Code: info.FullMethod}, slog.Any("fault", fault))
			answer, err = nil, status.Error(codes.Internal, "an internal error")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return next(ctx, in)
}

// recognize finds out who calls before anything of what it sends is used.
func (s *service) recognize(ctx context.Context) (*bearer.Caller, error) {
	fields, _ := metadata.FromIncomingContext(ctx)
	r := (&http.Request{Header: http.Header{"Authorization": fields.Get("authorization")}}).WithContext(ctx)
	if from, known := peer.FromContext(ctx); known {
		r.RemoteAddr = from.Addr.String()
	}
	caller, err := s.config.Callers.Recognize(r, admin.ScopeVerify)
	if err != nil {
		return nil, s.refused(ctx, err)
	}
	return caller, nil
}

// confirm returns the status of a call whose token is not valid, if no decision has checked
// it; nil: it is valid, or nobody knows.
func (s *service) confirm(ctx context.Context, caller *bearer.Caller) error {
	if refused, ok := errors.AsType[*bearer.Refusal](caller.Confirm(ctx)); ok {
		return s.refused(ctx, refused)
	}
	return nil
}

// refused returns the status of a call whose caller is not recognised.
func (s *service) refused(ctx context.Context, err error) error {
	refusal, ok := errors.AsType[*bearer.Refusal](err)
	if !ok {
		return s.failed(ctx, err)
	}
	return status.Error(map[int]codes.Code{
		http.StatusUnauthorized: codes.Unauthenticated, http.StatusForbidden: codes.PermissionDenied,
		http.StatusTooManyRequests: codes.ResourceExhausted,
	}[refusal.Status], refusal.Detail+" Envoy sends one by initial_metadata of its grpc_service.")
}

// failed returns the status of a call that an error keeps from its answer. Envoy may let
// the request pass then: see failure_mode_deny.
func (s *service) failed(ctx context.Context, err error) error {
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return status.Error(codes.InvalidArgument, invalid.Error())
	}
	switch code := ration.CodeOf(err); {
	case errors.Is(ctx.Err(), context.Canceled):
		return status.Error(codes.Canceled, "the caller has gone")
	case isPassing(err):
		return status.Error(codes.Unavailable, string(code))
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "no decision was made in time")
	}
	s.trouble.Say(ctx, slog.LevelError, condense.Kind{Message: "a gRPC call could not be answered"}, slog.Any("error", err))
	return status.Error(codes.Internal, "an internal error")
}
