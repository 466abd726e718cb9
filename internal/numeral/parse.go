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
	ErrSyntax   = fmt.Errorf("use a whole number from 0 to %d; this is not a number", ration.MaxUnits)
	ErrNegative = fmt.Errorf("use a whole number from 0 to %d; this is negative", ration.MaxUnits)
	ErrTooLarge = fmt.Errorf("use a whole number from 0 to %d; this is more", ration.MaxUnits)
)

// Number is what was read: 0 … [ration.MaxUnits].
type Number struct {
	Units   int64
	Rounded bool // it was not whole, and Units is the next whole number
}

// Parse reads a decimal number with or without a fraction and an exponent, as JSON
// writes it (RFC 8259, section 6): 37, 37.0 and 3.7e1 are the same. Zeros and a "+"
// before it don't matter, and -0 is 0. Every fraction is rounded up, so that many
// small amounts never count as nothing. Errors: [ErrSyntax], also for "NaN" and
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
	return roundUp(significant, int(max(point, 0)))
}

// mostDigits is how many digits [ration.MaxUnits] has.
const mostDigits = 16

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
func roundUp(digits string, point int) (Number, error) {
	whole, fraction := digits, ""
	if point < len(digits) {
		whole, fraction = digits[:point], strings.TrimRight(digits[point:], "0")
	}
	var number Number
	for _, digit := range []byte(whole) {
		number.Units = number.Units*10 + int64(digit-'0')
	}
	for range point - len(whole) {
		number.Units *= 10
	}
	if fraction != "" {
		number.Units++
		number.Rounded = true
	}
	if number.Units > ration.MaxUnits {
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
