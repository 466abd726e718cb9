package envoy

import (
	"context"
	"errors"
	"sync"
	"time"

	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
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
	caller, err := s.recognize(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := s.limit(ctx, in, caller)
	if refused := s.confirm(ctx, caller); refused != nil {
		return nil, refused
	}
	return answer, err
}

func (s *rateLimits) limit(ctx context.Context, in *ratelimitv3.RateLimitRequest, caller *bearer.Caller) (*ratelimitv3.RateLimitResponse, error) {
	all, err := s.read(in)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	start := time.Now()
	decisions, err := s.decide(ctx, all, caller)
	if refused, ok := errors.AsType[*bearer.Refusal](err); ok {
		return nil, s.refused(ctx, refused)
	}
	s.observe(ctx, all, decisions, err, time.Since(start))
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return s.answer(len(in.GetDescriptors()), all, decisions), nil
}

// decide returns a decision for each holder, which checks the caller's token. Of several,
// some of which may have no key, it is checked before as well: no decision joins two.
func (s *rateLimits) decide(ctx context.Context, all []*asked, caller *bearer.Caller) ([]ration.Decision, error) {
	if len(all) > 1 {
		if err := caller.Confirm(ctx); err != nil {
			return nil, err
		}
		decisions, err := s.decideTogether(ctx, all, caller.Digest())
		return decisions, caller.Found(ctx, &decisions[0], err)
	}
	charge := all[0].charge()
	charge.Token = caller.Digest()
	decision, err := s.charge(ctx, charge)
	return []ration.Decision{decision}, caller.Found(ctx, &decision, err)
}

func (s *rateLimits) charge(ctx context.Context, charge ration.Charge) (ration.Decision, error) {
	if charge.KeyID.IsZero() {
		return rationhttp.ChargeSecret(ctx, s.config.Gate.Charger, charge)
	}
	return s.config.Gate.Charger.Charge(ctx, charge)
}

const (
	// holdTime is how long what is reserved for several keys stays so if nobody ends it:
	// this instance dies, or the database stays away.
	holdTime = time.Minute
	// endTime is how long it is tried to end reservations, after the time to make them.
	endTime = 3 * time.Second
	// endPause is between two tries.
	endPause = 100 * time.Millisecond
)

// decideTogether reserves what is asked of each key, for no decision joins two. If all
// are admitted it settles the reservations, else it voids them.
func (s *rateLimits) decideTogether(ctx context.Context, all []*asked, token ration.Digest) ([]ration.Decision, error) {
	decisions, errs := make([]ration.Decision, len(all)), make([]error, len(all))
	reserving, cancel := staying(ctx, maxWait)
	defer cancel()
	concurrently(len(all), func(i int) {
		charge := all[i].charge()
		charge.Token = token
		charge.Hold = &ration.Hold{TTL: holdTime, AtExpiry: ration.AtExpiryRelease}
		decisions[i], errs[i] = s.charge(reserving, charge)
	})
	failure := errors.Join(append(errs, ctx.Err())...)
	admitted := failure == nil
	for i := range decisions {
		admitted = admitted && decisions[i].Allowed()
	}
	ending, cancel := staying(ctx, endTime)
	defer cancel()
	concurrently(len(all), func(i int) {
		if errs[i] == nil && decisions[i].Reservation != nil { // what is unknown expires
			errs[i] = s.end(ending, &decisions[i], admitted)
		}
	})
	if failure != nil {
		return decisions, failure
	}
	return decisions, errors.Join(errs...)
}

// staying returns a context that stays though the caller goes, but no longer than most:
// nobody else could end what was reserved for it.
func staying(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), most)
}

// end settles or voids a reservation, and tries again while the database is away: of
// several, some may have been settled. To do it twice is to do it once.
func (s *rateLimits) end(ctx context.Context, decision *ration.Decision, admitted bool) (err error) {
	for {
		if admitted {
			_, err = s.config.Reservations.Settle(ctx, decision.KeyID, decision.Reservation.ID, ration.Settlement{})
		} else {
			_, err = s.config.Reservations.Void(ctx, decision.KeyID, decision.Reservation.ID)
		}
		if err == nil || !isPassing(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(endPause):
		}
	}
}

// isPassing reports whether what failed may work a moment later.
func isPassing(err error) bool {
	switch ration.CodeOf(err) {
	case ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect:
		return true
	}
	return false
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
