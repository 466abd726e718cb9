package storetest

import (
	"math/big"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// rateEvent is something that a rate remembers, with the limit that held then.
type rateEvent struct {
	at    time.Time
	limit ration.Limit
	units int64
}

// bucket is a rate at an instant: how long, in microseconds, it would take to
// give back all that is owed.
type bucket struct {
	limit ration.Limit
	owed  *big.Rat
	cut   bool // more was owed than the limit can ever be owed
}

// replay runs all that a rate remembers up to an instant.
func replay(events []rateEvent, limit ration.Limit, now time.Time) bucket {
	whole := new(big.Rat)     // when all was given back, in microseconds since 1970
	quantity := big.NewInt(1) // that the fraction of whole is kept in
	for _, event := range events {
		b := openBucket(event.limit, whole, quantity, event.at)
		b.owed.Add(b.owed, b.lasts(event.units))
		whole.Add(b.owed, micros(event.at))
		quantity.SetInt64(event.limit.Quantity)
	}
	return openBucket(limit, whole, quantity, now)
}

func openBucket(limit ration.Limit, whole *big.Rat, quantity *big.Int, now time.Time) bucket {
	b := bucket{limit: limit, owed: new(big.Rat)}
	if limit.Quantity == 0 {
		return b
	}
	b.owed.Sub(recount(whole, quantity, limit.Quantity), micros(now))
	if b.owed.Sign() < 0 {
		b.owed.SetInt64(0)
	}
	if most := b.lasts(b.size()); b.owed.Cmp(most) > 0 {
		b.owed, b.cut = most, true
	}
	return b
}

// recount reads a fraction that counts microseconds in 1/quantity as one that
// counts them in 1/now: less than a microsecond, which is what it costs to keep
// any one rate exactly.
func recount(at *big.Rat, quantity *big.Int, now int64) *big.Rat {
	whole := floor(at)
	rest := new(big.Rat).Sub(at, new(big.Rat).SetInt(whole))
	rest.Mul(rest, new(big.Rat).SetInt(quantity))
	rest.Quo(rest, new(big.Rat).SetInt64(now))
	if one := big.NewRat(1, 1); rest.Cmp(one) > 0 {
		rest = one
	}
	return rest.Add(rest, new(big.Rat).SetInt(whole))
}

func (b bucket) size() int64 {
	if b.limit.Burst > 0 {
		return b.limit.Burst
	}
	return b.limit.Quantity
}

// lasts returns how long the rate takes to give back units.
func (b bucket) lasts(units int64) *big.Rat {
	period := int64(time.Second / time.Microsecond)
	if b.limit.Period == ration.PeriodMinute {
		period *= 60
	}
	lasts := new(big.Rat).SetFrac64(period, b.limit.Quantity)
	return lasts.Mul(lasts, new(big.Rat).SetInt64(units))
}

// wait returns how long it is until so many units fit.
func (b bucket) wait(units int64) time.Duration {
	after := new(big.Rat).Add(b.owed, b.lasts(units))
	return roundUp(after.Sub(after, b.lasts(b.size())))
}

func (b bucket) describe(status *ration.LimitStatus, units int64, now time.Time) {
	owed := new(big.Rat).Add(b.owed, b.lasts(units))
	left := new(big.Rat).Sub(b.lasts(b.size()), owed)
	status.Remaining = floor(left.Quo(left, b.lasts(1))).Int64()
	status.Used = b.size() - status.Remaining
	status.ResetsAt = now.Add(roundUp(owed))
	if status.Used > 0 {
		status.AvailableAt = now.Add(roundUp(new(big.Rat).Sub(owed, b.lasts(status.Used-1))))
	}
}

// stored is a rate as a store keeps it.
func storedRate(events []rateEvent) ledger.RateState {
	if len(events) == 0 {
		return ledger.RateState{}
	}
	last := events[len(events)-1]
	b := replay(events[:len(events)-1], last.limit, last.at)
	owed := b.owed.Add(b.owed, b.lasts(last.units))
	rest := new(big.Rat).Sub(owed, new(big.Rat).SetInt(floor(owed)))
	rest.Mul(rest, new(big.Rat).SetInt64(last.limit.Quantity))
	return ledger.RateState{
		TAT:  last.at.Add(time.Duration(floor(owed).Int64()) * time.Microsecond),
		Rest: rest.Num().Int64(),
	}
}

func micros(t time.Time) *big.Rat { return new(big.Rat).SetInt64(t.UnixMicro()) }

func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

// roundUp rounds microseconds up to whole ones.
func roundUp(r *big.Rat) time.Duration {
	up := new(big.Int).Neg(floor(new(big.Rat).Neg(r)))
	return time.Duration(up.Int64()) * time.Microsecond
}
