package envoy

import (
	"math"
	"net/http"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

const (
	ok        = ratelimitv3.RateLimitResponse_OK
	overLimit = ratelimitv3.RateLimitResponse_OVER_LIMIT
)

// answer says what was decided of so many descriptors, each in its place. What the client
// is told of a refusal is the first one's body and fields.
func (s *service) answer(descriptors int, all []*asked, decisions []ration.Decision) *ratelimitv3.RateLimitResponse {
	out := &ratelimitv3.RateLimitResponse{OverallCode: ok, Statuses: make([]*ratelimitv3.RateLimitResponse_DescriptorStatus, descriptors)}
	told := 0 // whose answer the client gets
	for i := range decisions {
		if !decisions[i].Allowed() && out.OverallCode == ok {
			out.OverallCode, told = overLimit, i
		}
		for n, place := range all[i].of {
			out.Statuses[place] = statusOf(&decisions[i], all[i].meters[n])
		}
	}
	response := s.config.Gate.Responder.Decided(&decisions[told], rationhttp.Echo{Amounts: all[told].amounts, Scope: all[told].scope})
	out.RawBody = response.Body
	for _, field := range response.Fields {
		if field.Name != "WWW-Authenticate" { // it goes with 401 and 403
			out.ResponseHeadersToAdd = append(out.ResponseHeadersToAdd, &corev3.HeaderValue{Key: field.Name, Value: field.Value})
		}
	}
	if problem := response.Problem; problem != nil && problem.Status != http.StatusTooManyRequests {
		as429 := *problem // the filter knows no other answer, and a body must not contradict it
		as429.Status = http.StatusTooManyRequests
		out.RawBody = s.config.Gate.Responder.Problem(as429).Body
	}
	return out
}

// statusOf says what a decision means to a descriptor that charges a meter. Of several
// limits on it, the tightest is told of.
func statusOf(decision *ration.Decision, meter string) *ratelimitv3.RateLimitResponse_DescriptorStatus {
	out := &ratelimitv3.RateLimitResponse_DescriptorStatus{Code: ok}
	refusedByLimit := false
	var limits []ration.LimitStatus
	for _, limit := range decision.Limits {
		refusedByLimit = refusedByLimit || limit.Exceeded
		if limit.Meter == meter {
			limits = append(limits, limit)
		}
	}
	tightest := ration.Tightest(limits)
	if !decision.Allowed() && !refusedByLimit || tightest != nil && tightest.Exceeded {
		out.Code = overLimit
	}
	if tightest == nil {
		return out
	}
	out.CurrentLimit = &ratelimitv3.RateLimitResponse_RateLimit{Name: tightest.Name, RequestsPerUnit: saturated(tightest.Quantity), Unit: unitOf(tightest.Period)}
	out.LimitRemaining = saturated(tightest.Remaining)
	more := tightest.ResetsAt
	if tightest.Kind == ration.KindRate {
		more = tightest.AvailableAt
	}
	if !more.IsZero() {
		out.DurationUntilReset = durationpb.New(max(more.Sub(decision.DecidedAt), 0).Round(time.Millisecond))
	}
	return out
}

// saturated is a number of units as far as the protocol can say it.
func saturated(units int64) uint32 { return uint32(min(units, math.MaxUint32)) }

// unitOf returns the protocol's word for a period; a lifetime and a concurrent limit have
// none.
func unitOf(period ration.Period) ratelimitv3.RateLimitResponse_RateLimit_Unit {
	switch period.Unit() {
	case ration.PeriodSecond:
		return ratelimitv3.RateLimitResponse_RateLimit_SECOND
	case ration.PeriodMinute:
		return ratelimitv3.RateLimitResponse_RateLimit_MINUTE
	case ration.PeriodHour:
		return ratelimitv3.RateLimitResponse_RateLimit_HOUR
	case ration.PeriodDay:
		return ratelimitv3.RateLimitResponse_RateLimit_DAY
	case ration.PeriodWeek:
		return ratelimitv3.RateLimitResponse_RateLimit_WEEK
	case ration.PeriodMonth:
		return ratelimitv3.RateLimitResponse_RateLimit_MONTH
	}
	return ratelimitv3.RateLimitResponse_RateLimit_UNKNOWN
}
