package ration

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unit is what a meter is counted in: 1, 0.1, 0.01 and so on to 0.000000001. All
// counts are whole numbers of units. A Unit is the number of its decimal places, so
// the zero Unit is 1: the meter counts whole numbers, as every meter does that nobody
// has given a unit. Amounts with decimals are written and shown as decimals.
type Unit uint8

// MinUnit is the smallest unit: 0.000000001.
const MinUnit Unit = 9

// ParseUnit reads a unit as people write it: "1", "0.1", "0.01" and so on to
// "0.000000001". Its error is an [InvalidError].
func ParseUnit(text string) (Unit, error) {
	for unit := range MinUnit + 1 {
		if text == unit.String() {
			return unit, nil
		}
	}
	return 0, &InvalidError{Field: "unit", Value: text, Reason: "use 1, 0.1, 0.01, 0.001 and so on, to 0.000000001"}
}

// String returns the unit as a decimal number, such as "0.001".
func (u Unit) String() string { return u.Text(1) }

// Validate returns an [InvalidError] for a unit smaller than [MinUnit].
func (u Unit) Validate() error {
	if u > MinUnit {
		return &InvalidError{Field: "unit", Value: "1e-" + strconv.Itoa(int(u)), Reason: "the smallest unit is 0.000000001"}
	}
	return nil
}

// Text returns a number of units as a decimal number, without zeros at its end: 1500
// units of 0.001 are "1.5".
func (u Unit) Text(units int64) string {
	digits := strconv.FormatInt(units, 10)
	if u == 0 {
		return digits
	}
	digits, negative := strings.CutPrefix(digits, "-")
	if missing := int(u) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - int(u)
	text := strings.TrimRight(digits[:point]+"."+digits[point:], "0")
	if text = strings.TrimSuffix(text, "."); negative {
		text = "-" + text
	}
	return text
}

// Of returns how many of these units a number of others is, rounded up, and
// math.MaxInt64 if it is more than that.
func (u Unit) Of(units int64, other Unit) int64 {
	units, _, fits := rescale(units, other, u)
	if !fits {
		return math.MaxInt64
	}
	return units
}

// rescale returns how many units of one size so many units of another are. What is
// finer is rounded up, so that many small amounts never count as nothing; exact says
// that nothing was. Fits is false if the number is beyond an int64. Units are not
// negative.
func rescale(units int64, from, to Unit) (scaled int64, exact, fits bool) {
	for ; from < to; from++ {
		if units > math.MaxInt64/10 {
			return 0, false, false
		}
		units *= 10
	}
	exact = true
	for ; from > to; from-- {
		rest := units % 10
		if units /= 10; rest > 0 {
			units, exact = units+1, false
		}
	}
	return units, exact, true
}

// Text returns the amount as a decimal number, without its meter.
func (a Amount) Text() string { return a.Unit.Text(a.Units) }

// In returns the amount in another unit. What is finer than the unit is rounded up;
// exact says that nothing was. Its error is an [InvalidError] if the amount is more
// than [MaxUnits] of these units.
func (a Amount) In(unit Unit) (scaled Amount, exact bool, err error) {
	units, exact, fits := rescale(a.Units, a.Unit, unit)
	if !fits || units > MaxUnits {
		return Amount{}, false, &InvalidError{Field: "amounts." + a.Meter, Value: a.Text(), Reason: unit.bounds()}
	}
	return Amount{Meter: a.Meter, Units: units, Unit: unit}, exact, nil
}

// RoundedUp returns the meters on which more was counted than was asked for, because
// the asked amount is finer than the meter's unit.
func RoundedUp(asked, counted []Amount) (meters []string) {
	for _, amount := range asked {
		for _, c := range counted {
			if c.Meter != amount.Meter || amount.Unit <= c.Unit {
				continue
			}
			if _, exact, _ := rescale(amount.Units, amount.Unit, c.Unit); !exact {
				meters = append(meters, amount.Meter)
			}
		}
	}
	return meters
}

// In returns the limit in another unit. Its error is an [InvalidError] if the limit
// can't be written in it exactly. A concurrent limit counts charges, whatever the
// unit of its meter.
func (l Limit) In(unit Unit) (Limit, error) {
	if l.Kind == KindConcurrent {
		unit = 0
	}
	if l.Unit == unit {
		return l, nil
	}
	quantity, exact, fits := rescale(l.Quantity, l.Unit, unit)
	burst, burstExact, burstFits := rescale(l.Burst, l.Unit, unit)
	switch {
	case !exact || !burstExact:
		return Limit{}, &InvalidError{Field: "limit", Value: l.String(), Reason: finerThan(l, unit)}
	case !fits || quantity > MaxUnits || !burstFits || burst > MaxUnits:
		return Limit{}, &InvalidError{Field: "limit", Value: l.String(), Reason: unit.bounds()}
	}
	l.Quantity, l.Burst, l.Unit = quantity, burst, unit
	return l, nil
}

func finerThan(l Limit, unit Unit) string {
	switch {
	case l.Kind == KindConcurrent:
		return "a concurrent limit is a whole number"
	case l.Meter == MeterRequests:
		return "requests are counted one by one"
	case unit == 0:
		return fmt.Sprintf("the meter %s counts whole numbers; give it a unit first, such as %s", l.Meter, l.Unit)
	}
	return fmt.Sprintf("the unit of the meter %s is %s", l.Meter, unit)
}

// bounds says which amounts are possible.
func (u Unit) bounds() string {
	if u == 0 {
		return fmt.Sprintf("use a whole number from 0 to %d", MaxUnits)
	}
	return "use a number from 0 to " + u.Text(MaxUnits) + " in steps of " + u.String()
}
