package ledger

import (
	"cmp"
	"math/bits"
	"time"

	"github.com/ration-dev/ration"
)

// A rate is GCRA, the generic cell rate algorithm (ITU-T I.371), in exact
// arithmetic: a bucket of Size units that refills evenly at Quantity per
// Period. Its memory is the instant at which it will be whole again (TAT). What
// is missing now is the backlog TAT - now; a charge adds units × period ÷
// quantity to it and is admitted if the backlog stays within size × period ÷
// quantity.

// span is a time of micros + rest/quantity microseconds, 0 ≤ rest < quantity.
type span struct{ micros, rest int64 }

func (s span) compare(other span) int {
	return cmp.Or(cmp.Compare(s.micros, other.micros), cmp.Compare(s.rest, other.rest))
}

func (s span) add(other span, quantity int64) span {
	sum := span{s.micros + other.micros, s.rest + other.rest}
	if sum.rest >= quantity {
		return span{sum.micros + 1, sum.rest - quantity}
	}
	return sum
}

func (s span) sub(other span, quantity int64) span {
	difference := span{s.micros - other.micros, s.rest - other.rest}
	if difference.rest < 0 {
		return span{difference.micros - 1, difference.rest + quantity}
	}
	return difference
}

// ceil rounds up to whole microseconds, so that nobody is told to come too early.
func (s span) ceil() time.Duration {
	if s.rest > 0 {
		s.micros++
	}
	return time.Duration(s.micros) * time.Microsecond
}

func rateIndex(period ration.Period) int {
	if period == ration.PeriodMinute {
		return 1
	}
	return 0
}

func periodMicros(period ration.Period) uint64 {
	if period == ration.PeriodMinute {
		return 60_000_000
	}
	return 1_000_000
}

// spanOf returns the time in which the rate gives back units. Normalize bounds
// bursts so that the quotient fits.
func spanOf(limit ration.Limit, units int64) span {
	high, low := bits.Mul64(uint64(units), periodMicros(limit.Period))
	micros, rest := bits.Div64(high, low, uint64(limit.Quantity))
	return span{int64(micros), int64(rest)}
}

// unitsIn returns the whole units that the rate gives back in a time.
func unitsIn(limit ration.Limit, s span) int64 {
	high, low := bits.Mul64(uint64(s.micros), uint64(limit.Quantity))
	low, carry := bits.Add64(low, uint64(s.rest), 0)
	units, _ := bits.Div64(high+carry, low, periodMicros(limit.Period))
	return int64(units)
}

// backlog returns what is missing in the bucket, as time. It is at most a whole
// bucket, whatever a clock that was once ahead has left behind.
func (r RateState) backlog(limit ration.Limit, now time.Time) span {
	missing := span{r.TAT.Sub(now).Microseconds(), r.Rest}
	if r.TAT.Before(now) {
		return span{}
	}
	if missing.rest >= limit.Quantity { // left by a greater quantity
		missing = span{missing.micros + 1, 0}
	}
	if whole := spanOf(limit, limit.Size()); missing.compare(whole) > 0 {
		return whole
	}
	return missing
}

// before reports whether r is whole again before other, at one quantity.
func (r RateState) before(other RateState) bool {
	return r.TAT.Before(other.TAT) || r.TAT.Equal(other.TAT) && r.Rest < other.Rest
}

func rateRefuses(limit ration.Limit, change *MeterChange, now time.Time) refusal {
	backlog := change.Rates[rateIndex(limit.Period)].backlog(limit, now)
	after := backlog.add(spanOf(limit, change.Units), limit.Quantity)
	whole := spanOf(limit, limit.Size())
	if after.compare(whole) <= 0 {
		return refusal{}
	}
	return refusal{code: ration.CodeRateExceeded, wait: after.sub(whole, limit.Quantity).ceil(), passes: true}
}

// describeRate completes a status after units were charged to the rate, and
// returns the rate's new state.
func describeRate(s *ration.LimitStatus, state RateState, units int64, now time.Time) RateState {
	if s.Quantity == 0 { // nothing is ever admitted, so there is nothing to remember
		return state
	}
	backlog := state.backlog(s.Limit, now).add(spanOf(s.Limit, units), s.Quantity)
	s.Remaining = unitsIn(s.Limit, spanOf(s.Limit, s.Size()).sub(backlog, s.Quantity))
	s.Used = s.Size() - s.Remaining
	s.ResetsAt = now.Add(backlog.ceil())
	if s.Used > 0 {
		next := backlog.sub(spanOf(s.Limit, s.Used-1), s.Quantity)
		s.AvailableAt = now.Add(next.ceil())
	}
	return RateState{TAT: now.Add(time.Duration(backlog.micros) * time.Microsecond), Rest: backlog.rest}
}
