package envoy

import (
	"context"
	"errors"
	"sync"
	"time"

	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// ViaRateLimit is the rate limit service's name in events.
const ViaRateLimit = "rate-limit-grpc"

// rateLimits implements envoy.service.ratelimit.v3.RateLimitService.
type rateLimits struct {
	ratelimitv3.UnimplementedRateLimitServiceServer
	*service
}

// ShouldRateLimit charges what the descriptors name: all of it, or nothing.
func (s *rateLimits) ShouldRateLimit(ctx context.Context, in *ratelimitv3.RateLimitRequest) (*ratelimitv3.RateLimitResponse, error) {
	if err := s.authorize(ctx); err != nil {
		return nil, err
	}
	all, err := s.read(in)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	start := time.Now()
	decisions, err := s.decide(ctx, all)
	s.observe(ctx, all, decisions, err, time.Since(start))
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return s.answer(len(in.GetDescriptors()), all, decisions), nil
}

// decide returns a decision for each holder.
func (s *rateLimits) decide(ctx context.Context, all []*asked) ([]ration.Decision, error) {
	if len(all) > 1 {
		return s.decideTogether(ctx, all)
	}
	decision, err := s.charge(ctx, all[0].charge())
	return []ration.Decision{decision}, err
}

func (s *rateLimits) charge(ctx context.Context, charge ration.Charge) (ration.Decision, error) {
	if charge.KeyID.IsZero() {
		return rationhttp.ChargeSecret(ctx, s.config.Gate.Charger, charge)
	}
	return s.config.Gate.Charger.Charge(ctx, charge)
}

// holdTime is how long what is reserved for several keys stays so if this instance dies
// before it has ended the reservations.
const holdTime = time.Minute

// decideTogether reserves what is asked of each key, for no decision joins two. If all
// are admitted it settles the reservations, else it voids them.
func (s *rateLimits) decideTogether(ctx context.Context, all []*asked) ([]ration.Decision, error) {
	decisions, errs := make([]ration.Decision, len(all)), make([]error, len(all))
	ends := context.WithoutCancel(ctx) // nobody else could end what was reserved for a caller that has gone
	concurrently(len(all), func(i int) {
		charge := all[i].charge()
		charge.Hold = &ration.Hold{TTL: holdTime, AtExpiry: ration.AtExpiryRelease}
		decisions[i], errs[i] = s.charge(ends, charge)
	})
	admitted := errors.Join(errs...) == nil && ctx.Err() == nil
	for i := range decisions {
		admitted = admitted && decisions[i].Allowed()
	}
	concurrently(len(all), func(i int) {
		reservation := decisions[i].Reservation
		switch {
		case errs[i] != nil || reservation == nil: // what is unknown expires
		case admitted:
			_, errs[i] = s.config.Reservations.Settle(ends, decisions[i].KeyID, reservation.ID, ration.Settlement{})
		default:
			_, errs[i] = s.config.Reservations.Void(ends, decisions[i].KeyID, reservation.ID)
		}
	})
	return decisions, errors.Join(append(errs, ctx.Err())...)
}

// concurrently calls f with each number below n, and returns when all calls have.
func concurrently(n int, f func(int)) {
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { f(i) })
	}
	calls.Wait()
}

// observe tells the observer of all ways in about each decision.
func (s *rateLimits) observe(ctx context.Context, all []*asked, decisions []ration.Decision, err error, wait time.Duration) {
	if s.config.Gate.Observe == nil {
		return
	}
	for i := range all {
		event := rationhttp.NewEvent(ctx, ViaRateLimit, decisions[i], err)
		event.Wait = wait
		s.config.Gate.Observe(ctx, event)
	}
}
