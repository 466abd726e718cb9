package rationhttp

import (
	"math/bits"
	"strconv"
	"time"

	"github.com/ration-dev/ration"
)

// maxInteger is the largest Integer of a structured field: 15 digits (RFC 9651).
const maxInteger = 999_999_999_999_999

// rateLimitFields returns the values of RateLimit-Policy and RateLimit in the form of
// draft-ietf-httpapi-ratelimit-headers-10. The draft is not an RFC yet, so only this
// file knows its form.
func rateLimitFields(limits []ration.LimitStatus, now time.Time) (policy, state string) {
	policies, states := make([]byte, 0, 128), make([]byte, 0, 128)
	for i := range limits {
		text := textOf(limits[i].Limit)
		if text == nil {
			return "", ""
		}
		if i > 0 {
			policies, states = append(policies, ", "...), append(states, ", "...)
		}
		policies = append(policies, text.policy...)
		states = appendState(append(states, text.name...), &limits[i], now)
	}
	return string(policies), string(states)
}

// appendState adds the parameters of a RateLimit item, both Integers.
func appendState(item []byte, status *ration.LimitStatus, now time.Time) []byte {
	item = strconv.AppendInt(append(item, ";r="...), min(status.Remaining, maxInteger), 10)
	more := status.ResetsAt
	if status.Kind == ration.KindRate {
		more = status.AvailableAt
	}
	if more.IsZero() {
		return item
	}
	return strconv.AppendInt(append(item, ";t="...), min(ceilSeconds(more.Sub(now)), maxInteger), 10)
}

// windowSeconds returns a policy's window w. For a rate it is the time in which an
// empty bucket fills, so that q per w is the rate. It is 0 for a window without a
// fixed length.
func windowSeconds(limit ration.Limit) int64 {
	switch limit.Period.Unit() {
	case ration.PeriodSecond:
		return fillSeconds(limit, 1)
	case ration.PeriodMinute:
		return fillSeconds(limit, 60)
	case ration.PeriodHour:
		return 3600
	case ration.PeriodDay:
		return 24 * 3600
	case ration.PeriodWeek:
		return 7 * 24 * 3600
	}
	return 0
}

// fillSeconds returns size × period ÷ quantity, rounded up, at most maxInteger.
func fillSeconds(limit ration.Limit, period uint64) int64 {
	if limit.Quantity <= 0 {
		return 0
	}
	quantity := uint64(limit.Quantity)
	high, low := bits.Mul64(uint64(limit.Size()), period)
	if high >= quantity {
		return maxInteger
	}
	seconds, rest := bits.Div64(high, low, quantity)
	if rest > 0 {
		seconds++
	}
	return int64(min(seconds, maxInteger))
}

// ceilSeconds rounds a waiting time up to whole seconds, so that no client is told to
// come back too early.
func ceilSeconds(wait time.Duration) int64 {
	if wait <= 0 {
		return 0
	}
	return int64((wait-1)/time.Second) + 1
}
