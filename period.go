package ration

import (
	"time"

	"github.com/ration-dev/ration/internal/zoneinfo"
)

// Period is a unit of time that a limit counts by. A day, week or month may begin at a
// local time or a day of its own: "day from 06:00", "week from thursday", "month from day
// 15 06:00". Its id is the date on which it begins.
type Period string

// The periods. A rate counts by the second or minute, a quota by any of the others.
const (
	PeriodSecond   Period = "second"
	PeriodMinute   Period = "minute"
	PeriodHour     Period = "hour"  // a UTC hour
	PeriodDay      Period = "day"   // a local calendar day
	PeriodWeek     Period = "week"  // local, from Monday
	PeriodMonth    Period = "month" // a local calendar month
	PeriodLifetime Period = "lifetime"
)

// PeriodID identifies a period for ever. The id of an hour is the number of hours
// since 1970-01-01T00 UTC. The id of any other period is its first local date, in
// days since 1970-01-01. A later period has a greater id. Stores keep it in columns
// named label.
type PeriodID int32

// DateID returns the id of a calendar date's day.
func DateID(year int, month time.Month, day int) PeriodID {
	return PeriodID(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay))
}

// HourID returns the id of the UTC hour that holds t.
func HourID(t time.Time) PeriodID { return PeriodID(floorDiv(t.Unix(), secondsPerHour)) }

// Date returns the first date of the day, week or month that has the id, as midnight
// UTC.
func (id PeriodID) Date() time.Time { return time.Unix(int64(id)*secondsPerDay, 0).UTC() }

// Hour returns the start of the hour that has the id.
func (id PeriodID) Hour() time.Time { return time.Unix(int64(id)*secondsPerHour, 0).UTC() }

// PeriodAt returns the id of the hour, day, week or month that holds t in a zone, and
// the instant at which it ends. In every zone, each instant is in exactly one period
// of a kind. A local date that is skipped has no day, and one that comes twice has
// one day. Where midnight does not exist, a day begins at the first instant of its
// date.
func PeriodAt(period Period, t time.Time, zone *time.Location) (PeriodID, time.Time) {
	if period == PeriodHour {
		periodID := HourID(t)
		return periodID, (periodID + 1).Hour()
	}
	if period.IsShifted() {
		return shiftedAt(period, t, zone)
	}
	day := dayAt(t, zone)
	date := day.Date()
	var first, next PeriodID
	switch period {
	case PeriodDay:
		first, next = day, day+1
	case PeriodWeek:
		first = day - day.weekday()
		next = first + 7
	case PeriodMonth:
		first = DateID(date.Year(), date.Month(), 1)
		next = DateID(date.Year(), date.Month()+1, 1)
	default:
		panic("ration: PeriodAt of a " + string(period))
	}
	return first, firstInstant(next, zone)
}

// LoadZone returns the IANA time zone of a name, from the time zone database embedded
// in Ration. The empty name is UTC. Its error is an [InvalidError].
func LoadZone(name string) (*time.Location, error) {
	zone, err := zoneinfo.Load(name)
	if err != nil {
		return nil, &InvalidError{Field: "time_zone", Value: name, Reason: `use an IANA name such as "Europe/Berlin", or leave it out for UTC`}
	}
	return zone, nil
}

const (
	secondsPerHour = 3600
	secondsPerDay  = 24 * secondsPerHour
)

// dayAt returns the last local date that had begun by t. That is t's own local date,
// except where clocks went back over midnight (America/St_Johns, until 2011): once a
// date has begun, the date before it does not come back.
func dayAt(t time.Time, zone *time.Location) PeriodID {
	year, month, day := t.In(zone).Date()
	periodID := DateID(year, month, day)
	if !firstInstant(periodID+1, zone).After(t) {
		return periodID + 1
	}
	return periodID
}

// firstInstant returns the first instant whose local date is that of periodID or
// later. It walks through the zone's offsets, from a time that is before that instant
// in every zone.
func firstInstant(periodID PeriodID, zone *time.Location) time.Time {
	return firstInstantAt(periodID, 0, zone)
}

// firstInstantAt is firstInstant for a minute of the date.
func firstInstantAt(periodID PeriodID, minute int, zone *time.Location) time.Time {
	local := periodID.Date().Add(time.Duration(minute) * time.Minute)
	t := local.Add(-26 * time.Hour).In(zone)
	for {
		_, offset := t.Zone()
		until := endOfOffset(t)
		candidate := local.Add(-time.Duration(offset) * time.Second)
		if candidate.Before(t) {
			candidate = t // the clock jumped to the date or past it
		}
		if until.IsZero() || candidate.Before(until) {
			return candidate.UTC()
		}
		t = until
	}
}

// endOfOffset returns an instant until which the offset of t's zone stays as it is at
// t; zero: for ever. ZoneBounds ends a year that follows a rule after 365 days. On
// the last day of a leap year that instant has already passed.
func endOfOffset(t time.Time) time.Time {
	_, until := t.ZoneBounds()
	if !until.IsZero() && !until.After(t) {
		return t.Truncate(24 * time.Hour).Add(24 * time.Hour) // in UTC, by which the rules' years go
	}
	return until
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// WindowPeriods are the calendar periods in which every meter is counted, limited or
// not. [Posting.Periods] has the same order.
var WindowPeriods = [...]Period{PeriodHour, PeriodDay, PeriodWeek, PeriodMonth}

// windowDay is the index of the day in WindowPeriods.
const windowDay = 1
