package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// A rate is GCRA, the generic cell rate algorithm (ITU-T I.371), in exact
// arithmetic: a bucket of Size units that refills evenly at Quantity per Period. What
// is missing in it is owed. A charge adds its units and is admitted if what is owed
// then stays within Size. It is kept as the instant at which all will be given back
// (TAT), with the quantity by which that instant was found.

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

// rateClock is what the reading of a rate depends on besides its state: the time,
// and when what is kept of it was counted at the latest.
type rateClock struct {
	now       time.Time
	last      time.Time // the last admitted charge of the meter, not after now
	changedAt time.Time // when the limits that hold last changed
}

// owed returns what is owed to a limit. Under the quantity by which it was kept, the
// instant says it. Where the quantity has changed since, the former one has given back
// until the limits last changed, and the present one from then on.
func (r RateState) owed(limit *ration.Limit, clock *rateClock) owed {
	switch r.Quantity {
	case 0: // a release that kept no quantity counted it, or nothing was ever counted
		whole := owedFor(limit.Size(), limit.Period)
		then := RateState{TAT: r.TAT, Rest: min(r.Rest, limit.Quantity), Quantity: limit.Quantity}.at(clock.last)
		if then.compare(whole) > 0 {
			then = whole
		}
		return then.less(givenBack(limit.Quantity, microsBetween(clock.last, clock.now)))
	case limit.Quantity:
		return r.at(clock.now)
	}
	since := clock.changedAt
	if since.Before(clock.last) { // the charges until then were counted by the former quantity
		since = clock.last
	}
	if since.After(clock.now) {
		since = clock.now
	}
	return r.at(since).less(givenBack(limit.Quantity, microsBetween(since, clock.now)))
}

// at returns what is owed at an instant, given back by the quantity of the state.
func (r RateState) at(t time.Time) owed {
	if r.TAT.Before(t) {
		return owed{}
	}
	return givenBack(r.Quantity, microsBetween(t, r.TAT)).plus(owed{low: uint64(r.Rest)})
}

// rateStateOf is the inverse of at, but for a debt that would take more than 292 years
// to be given back, which a charge of no units can meet after a change to a far smaller
// rate: it keeps as much as the rate gives back in that time.
func rateStateOf(owes owed, quantity int64, now time.Time) RateState {
	micros, rest := owes.over(uint64(quantity))
	if micros > mostMicros {
		micros, rest = mostMicros, 0
	}
	return RateState{TAT: now.Add(time.Duration(micros) * time.Microsecond), Rest: rest, Quantity: quantity}
}

// microsBetween is right for all times that databases hold, as time.Duration isn't.
func microsBetween(from, to time.Time) int64 { return to.UnixMicro() - from.UnixMicro() }

func rateRefuses(limit *ration.Limit, change *MeterChange, clock *rateClock) refusal {
	owes := change.Rates[rateIndex(limit.Period)].owed(limit, clock).plus(owedFor(change.Units, limit.Period))
	size := owedFor(limit.Size(), limit.Period)
	if owes.compare(size) <= 0 {
		return refusal{}
	}
	return refusal{code: ration.CodeRateExceeded, wait: owes.less(size).in(limit.Quantity), passes: true}
}

// describeRate completes a status after units were charged to the rate. It returns the
// rate's state as it then is.
func describeRate(s *ration.LimitStatus, state RateState, units int64, clock *rateClock) RateState {
	owes := state.owed(&s.Limit, clock).plus(owedFor(units, s.Period))
	used, more := owes.units(s.Period)
	if more {
		used++
	}
	s.Used = used
	s.Remaining = max(0, s.Size()-used)
	if s.Quantity == 0 { // nothing is given back
		return state
	}
	s.ResetsAt = clock.now.Add(owes.in(s.Quantity))
	if used > 0 {
		next := owes.less(owedFor(min(used, s.Size())-1, s.Period))
		s.AvailableAt = clock.now.Add(next.in(s.Quantity))
	}
	return rateStateOf(owes, s.Quantity, clock.now)
}
