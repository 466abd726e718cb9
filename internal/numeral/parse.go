package numeral

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
)

// What may be wrong with a number. The texts say what would be right, and nothing of
// what was written.
var (
	ErrSyntax   = fmt.Errorf("use a number from 0 to %d; this is not a number", ration.MaxUnits)
	ErrNegative = fmt.Errorf("use a number from 0 to %d; this is negative", ration.MaxUnits)
	ErrTooLarge = fmt.Errorf("use a number from 0 to %d; this is more", ration.MaxUnits)
)

// Number is what was read: a number of units, 0 … [ration.MaxUnits] when written as a
// whole number.
type Number struct {
	Units   int64
	Unit    ration.Unit // what a unit is; zero: the number is whole
	Rounded bool        // it is finer than any unit, and this is the next number above it
}

// Amount returns the number as an amount on a meter.
func (n Number) Amount(meter string) ration.Amount {
	return ration.Amount{Meter: meter, Units: n.Units, Unit: n.Unit}
}

// Parse reads a decimal number with or without a fraction and an exponent, as JSON
// writes it (RFC 8259, section 6): 37, 37.0 and 3.7e1 are the same. Zeros and a "+"
// before it don't matter, and -0 is 0. Decimals are kept; those that no unit of a meter
// counts are rounded up, so that many small amounts never count as nothing. Errors: [ErrSyntax], also for "NaN" and
// "Infinity", [ErrNegative] and [ErrTooLarge].
func Parse(text string) (Number, error) {
	digits, point, negative, err := split(text)
	if err != nil {
		return Number{}, err
	}
	significant := strings.TrimLeft(digits, "0")
	point -= int64(len(digits) - len(significant))
	switch {
	case significant == "":
		return Number{}, nil
	case negative:
		return Number{}, ErrNegative
	case point > mostDigits:
		return Number{}, ErrTooLarge
	}
	return roundUp(significant, point)
}

const (
	// mostDigits is how many digits [ration.MaxUnits] has.
	mostDigits = 16
	// mostKept is how many digits are kept, so that they are an int64. A number with
	// more is either rounded or, in its meter's unit, beyond ration.MaxUnits.
	mostKept = 18
)

// split takes a number apart. Its value is that of the digits with a decimal point
// after so many of them, which may be fewer than none or more than all.
func split(text string) (digits string, point int64, negative bool, err error) {
	text, negative = strings.CutPrefix(text, "-")
	if !negative {
		text = strings.TrimPrefix(text, "+")
	}
	var power int64
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		power, err = strconv.ParseInt(text[at+1:], 10, 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond the range it is the largest, which is beyond ours too
			return "", 0, false, ErrSyntax
		}
		text = text[:at]
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if !isDigits(whole) || pointed && !isDigits(fraction) {
		return "", 0, false, ErrSyntax
	}
	return whole + fraction, int64(len(whole)) + power, negative, nil
}

// roundUp returns the number with a decimal point after so many digits, the first of
// which is not 0.
func roundUp(digits string, point int64) (Number, error) {
	digits = strings.TrimRight(digits, "0")
	decimals := min(max(int64(len(digits))-point, 0), int64(ration.MinUnit), mostKept-max(point, 0))
	kept := point + decimals // of the digits; none if all of them are finer
	number := Number{Unit: ration.Unit(decimals)}
	for i := range max(kept, 0) {
		number.Units *= 10
		if i < int64(len(digits)) {
			number.Units += int64(digits[i] - '0')
		}
	}
	if kept < int64(len(digits)) {
		number.Units++
		number.Rounded = true
	}
	if ration.Unit(0).Of(number.Units, number.Unit) > ration.MaxUnits {
		return Number{}, ErrTooLarge
	}
	return number, nil
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
