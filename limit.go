package ration

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says how a limit counts.
type Kind string

// The kinds of limit.
const (
	KindQuota Kind = "quota" // a number of units in a calendar period, or ever
	KindRate  Kind = "rate"  // a number of units per second or minute, spread evenly, with a burst (the GCRA algorithm)

	// KindConcurrent is a number of charges in flight at once: each charge that has
	// units on the meter takes one slot, however many units it has, until it ends. A
	// slot is held by a [Lease].
	KindConcurrent Kind = "concurrent"
)

// MaxConcurrent is the greatest quantity of a concurrent limit. Each slot that is taken
// is a row that decisions about its key read.
const MaxConcurrent = 10_000

// Limit bounds one meter of a key. A Quantity of 0 lets nothing pass. A meter without
// a limit is unlimited.
type Limit struct {
	Name     string // empty: "<meter>-<period>"; for a rate "<meter>-rate-<period>", for a concurrent limit "<meter>-concurrent"
	Meter    string
	Kind     Kind
	Quantity int64  // units per period, 0 … [MaxUnits]; of a concurrent limit charges in flight, 0 … [MaxConcurrent]
	Period   Period // empty for a concurrent limit
	Burst    int64  // rates: the most units at one instant; 0: Quantity. Other kinds: 0
	Unit     Unit   // what a unit is: that of the meter, once the limit is stored. Zero: 1
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
// quantity, or a rate's burst. Of a concurrent limit it is the number of charges.
func (l Limit) Size() int64 {
	if l.Kind == KindRate && l.Burst > 0 {
		return l.Burst
	}
	return l.Quantity
}

// DefaultName returns the name of a limit that was not given one.
func (k LimitKey) DefaultName() string {
	switch k.Kind {
	case KindRate:
		return k.Meter + "-rate-" + string(k.Period)
	case KindConcurrent:
		return k.Meter + "-concurrent"
	}
	return k.Meter + "-" + periodNames.Replace(string(k.Period))
}

// periodNames makes "day-from-0600" of "day from 06:00". Decisions name limits, so it is
// made once.
var periodNames = strings.NewReplacer(" ", "-", ":", "")

// KindOf returns the kind of limit that a period belongs to, or "" for an unknown
// period.
func KindOf(period Period) Kind {
	switch period {
	case PeriodSecond, PeriodMinute:
		return KindRate
	case PeriodHour, PeriodDay, PeriodWeek, PeriodMonth, PeriodLifetime:
		return KindQuota
	}
	if !period.IsShifted() {
		return ""
	}
	if normal, err := period.normalize(); err == nil && normal == period {
		return KindQuota
	}
	return ""
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
	if err := errors.Join(l.normalizeKind(), l.Unit.Validate()); err != nil {
		return Limit{}, err
	}
	if l.Kind == KindConcurrent || l.Meter == MeterRequests {
		var err error
		if l, err = l.In(0); err != nil {
			return Limit{}, err
		}
	}
	most := int64(MaxUnits)
	if l.Kind == KindConcurrent {
		most = MaxConcurrent
	}
	if l.Quantity < 0 || l.Quantity > most {
		return wrong("quantity", l.Unit.Text(l.Quantity), l.bounds(most))
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

// bounds says which quantities are possible.
func (l Limit) bounds(most int64) string {
	if l.Unit > 0 {
		return l.Unit.bounds()
	}
	return fmt.Sprintf("use a whole number from 0 to %d", most)
}

// normalizeKind fills in the kind, which the period says, except of a concurrent limit.
func (l *Limit) normalizeKind() error {
	if l.Kind == KindConcurrent {
		if l.Period != "" {
			return &InvalidError{Field: "period", Value: string(l.Period), Reason: "a concurrent limit has no period"}
		}
		return nil
	}
	period, err := l.Period.normalize()
	if err != nil {
		return err
	}
	kind := KindOf(period)
	if l.Kind != "" && l.Kind != kind {
		return &InvalidError{Field: "kind", Value: string(l.Kind), Reason: fmt.Sprintf("a limit per %s is a %s", period, kind)}
	}
	l.Kind, l.Period = kind, period
	return nil
}

// maxBurstPeriods is the most periods in which a rate may take to give back its whole
// burst, so that GCRA's arithmetic stays within 128 bits and its stored time within
// months.
const maxBurstPeriods = 100_000

func (l *Limit) normalizeBurst() error {
	wrong := func(reason string) error {
		return &InvalidError{Field: "burst", Value: l.Unit.Text(l.Burst), Reason: reason}
	}
	switch {
	case l.Burst == 0 && l.Kind == KindRate:
		l.Burst = l.Quantity
	case l.Burst == 0:
	case l.Kind != KindRate:
		return wrong("only a rate (per second or minute) has a burst")
	case l.Burst < 0 || l.Burst > MaxUnits:
		return wrong("use a number from " + l.Unit.String() + " to " + l.Unit.Text(MaxUnits))
	case l.Quantity == 0:
		return wrong("a rate of 0 has no burst")
	case (l.Burst-1)/maxBurstPeriods >= l.Quantity:
		return wrong(fmt.Sprintf("a burst may be at most %d times the quantity", maxBurstPeriods))
	}
	return nil
}
