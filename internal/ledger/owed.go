package ledger

import (
	"cmp"
	"math"
	"math/bits"
	"time"

	"github.com/ration-dev/ration"
)

// owed is what a rate has admitted and not given back yet, in parts of a unit. A unit
// has as many parts as the rate's period has microseconds, so every microsecond gives
// back exactly as many parts as the rate's quantity: whole numbers hold it exactly,
// whatever the quantity is and however often it changes.
type owed struct{ high, low uint64 } // 128 bits

// owedFor returns the parts of units.
func owedFor(units int64, period ration.Period) owed {
	return product(uint64(units), periodMicros(period))
}

// givenBack returns the parts that a rate gives back in a time, none in less than none.
func givenBack(quantity, micros int64) owed {
	return product(uint64(quantity), uint64(max(0, micros)))
}

func product(a, b uint64) owed {
	high, low := bits.Mul64(a, b)
	return owed{high, low}
}

func (o owed) compare(other owed) int {
	return cmp.Or(cmp.Compare(o.high, other.high), cmp.Compare(o.low, other.low))
}

func (o owed) plus(other owed) owed {
	low, carry := bits.Add64(o.low, other.low, 0)
	high, _ := bits.Add64(o.high, other.high, carry)
	return owed{high, low}
}

// less never falls below nothing.
func (o owed) less(other owed) owed {
	low, borrow := bits.Sub64(o.low, other.low, 0)
	high, below := bits.Sub64(o.high, other.high, borrow)
	if below > 0 {
		return owed{}
	}
	return owed{high, low}
}

// units returns the whole units, and whether there are parts of another.
func (o owed) units(period ration.Period) (units int64, more bool) {
	units, rest := o.over(periodMicros(period))
	return units, rest > 0
}

// over divides; a quotient too large to be true is the largest that there is.
func (o owed) over(divisor uint64) (quotient, rest int64) {
	if o.high >= divisor {
		return math.MaxInt64, 0
	}
	q, r := bits.Div64(o.high, o.low, divisor)
	if q > math.MaxInt64 {
		return math.MaxInt64, 0
	}
	return int64(q), int64(r)
}

// mostMicros is the longest time in microseconds that a time.Duration holds.
const mostMicros = int64(math.MaxInt64 / time.Microsecond)

// in returns how long a rate takes to give it back, rounded up to whole
// microseconds, so that nobody is told to come too early. What would take
// centuries takes the longest time that there is.
func (o owed) in(quantity int64) time.Duration {
	micros, rest := o.over(uint64(quantity))
	if rest > 0 {
		micros++
	}
	return time.Duration(min(micros, mostMicros)) * time.Microsecond
}
