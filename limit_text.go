package ration

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseLimit reads a limit as people write it: "1000/day", "200000 tokens/month",
// "10/second burst 20", "5000000 tokens/lifetime", "1000/day from 06:00", "5 at
// once". Without a meter the limit is on requests. A quantity may have decimals, such as
// "12.50 eur/day", for a meter whose unit is as fine. Digits may be grouped with '_'. The
// result is normalised and valid.
func ParseLimit(text string) (Limit, error) {
	wrong := func(reason string) (Limit, error) {
		return Limit{}, &InvalidError{Field: "limit", Value: text, Reason: reason}
	}
	const form = `write "1000/day", "200000 tokens/month", "10/second burst 20" or "5 at once"`
	if words := strings.Fields(text); hasAtOnce(words) {
		return parseAtOnce(text, words[:len(words)-2])
	}
	head, tail, found := strings.Cut(text, "/")
	before, after := strings.Fields(head), strings.Fields(tail)
	if !found || len(before) < 1 || len(before) > 2 || len(after) == 0 {
		return wrong(form)
	}
	quantity, err := parseDecimal(before[0])
	if err != nil {
		return wrong(err.Error())
	}
	limit := Limit{Meter: MeterRequests, Quantity: quantity.Units, Unit: quantity.Unit, Period: Period(after[0])}
	if len(before) == 2 {
		limit.Meter = before[1]
	}
	switch {
	case len(after) == 1:
	case after[1] == "from":
		limit.Period = Period(strings.Join(after, " "))
	case after[1] == "burst" && len(after) == 3:
		burst, err := parseDecimal(after[2])
		if err != nil {
			return wrong(err.Error())
		}
		if limit, err = limit.withBurst(burst); err != nil {
			return wrong(err.Error())
		}
	default:
		return wrong(form)
	}
	return limit.Normalize()
}

// String returns the limit in the form that ParseLimit reads.
func (l Limit) String() string {
	text := l.Unit.Text(l.Quantity)
	if l.Meter != MeterRequests {
		text += " " + l.Meter
	}
	if l.Kind == KindConcurrent {
		return text + " at once"
	}
	text += "/" + string(l.Period)
	if l.Kind == KindRate && l.Size() != l.Quantity {
		text += " burst " + l.Unit.Text(l.Burst)
	}
	return text
}

// hasAtOnce reports whether a limit ends with the words of a concurrent one.
func hasAtOnce(words []string) bool {
	n := len(words)
	return n >= 2 && words[n-2] == "at" && words[n-1] == "once"
}

// parseAtOnce reads a concurrent limit from the words before "at once".
func parseAtOnce(text string, words []string) (Limit, error) {
	wrong := func(reason string) (Limit, error) {
		return Limit{}, &InvalidError{Field: "limit", Value: text, Reason: reason}
	}
	if len(words) < 1 || len(words) > 2 {
		return wrong(`write "5 at once" or, for a meter of your own, "2 exports at once"`)
	}
	quantity, err := parseDecimal(words[0])
	if err != nil {
		return wrong(err.Error())
	}
	limit := Limit{Meter: MeterRequests, Kind: KindConcurrent, Quantity: quantity.Units, Unit: quantity.Unit}
	if len(words) == 2 {
		limit.Meter = words[1]
	}
	return limit.Normalize()
}

// decimal is a number as people write it, with as few decimal places as it needs.
type decimal struct {
	Units int64
	Unit  Unit
}

func parseDecimal(text string) (decimal, error) {
	whole, fraction, pointed := strings.Cut(strings.ReplaceAll(text, "_", ""), ".")
	if pointed && fraction == "" || whole == "" || text[0] == '_' {
		return decimal{}, notANumber(text)
	}
	significant := strings.TrimRight(fraction, "0")
	units, err := strconv.ParseUint(whole+significant, 10, 63)
	if err != nil || strings.Trim(fraction, "0123456789") != "" {
		return decimal{}, notANumber(text)
	}
	if len(significant) > int(MinUnit) {
		return decimal{}, fmt.Errorf("%s has too many decimal places; the smallest unit of a meter is %s", shortQuote(text), MinUnit)
	}
	unit := Unit(len(significant))
	if units > uint64(MaxUnits) {
		return decimal{}, fmt.Errorf("%s is too much; %s", shortQuote(text), unit.bounds())
	}
	return decimal{int64(units), unit}, nil
}

func notANumber(text string) error {
	return fmt.Errorf("%s is not a number from 0 to %d", shortQuote(text), MaxUnits)
}

// withBurst gives a rate its burst, in the unit of whichever has more decimal places.
func (l Limit) withBurst(burst decimal) (Limit, error) {
	unit := max(l.Unit, burst.Unit)
	quantity, _, fits := rescale(l.Quantity, l.Unit, unit)
	units, _, burstFits := rescale(burst.Units, burst.Unit, unit)
	switch {
	case units == 0 && burstFits:
		return Limit{}, errors.New("a burst is more than 0")
	case !fits || !burstFits:
		return Limit{}, errors.New(unit.bounds())
	}
	l.Quantity, l.Burst, l.Unit = quantity, units, unit
	return l, nil
}
