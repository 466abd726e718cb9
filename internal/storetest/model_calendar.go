package storetest

import (
	"time"

	"github.com/ration-dev/ration"
)

// zone returns the time zone of a key's periods at an instant. Zone data is data, so the model
// reads the same; it computes with it in its own way.
func (m *model) zone(key *modelKey, now time.Time) *time.Location {
	return m.zoneWith(key, m.planOf(key, now))
}

// zoneWith is zone for a plan of the key.
func (m *model) zoneWith(key *modelKey, plan *ration.Plan) *time.Location {
	name := key.TimeZone
	if name == "" && plan != nil {
		name = plan.TimeZone
	}
	zone, err := ration.LoadZone(name)
	if err != nil {
		panic(err) // tests give only zones that exist
	}
	return zone
}

// calendar returns the period that holds an instant, and finds its end by
// trying: the first instant that is in a later period.
func calendar(period ration.Period, at time.Time, zone *time.Location) (ration.PeriodID, time.Time) {
	periodID := labelAt(period, at, zone)
	low, high := at, at.Add(40*24*time.Hour) // in the period, and not
	for high.Sub(low) > time.Nanosecond {
		middle := low.Add(high.Sub(low) / 2)
		if labelAt(period, middle, zone) > periodID {
			high = middle
		} else {
			low = middle
		}
	}
	return periodID, high.UTC()
}

// labelAt names the period that holds an instant by the latest local date that
// any clock in the zone has shown in the days before: a date that comes twice is
// one day, and goes on until the next one begins.
func labelAt(period ration.Period, at time.Time, zone *time.Location) ration.PeriodID {
	if period == ration.PeriodHour {
		return ration.PeriodID(at.Truncate(time.Hour).Unix() / 3600)
	}
	days := daysSince1970(at.In(zone))
	for t := at; at.Sub(t) < 48*time.Hour; {
		begins, _ := t.In(zone).ZoneBounds()
		if begins.IsZero() {
			break
		}
		t = begins.Add(-time.Nanosecond) // a clock is latest just before it is turned back
		days = max(days, daysSince1970(t.In(zone)))
	}
	switch date := time.Unix(days*86400, 0).UTC(); period {
	case ration.PeriodWeek:
		for date.Weekday() != time.Monday {
			date = date.Add(-24 * time.Hour)
		}
		return ration.PeriodID(date.Unix() / 86400)
	case ration.PeriodMonth:
		return ration.PeriodID(days) - ration.PeriodID(date.Day()) + 1
	}
	return ration.PeriodID(days)
}

// daysSince1970 counts a local date as if it were one of UTC.
func daysSince1970(local time.Time) int64 {
	_, offset := local.Zone()
	return (local.Unix() + int64(offset)) / 86400
}
