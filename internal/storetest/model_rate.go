package storetest

import (
	"maps"
	"math/big"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// modelRate is what a meter owes to a rate: units, in fractions, as they were owed at
// an instant, and the limit that counted them and gives them back.
type modelRate struct {
	limit ration.Limit
	owed  *big.Rat // nil: nothing was ever counted
	at    time.Time
}

// leaked returns what is left of units that a limit has given back for a while.
func leaked(owed *big.Rat, limit ration.Limit, from, to time.Time) *big.Rat {
	period := int64(time.Second)
	if limit.Period == ration.PeriodMinute {
		period *= 60
	}
	back := new(big.Rat).SetFrac64(int64(to.Sub(from)), period)
	left := new(big.Rat).Sub(owed, back.Mul(back, new(big.Rat).SetInt64(limit.Quantity)))
	if left.Sign() < 0 {
		return new(big.Rat)
	}
	return left
}

// bucket is a rate at an instant: how many units are owed.
type bucket struct {
	limit ration.Limit
	owed  *big.Rat
}

// bucket opens the rate of a limit. What was counted by another quantity was given
// back by that one until the limits changed, and since then by the present one.
func (m *modelMeter) bucket(limit ration.Limit, changed, now time.Time) bucket {
	rate := m.rates[limit.Period]
	if rate.owed == nil {
		return bucket{limit, new(big.Rat)}
	}
	if rate.limit.Quantity == limit.Quantity {
		return bucket{limit, leaked(rate.owed, limit, rate.at, now)}
	}
	if changed.Before(m.last) {
		changed = m.last
	}
	if changed.After(now) {
		changed = now
	}
	owed := leaked(rate.owed, rate.limit, rate.at, changed)
	return bucket{limit, leaked(owed, limit, changed, now)}
}

func (b bucket) size() int64 {
	if b.limit.Burst > 0 {
		return b.limit.Burst
	}
	return b.limit.Quantity
}

// lasts returns how long, in microseconds, the rate takes to give back units.
func (b bucket) lasts(units *big.Rat) *big.Rat {
	period := int64(time.Second / time.Microsecond)
	if b.limit.Period == ration.PeriodMinute {
		period *= 60
	}
	lasts := new(big.Rat).SetFrac64(period, b.limit.Quantity)
	return lasts.Mul(lasts, units)
}

// after returns what is owed once units are charged.
func (b bucket) after(units int64) *big.Rat {
	return new(big.Rat).Add(b.owed, new(big.Rat).SetInt64(units))
}

// wait returns how long it is until so many units fit.
func (b bucket) wait(units int64) time.Duration {
	over := b.after(units - b.size())
	if over.Sign() <= 0 {
		return 0
	}
	return roundUp(b.lasts(over))
}

func (b bucket) describe(status *ration.LimitStatus, units int64, now time.Time) {
	owed := b.after(units)
	status.Used = ceiling(owed).Int64()
	status.Remaining = max(0, b.size()-status.Used)
	if b.limit.Quantity == 0 {
		return
	}
	status.ResetsAt = now.Add(roundUp(b.lasts(owed)))
	if status.Used > 0 {
		until := new(big.Rat).SetInt64(min(status.Used, b.size()) - 1)
		status.AvailableAt = now.Add(roundUp(b.lasts(until.Sub(owed, until))))
	}
}

// stored is the rate as a store keeps it.
func (r modelRate) stored() ledger.RateState {
	if r.owed == nil {
		return ledger.RateState{}
	}
	lasts := bucket{limit: r.limit}.lasts(r.owed)
	rest := new(big.Rat).Sub(lasts, new(big.Rat).SetInt(floor(lasts)))
	rest.Mul(rest, new(big.Rat).SetInt64(r.limit.Quantity))
	return ledger.RateState{
		TAT:      r.at.Add(time.Duration(floor(lasts).Int64()) * time.Microsecond),
		Rest:     rest.Num().Int64(),
		Quantity: r.limit.Quantity,
	}
}

// turnBack moves what was counted by a clock that was ahead to the present: what was
// owed at the last request is owed now.
func (m *modelMeter) turnBack(now time.Time) {
	if !m.last.After(now) {
		return
	}
	for period, rate := range m.rates {
		if rate.owed != nil {
			m.rates[period] = modelRate{rate.limit, leaked(rate.owed, rate.limit, rate.at, m.last), now}
		}
	}
	m.last = now
}

// turnedBack is turnBack on a copy.
func (m *modelMeter) turnedBack(now time.Time) *modelMeter {
	other := *m
	other.rates = maps.Clone(m.rates)
	other.turnBack(now)
	return &other
}

func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

func ceiling(r *big.Rat) *big.Int { return new(big.Int).Neg(floor(new(big.Rat).Neg(r))) }

// centuries is the longest time that is told.
const centuries = time.Duration(1<<63-1) / time.Microsecond * time.Microsecond

// roundUp rounds microseconds up to whole ones.
func roundUp(r *big.Rat) time.Duration {
	up := ceiling(r)
	if !up.IsInt64() || up.Int64() > int64(centuries/time.Microsecond) {
		return centuries
	}
	return time.Duration(up.Int64()) * time.Microsecond
}
