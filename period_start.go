package ration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// start is where a period begins within its unit, in local time.
type start struct {
	day    int // of a month: 1 … 31, or its last day if it is shorter; of a week: days after Monday
	minute int // of the day
}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// Unit returns the unit of a period: of "day from 06:00" it is the day.
func (p Period) Unit() Period {
	unit, _, _ := strings.Cut(string(p), " ")
	return Period(unit)
}

// IsShifted reports whether the period begins at an hour or a day of its own, such as
// "day from 06:00", and not with its unit.
func (p Period) IsShifted() bool { return strings.IndexByte(string(p), ' ') >= 0 }

// normalize checks a period and writes it in its one form: "day from 6:00" is "day from
// 06:00", "month from 06:00" is "month from day 1 06:00", and "week from monday" is
// "week".
func (p Period) normalize() (Period, error) {
	words := strings.Fields(string(p))
	if len(words) <= 1 {
		if p.IsShifted() || KindOf(p) == "" {
			return "", &InvalidError{Field: "period", Value: string(p), Reason: "use hour, day, week, month or lifetime for a quota, second or minute for a rate"}
		}
		return p, nil
	}
	unit := Period(words[0])
	begin, err := parseStart(unit, words[1:])
	if err != nil {
		return "", &InvalidError{Field: "period", Value: string(p), Reason: err.Error()}
	}
	return begin.of(unit), nil
}

// parseStart reads the words after a unit.
func parseStart(unit Period, words []string) (begin start, err error) {
	begin = earliest(unit)
	if words[0] != "from" || len(words) == 1 {
		return begin, fmt.Errorf(`a period that doesn't begin with its unit is written "day from 06:00", "week from thursday" or "month from day 15"`)
	}
	words = words[1:]
	switch {
	case unit != PeriodDay && unit != PeriodWeek && unit != PeriodMonth:
		return begin, fmt.Errorf("only a day, a week or a month can begin at a time of its own")
	case unit == PeriodWeek && slices.Contains(weekdays, words[0]):
		begin.day = slices.Index(weekdays, words[0])
		words = words[1:]
	case unit == PeriodMonth && words[0] == "day" && len(words) > 1:
		if begin.day, err = strconv.Atoi(words[1]); err != nil || begin.day < 1 || begin.day > 31 {
			return begin, fmt.Errorf("a month begins on a day from 1 to 31; if it is shorter, on its last day")
		}
		words = words[2:]
	}
	if len(words) == 0 {
		return begin, nil
	}
	clock, err := time.Parse("15:04", words[0])
	if err != nil || len(words) > 1 {
		return begin, fmt.Errorf("%s: write %q", map[Period]string{
			PeriodDay:   "a day begins at a local time of 24 hours",
			PeriodWeek:  "a week begins on a weekday, perhaps at a local time",
			PeriodMonth: "a month begins on a day, perhaps at a local time",
		}[unit], map[Period]string{PeriodDay: "day from 06:00", PeriodWeek: "week from thursday 06:00", PeriodMonth: "month from day 15 06:00"}[unit])
	}
	begin.minute = 60*clock.Hour() + clock.Minute()
	return begin, nil
}

// earliest is where the plain period begins.
func earliest(unit Period) start {
	if unit == PeriodMonth {
		return start{day: 1}
	}
	return start{}
}

// of returns the period of a unit that begins there.
func (s start) of(unit Period) Period {
	if s == earliest(unit) {
		return unit
	}
	text := string(unit) + " from"
	switch unit {
	case PeriodWeek:
		text += " " + weekdays[s.day]
	case PeriodMonth:
		text += " day " + strconv.Itoa(s.day)
	}
	if s.minute > 0 {
		text += fmt.Sprintf(" %02d:%02d", s.minute/60, s.minute%60)
	}
	return Period(text)
}

// start returns where a normalised period begins.
func (p Period) start() start {
	words := strings.Fields(string(p))
	if len(words) == 1 {
		return earliest(p)
	}
	begin, err := parseStart(Period(words[0]), words[1:])
	if err != nil {
		panic("ration: the beginning of a " + string(p))
	}
	return begin
}

// shiftedAt is PeriodAt for periods that don't begin with their unit. It looks for the
// last one that has begun. Where clocks go back to before its beginning, it doesn't
// begin a second time; where they jump over its beginning, it begins with the jump.
func shiftedAt(period Period, t time.Time, zone *time.Location) (PeriodID, time.Time) {
	unit, begin := period.Unit(), period.start()
	date := DateID(t.In(zone).Date())
	next := begin.lastDate(unit, date+longest[unit])
	ends := firstInstantAt(next, begin.minute, zone)
	for {
		first := begin.lastDate(unit, next-1)
		begins := firstInstantAt(first, begin.minute, zone)
		if !begins.After(t) {
			return first, ends
		}
		next, ends = first, begins
	}
}

// longest has, for each unit, days after a date within which a period begins on a date
// that is still to come, also where clocks go back over midnight.
var longest = map[Period]PeriodID{PeriodDay: 2, PeriodWeek: 1 + 7, PeriodMonth: 1 + 31}

// lastDate returns the last date not after another on which a period begins.
func (s start) lastDate(unit Period, date PeriodID) PeriodID {
	switch unit {
	case PeriodWeek:
		return date - (date.weekday()-PeriodID(s.day)+7)%7
	case PeriodMonth:
		year, month, _ := date.Date().Date()
		if first := s.inMonth(year, month); first <= date {
			return first
		}
		return s.inMonth(year, month-1)
	}
	return date
}

// inMonth returns the date of a month on which a period begins.
func (s start) inMonth(year int, month time.Month) PeriodID {
	return min(DateID(year, month, 1)+PeriodID(s.day)-1, DateID(year, month+1, 1)-1)
}

// weekday returns how many days after a Monday a date is.
func (id PeriodID) weekday() PeriodID { return PeriodID(id.Date().Weekday()+6) % 7 }

// PeriodBegin returns the first instant of the hour, day, week or month that has an id
// in a zone.
func PeriodBegin(period Period, periodID PeriodID, zone *time.Location) time.Time {
	switch {
	case period == PeriodHour:
		return periodID.Hour()
	case period.IsShifted():
		return firstInstantAt(periodID, period.start().minute, zone)
	}
	return firstInstant(periodID, zone)
}
