package ration

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseLimit reads a limit as people write it: "1000/day", "200000 tokens/month",
// "10/second burst 20", "5000000 tokens/lifetime", "1000/day from 06:00", "5 at
// once". Without a meter the limit is on requests. Digits may be grouped with '_'. The result is normalised and
// valid.
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
	quantity, err := parseUnits(before[0])
	if err != nil {
		return wrong(err.Error())
	}
	limit := Limit{Meter: MeterRequests, Quantity: quantity, Period: Period(after[0])}
	if len(before) == 2 {
		limit.Meter = before[1]
	}
	switch {
	case len(after) == 1:
	case after[1] == "from":
		limit.Period = Period(strings.Join(after, " "))
	case after[1] == "burst" && len(after) == 3:
		if limit.Burst, err = parseUnits(after[2]); err != nil {
			return wrong(err.Error())
		}
		if limit.Burst == 0 {
			return wrong("a burst is at least 1")
		}
	default:
		return wrong(form)
	}
	return limit.Normalize()
}

// String returns the limit in the form that ParseLimit reads.
func (l Limit) String() string {
	text := strconv.FormatInt(l.Quantity, 10)
	if l.Meter != MeterRequests {
		text += " " + l.Meter
	}
	if l.Kind == KindConcurrent {
		return text + " at once"
	}
	text += "/" + string(l.Period)
	if l.Kind == KindRate && l.Size() != l.Quantity {
		text += fmt.Sprintf(" burst %d", l.Burst)
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
	quantity, err := parseUnits(words[0])
	if err != nil {
		return wrong(err.Error())
	}
	limit := Limit{Meter: MeterRequests, Kind: KindConcurrent, Quantity: quantity}
	if len(words) == 2 {
		limit.Meter = words[1]
	}
	return limit.Normalize()
}

func parseUnits(text string) (int64, error) {
	units, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	if err != nil || units < 0 || units > MaxUnits || text[0] == '+' || text[0] == '_' {
		return 0, fmt.Errorf("%s is not a whole number from 0 to %d", shortQuote(text), MaxUnits)
	}
	return units, nil
}
