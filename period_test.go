package ration_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
)

// utc reads a time to the minute.
func utc(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := ration.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestPeriodAt(t *testing.T) {
	for _, row := range []struct {
		name   string
		period ration.Period
		zone   string
		at     string // UTC
		first  string // local date of the period
		ends   string // UTC
	}{
		{"before six", "day from 06:00", "Europe/Berlin", "2026-07-15 03:59", "2026-07-14", "2026-07-15 04:00"},
		{"at six", "day from 06:00", "Europe/Berlin", "2026-07-15 04:00", "2026-07-15", "2026-07-16 04:00"},
		{"a missing half past two", "day from 02:30", "Europe/Berlin", "2026-03-29 01:00", "2026-03-29", "2026-03-30 00:30"},
		{"before a missing half past two", "day from 02:30", "Europe/Berlin", "2026-03-29 00:59", "2026-03-28", "2026-03-29 01:00"},
		{"the first half past two of two", "day from 02:30", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25", "2026-10-26 01:30"},
		{"before the second half past two", "day from 02:30", "Europe/Berlin", "2026-10-25 01:15", "2026-10-25", "2026-10-26 01:30"},
		{"from Thursday", "week from thursday", "", "2026-07-15 23:59", "2026-07-09", "2026-07-16 00:00"},
		{"from Thursday evening", "week from thursday 18:00", "Asia/Tokyo", "2026-07-16 09:00", "2026-07-16", "2026-07-23 09:00"},
		{"from the 15th", "month from day 15", "", "2026-07-14 23:59", "2026-06-15", "2026-07-15 00:00"},
		{"from the last of February", "month from day 31", "", "2026-02-28 00:00", "2026-02-28", "2026-03-31 00:00"},
		{"from the last of February in a leap year", "month from day 30", "", "2028-02-28 23:59", "2028-01-30", "2028-02-29 00:00"},
		{"from the last of April", "month from day 31 12:00", "", "2026-05-31 11:59", "2026-04-30", "2026-05-31 12:00"},
		{"over the end of a year", "month from day 10", "", "2027-01-05 00:00", "2026-12-10", "2027-01-10 00:00"},
		{"UTC", ration.PeriodDay, "", "2026-07-15 00:00", "2026-07-15", "2026-07-16 00:00"},
		{"the last minute of a day", ration.PeriodDay, "", "2026-07-15 23:59", "2026-07-15", "2026-07-16 00:00"},
		{"quarters of an hour", ration.PeriodDay, "Asia/Kathmandu", "2026-07-15 18:15", "2026-07-16", "2026-07-16 18:15"},
		{"23 hours", ration.PeriodDay, "America/New_York", "2026-03-08 05:00", "2026-03-08", "2026-03-09 04:00"},
		{"25 hours", ration.PeriodDay, "America/New_York", "2026-11-02 04:59", "2026-11-01", "2026-11-02 05:00"},
		{"23 hours in Berlin", ration.PeriodDay, "Europe/Berlin", "2026-03-28 23:00", "2026-03-29", "2026-03-29 22:00"},
		{"25 hours in Berlin", ration.PeriodDay, "Europe/Berlin", "2026-10-24 22:00", "2026-10-25", "2026-10-25 23:00"},
		{"24 and a half hours", ration.PeriodDay, "Australia/Lord_Howe", "2026-04-04 13:00", "2026-04-05", "2026-04-05 13:30"},
		{"23 and a half hours", ration.PeriodDay, "Australia/Lord_Howe", "2026-10-03 13:30", "2026-10-04", "2026-10-04 13:00"},
		{"before a missing midnight", ration.PeriodDay, "Africa/Cairo", "2026-04-23 21:59", "2026-04-23", "2026-04-23 22:00"},
		{"after a missing midnight", ration.PeriodDay, "Africa/Cairo", "2026-04-23 22:00", "2026-04-24", "2026-04-24 21:00"},
		{"set back from midnight", ration.PeriodDay, "Africa/Cairo", "2026-10-29 21:30", "2026-10-29", "2026-10-29 22:00"},
		{"before Santiago's missing midnight", ration.PeriodDay, "America/Santiago", "2026-09-06 03:59", "2026-09-05", "2026-09-06 04:00"},
		{"after Santiago's missing midnight", ration.PeriodDay, "America/Santiago", "2026-09-06 04:00", "2026-09-06", "2026-09-07 03:00"},
		{"set back from Santiago's midnight", ration.PeriodDay, "America/Santiago", "2026-04-05 03:30", "2026-04-04", "2026-04-05 04:00"},
		{"before a skipped date", ration.PeriodDay, "Pacific/Apia", "2011-12-30 09:59", "2011-12-29", "2011-12-30 10:00"},
		{"after a skipped date", ration.PeriodDay, "Pacific/Apia", "2011-12-30 10:00", "2011-12-31", "2011-12-31 10:00"},
		{"before Kwajalein's skipped date", ration.PeriodDay, "Pacific/Kwajalein", "1993-08-21 11:59", "1993-08-20", "1993-08-21 12:00"},
		{"after Kwajalein's skipped date", ration.PeriodDay, "Pacific/Kwajalein", "1993-08-21 12:00", "1993-08-22", "1993-08-22 12:00"},
		{"before the first of two midnights", ration.PeriodDay, "America/St_Johns", "2010-11-07 02:29", "2010-11-06", "2010-11-07 02:30"},
		{"between two midnights it is the same day", ration.PeriodDay, "America/St_Johns", "2010-11-07 02:45", "2010-11-07", "2010-11-08 03:30"},
		{"a date that comes twice is one day", ration.PeriodDay, "Pacific/Kwajalein", "1969-10-01 12:30", "1969-10-01", "1969-10-02 12:00"},

		{"a week from Monday", ration.PeriodWeek, "", "2026-07-19 23:59", "2026-07-13", "2026-07-20 00:00"},
		{"a week on its Monday", ration.PeriodWeek, "", "2026-07-20 00:00", "2026-07-20", "2026-07-27 00:00"},
		{"a week over the end of a year", ration.PeriodWeek, "Europe/Berlin", "2026-12-31 23:30", "2026-12-28", "2027-01-03 23:00"},
		{"a week of six days", ration.PeriodWeek, "Pacific/Apia", "2011-12-30 12:00", "2011-12-26", "2012-01-01 10:00"},
		{"a week begins between two midnights", ration.PeriodWeek, "America/St_Johns", "2010-11-07 02:45", "2010-11-01", "2010-11-08 03:30"},

		{"February of a leap year", ration.PeriodMonth, "", "2028-02-29 23:59", "2028-02-01", "2028-03-01 00:00"},
		{"February of no leap year", ration.PeriodMonth, "", "2100-02-28 23:59", "2100-02-01", "2100-03-01 00:00"},
		{"December", ration.PeriodMonth, "Asia/Tokyo", "2026-12-31 14:59", "2026-12-01", "2026-12-31 15:00"},
		{"the last day of a leap year", ration.PeriodDay, "America/New_York", "2028-12-31 12:00", "2028-12-31", "2029-01-01 05:00"},
		{"the day before it", ration.PeriodDay, "Europe/Berlin", "2028-12-30 12:00", "2028-12-30", "2028-12-30 23:00"},
		{"its month", ration.PeriodMonth, "Europe/Berlin", "2028-12-31 22:59", "2028-12-01", "2028-12-31 23:00"},
		{"its week", ration.PeriodWeek, "Pacific/Auckland", "2028-12-31 10:59", "2028-12-25", "2028-12-31 11:00"},
		{"a month with a change of offset", ration.PeriodMonth, "Europe/Berlin", "2026-10-15 12:00", "2026-10-01", "2026-10-31 23:00"},
		{"the Big Bang of Unix", ration.PeriodDay, "America/New_York", "1970-01-01 00:00", "1969-12-31", "1970-01-01 05:00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			periodID, ends := ration.PeriodAt(row.period, utc(t, row.at), zone(t, row.zone))
			if got := periodID.Date().Format(time.DateOnly); got != row.first || !ends.Equal(utc(t, row.ends)) {
				t.Errorf("%s that ends at %s, want %s and %s", got, ends, row.first, row.ends)
			}
		})
	}
}

func TestHoursAreThoseOfUTC(t *testing.T) {
	for _, row := range []struct{ zone, at, begins string }{
		{"Asia/Kathmandu", "2026-07-15 12:44", "2026-07-15 12:00"},
		{"Australia/Lord_Howe", "2026-04-04 15:15", "2026-04-04 15:00"},
		{"", "1969-12-31 23:30", "1969-12-31 23:00"},
	} {
		periodID, ends := ration.PeriodAt(ration.PeriodHour, utc(t, row.at), zone(t, row.zone))
		begins := utc(t, row.begins)
		if !periodID.Hour().Equal(begins) || !ends.Equal(begins.Add(time.Hour)) || ration.HourID(utc(t, row.at)) != periodID {
			t.Errorf("%s in %q: %s to %s", row.at, row.zone, periodID.Hour(), ends)
		}
	}
}

func TestDateIDCountsDays(t *testing.T) {
	for date, want := range map[string]ration.PeriodID{"1970-01-01": 0, "1969-12-31": -1, "2000-03-01": 11017, "2026-07-15": 20649} {
		at := utc(t, date+" 00:00")
		if got := ration.DateID(at.Date()); got != want || !got.Date().Equal(at) {
			t.Errorf("%s has label %d, want %d; the label stands for %s", date, got, want, got.Date())
		}
	}
}

func TestPeriodAtIsOnlyForCalendarPeriods(t *testing.T) {
	for _, period := range []ration.Period{ration.PeriodSecond, ration.PeriodMinute, ration.PeriodLifetime, ""} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("PeriodAt of %q did not panic", period)
				}
			}()
			ration.PeriodAt(period, noon, time.UTC)
		}()
	}
}

func TestLoadZoneRefuses(t *testing.T) {
	for _, name := range []string{"Local", "Europe/Berln", "europe/berlin", "../UTC", "/etc/localtime", "Europe", "UTC+1", "Europe/Berlin\x00", " "} {
		if got, err := ration.LoadZone(name); err == nil {
			t.Errorf("zone %q is %s, want an error", name, got)
		}
	}
}
