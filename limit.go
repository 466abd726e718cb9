package ration

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind says how a limit counts.
type Kind string

// The kinds of limit.
const (
	KindQuota Kind = "quota" // a number of units in a calendar period, or ever
	KindRate  Kind = "rate"  // a number of units per second or minute, spread evenly, with a burst (the GCRA algorithm)
)

// Limit bounds one meter of a key. A Quantity of 0 lets nothing pass. A meter without
// a limit is unlimited.
type Limit struct {
	Name     string // empty: "<meter>-<period>"; for a rate "<meter>-rate-<period>"
	Meter    string
	Kind     Kind
	Quantity int64 // units per period, 0 … [MaxUnits]
	Period   Period
	Burst    int64 // rates: the most units at one instant; 0: Quantity. Quotas: 0
}

// LimitKey is what tells the limits of one plan or key apart: a plan has at most one
// limit per LimitKey, and an override replaces the plan's limit with the same one.
type LimitKey struct {
	Meter  string
	Kind   Kind
	Period Period
}

// Key returns the meter, kind and period of the limit.
func (l Limit) Key() LimitKey { return LimitKey{l.Meter, l.Kind, l.Period} }

// Size returns the most units that the limit can ever admit at one instant: a quota's
// quantity, or a rate's burst.
func (l Limit) Size() int64 {
	if l.Kind == KindRate && l.Burst > 0 {
		return l.Burst
	}
	return l.Quantity
}

// DefaultName returns the name of a limit that was not given one.
func (k LimitKey) DefaultName() string {
	if k.Kind == KindRate {
		return k.Meter + "-rate-" + string(k.Period)
	}
	return k.Meter + "-" + string(k.Period)
}

// KindOf returns the kind of limit that a period belongs to, or "" for an unknown
// period.
func KindOf(period Period) Kind {
	switch period {
	case PeriodSecond, PeriodMinute:
		return KindRate
	case PeriodHour, PeriodDay, PeriodWeek, PeriodMonth, PeriodLifetime:
		return KindQuota
	}
	return ""
}

// ParseLimit reads a limit as people write it: "1000/day", "200000 tokens/month",
// "10/second burst 20", "5000000 tokens/lifetime". Without a meter the limit is on
// requests. Digits may be grouped with '_'. The result is normalised and valid.
func ParseLimit(text string) (Limit, error) {
	wrong := func(reason string) (Limit, error) {
		return Limit{}, &InvalidError{Field: "limit", Value: text, Reason: reason}
	}
	const form = `write "1000/day", "200000 tokens/month" or "10/second burst 20"`
	head, tail, found := strings.Cut(text, "/")
	before, after := strings.Fields(head), strings.Fields(tail)
	if !found || len(before) < 1 || len(before) > 2 || len(after) != 1 && len(after) != 3 {
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
	if len(after) == 3 {
		if after[1] != "burst" {
			return wrong(form)
		}
		if limit.Burst, err = parseUnits(after[2]); err != nil {
			return wrong(err.Error())
		}
		if limit.Burst == 0 {
			return wrong("a burst is at least 1")
		}
	}
	return limit.Normalize()
}

// String returns the limit in the form that ParseLimit reads.
func (l Limit) String() string {
	text := strconv.FormatInt(l.Quantity, 10)
	if l.Meter != MeterRequests {
		text += " " + l.Meter
	}
	text += "/" + string(l.Period)
	if l.Kind == KindRate && l.Size() != l.Quantity {
		text += fmt.Sprintf(" burst %d", l.Burst)
	}
	return text
}

// Normalize checks the limit and returns it with what may be left out (name, kind,
// burst) filled in. Its error is an [InvalidError].
func (l Limit) Normalize() (Limit, error) {
	wrong := func(field, value, reason string) (Limit, error) {
		return Limit{}, &InvalidError{Field: field, Value: value, Reason: reason}
	}
	if err := ValidateMeter(l.Meter); err != nil {
		return Limit{}, err
	}
	kind := KindOf(l.Period)
	if kind == "" {
		return wrong("period", string(l.Period), "use hour, day, week, month or lifetime for a quota, second or minute for a rate")
	}
	if l.Kind != "" && l.Kind != kind {
		return wrong("kind", string(l.Kind), fmt.Sprintf("a limit per %s is a %s", l.Period, kind))
	}
	l.Kind = kind
	if l.Quantity < 0 || l.Quantity > MaxUnits {
		return wrong("quantity", strconv.FormatInt(l.Quantity, 10), "use a whole number from 0 to 9007199254740992")
	}
	if err := l.normalizeBurst(); err != nil {
		return Limit{}, err
	}
	if l.Name == "" {
		l.Name = l.Key().DefaultName()
		return l, nil
	}
	return l, validateIdentifier("limit name", l.Name, maxLimitNameLength)
}

// maxBurstPeriods is the most periods in which a rate may take to give back its whole
// burst, so that GCRA's arithmetic stays within 128 bits and its stored time within
// months.
const maxBurstPeriods = 100_000

func (l *Limit) normalizeBurst() error {
	wrong := func(reason string) error {
		return &InvalidError{Field: "burst", Value: strconv.FormatInt(l.Burst, 10), Reason: reason}
	}
	switch {
	case l.Burst == 0 && l.Kind == KindRate:
		l.Burst = l.Quantity
	case l.Burst == 0:
	case l.Kind != KindRate:
		return wrong("only a rate (per second or minute) has a burst")
	case l.Burst < 0 || l.Burst > MaxUnits:
		return wrong("use a whole number from 1 to 9007199254740992")
	case l.Quantity == 0:
		return wrong("a rate of 0 has no burst")
	case (l.Burst-1)/maxBurstPeriods >= l.Quantity:
		return wrong(fmt.Sprintf("a burst may be at most %d times the quantity", maxBurstPeriods))
	}
	return nil
}

func parseUnits(text string) (int64, error) {
	units, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	if err != nil || units < 0 || units > MaxUnits || text[0] == '+' || text[0] == '_' {
		return 0, fmt.Errorf("%s is not a whole number from 0 to %d", shortQuote(text), MaxUnits)
	}
	return units, nil
}
