package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

var periodTests = []contractTest{
	{"each period ends at its own boundary", testPeriodBoundaries},
	{"periods follow the key's zone, then its plan's, then UTC", testZones},
	{"a day of 25 hours is one day", testLongDay},
	{"a day whose midnight is missing begins an hour later", testMissingMidnight},
	{"a day that begins twice is one day", testDoubleMidnight},
	{"a date that a zone skips has no day", testSkippedDate},
	{"a zone change lengthens a day and never gives a second quota", testZoneChange},
	{"a zone change across the date line never goes back a day", testZoneChangeBack},
	{"a clock that steps back gives no second quota", testClockStepsBack},
	{"a plan without limits counts, and its limits find the truth later", testLimitsPutBack},
	{"a plan change keeps what was used", testPlanChange},
	{"all periods run for every meter, limited or not", testAllPeriodsRun},
}

func testPeriodBoundaries(f *fixture) {
	for _, row := range []struct {
		limit string
		ends  time.Time // of the period that holds noon, a Wednesday
	}{
		{"1/hour", time.Date(2026, 7, 15, 13, 0, 0, 0, time.UTC)},
		{"1/day", time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC)},
		{"1/week", time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC)},
		{"1/month", time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)},
	} {
		f.setNow(noon)
		id := f.key(f.plan(row.limit).Name)
		decision := f.allow(id, requests(1), 0)
		if got := decision.Limits[0].ResetsAt; !got.Equal(row.ends) {
			f.Errorf("%s resets at %s, want %s", row.limit, got, row.ends)
		}
		f.setNow(row.ends.Add(-time.Microsecond))
		f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Microsecond)
		f.setNow(row.ends)
		f.allow(id, requests(1), 0)
	}
}

// keyIn creates a key in a time zone of its own.
func (f *fixture) keyIn(zone, plan string) ration.KeyID {
	f.Helper()
	return f.keyWith(func(change *admin.KeyChange) { change.Key.TimeZone, change.Key.Plan = zone, plan })
}

func testZones(f *fixture) {
	inBerlin, inUTC := f.planIn("Europe/Berlin", "5/day"), f.plan("5/day")
	for _, row := range []struct {
		name string
		id   ration.KeyID
		ends time.Time
	}{
		{"the key's goes first", f.keyIn("America/New_York", inBerlin.Name), time.Date(2026, 7, 16, 4, 0, 0, 0, time.UTC)},
		{"then the plan's", f.key(inBerlin.Name), time.Date(2026, 7, 15, 22, 0, 0, 0, time.UTC)},
		{"then UTC", f.key(inUTC.Name), time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC)},
		{"quarters of an hour", f.keyIn("Asia/Kathmandu", inUTC.Name), time.Date(2026, 7, 15, 18, 15, 0, 0, time.UTC)},
	} {
		if got := f.allow(row.id, requests(1), 4).Limits[0].ResetsAt; !got.Equal(row.ends) {
			f.Errorf("%s: resets at %s, want %s", row.name, got, row.ends)
		}
	}
}

func testLongDay(f *fixture) {
	id := f.key(f.planIn("America/New_York", "3/day").Name)
	begins := time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC)
	ends := begins.Add(25 * time.Hour)
	f.setNow(begins)
	f.allow(id, requests(1), 2)
	f.setNow(begins.Add(24 * time.Hour))
	f.allow(id, requests(2), 0)
	f.setNow(ends.Add(-time.Microsecond))
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Microsecond)
	f.setNow(ends)
	f.allow(id, requests(1), 2)
	if days := f.days(id); len(days) != 2 || days[0].Used != 3 || days[1].Used != 1 {
		f.Errorf("history %+v, want 3 and 1", days)
	}
}

// wantDayEnds charges a key in a zone on all of a day, which ends when it should.
func (f *fixture) wantDayEnds(zone string, ends time.Time, on ...time.Time) {
	f.Helper()
	id := f.keyIn(zone, f.plan("5/day").Name)
	for i, at := range on {
		f.setNow(at)
		decision := f.allow(id, requests(1), int64(4-i))
		if got := decision.Limits[0].ResetsAt; !got.Equal(ends) {
			f.Errorf("at %s the day ends at %s, want %s", at, got, ends)
		}
	}
	f.setNow(ends.Add(-time.Microsecond))
	f.allow(id, requests(5-int64(len(on))), 0)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Microsecond)
	f.setNow(ends)
	f.allow(id, requests(5), 0)
}

func testMissingMidnight(f *fixture) {
	forward := time.Date(2026, 9, 6, 4, 0, 0, 0, time.UTC) // 00:00 becomes 01:00
	f.wantDayEnds("America/Santiago", forward, forward.Add(-24*time.Hour), forward.Add(-time.Hour))
	f.wantDayEnds("America/Santiago", forward.Add(23*time.Hour), forward, forward.Add(time.Hour))
}

func testDoubleMidnight(f *fixture) {
	first := time.Date(2010, 11, 7, 2, 30, 0, 0, time.UTC) // one minute later it is 23:01 again
	f.wantDayEnds("America/St_Johns", first, first.Add(-time.Hour))
	f.wantDayEnds("America/St_Johns", first.Add(25*time.Hour), first.Add(30*time.Minute), first.Add(2*time.Hour))
	f.wantDayEnds("America/St_Johns", first.Add(25*time.Hour), first, first.Add(30*time.Minute), first.Add(2*time.Hour))
}

func testSkippedDate(f *fixture) {
	ends := time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC) // the 29th, and then the 31st begins
	f.wantDayEnds("Pacific/Apia", ends, ends.Add(-24*time.Hour), ends.Add(-time.Hour))
	f.wantDayEnds("Pacific/Apia", ends.Add(24*time.Hour), ends)
}

// testZoneChange moves a key far west during a day: where the key now is, that
// date has yet to end, so the running day goes on until it does.
func testZoneChange(f *fixture) {
	id := f.keyIn("Pacific/Auckland", f.plan("2/day").Name) // noon UTC is midnight on the 16th there
	first := f.allow(id, requests(2), 0)
	ends := time.Date(2026, 7, 16, 12, 0, 0, 0, time.UTC)
	if got := first.Limits[0].ResetsAt; !got.Equal(ends) {
		f.Errorf("resets at %s, want %s", got, ends)
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Pacific/Honolulu" })
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 24*time.Hour)
	f.setNow(ends) // the 16th, 02:00 in Honolulu
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 22*time.Hour)
	f.setNow(time.Date(2026, 7, 17, 10, 0, 0, 0, time.UTC))
	f.allow(id, requests(2), 0)
	days := f.days(id)
	if len(days) != 2 || days[0].Date != ration.DateID(2026, 7, 16) || days[1].Date != ration.DateID(2026, 7, 17) {
		f.Errorf("history %+v, want the 16th and the 17th", days)
	}
}

// testZoneChangeBack moves a key from the earliest zone to the latest, 25 hours
// behind: when its day ends it is yesterday there.
func testZoneChangeBack(f *fixture) {
	begins := time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)
	f.setNow(begins)
	id := f.keyIn("Pacific/Kiritimati", f.plan("2/day").Name) // the 15th
	f.allow(id, requests(2), 0)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Pacific/Pago_Pago" })
	f.setNow(begins.Add(24 * time.Hour)) // 23:00 on the 14th
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Hour)
	f.setNow(begins.Add(25 * time.Hour)) // the 15th again
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 24*time.Hour)
	f.setNow(begins.Add(49 * time.Hour))
	f.allow(id, requests(2), 0)
}

func testClockStepsBack(f *fixture) {
	id := f.key(f.plan("2/day", "10 tokens/hour").Name)
	charge := func() ration.Decision { return f.charge(chargeOf(id, requests(1), units("tokens", 10))) }
	f.wantCode(charge(), ration.CodeOK)
	f.advance(12 * time.Hour) // the next day
	f.wantRemaining(charge(), 1, 0)
	f.advance(-12 * time.Hour)
	f.wantCode(charge(), ration.CodeQuotaExceeded)
	f.allow(id, requests(1), 0)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 36*time.Hour)
	f.advance(36 * time.Hour)
	f.wantRemaining(charge(), 1, 0)
	days := f.days(id)
	for i, want := range []struct {
		meter string
		date  ration.PeriodID
		used  int64
	}{
		{ration.MeterRequests, ration.DateID(2026, 7, 15), 1},
		{"tokens", ration.DateID(2026, 7, 15), 10},
		{ration.MeterRequests, ration.DateID(2026, 7, 16), 2},
		{"tokens", ration.DateID(2026, 7, 16), 10},
		{ration.MeterRequests, ration.DateID(2026, 7, 17), 1},
		{"tokens", ration.DateID(2026, 7, 17), 10},
	} {
		if i >= len(days) || days[i].Meter != want.meter || days[i].Date != want.date || days[i].Used != want.used {
			f.Fatalf("row %d of %+v, want %+v", i, days, want)
		}
	}
}

func testLimitsPutBack(f *fixture) {
	plan := f.plan("5/day", "20/month", "50/lifetime")
	id := f.key(plan.Name)
	f.allow(id, requests(3), 2, 17, 47)
	f.setLimits(plan.Name)
	f.wantRemaining(f.charge(chargeOf(id, requests(9))))
	f.setLimits(plan.Name, "30/week", "20/month", "15/lifetime")
	f.allow(id, requests(1), 17, 7, 2)
	f.setLimits(plan.Name, "5/day")
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
	f.advance(12 * time.Hour)
	f.allow(id, requests(1), 4)
}

func testPlanChange(f *fixture) {
	small, large := f.plan("5/day"), f.planIn("Asia/Tokyo", "8/day")
	id := f.key(small.Name)
	f.allow(id, requests(5), 0)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = large.Name })
	decision := f.allow(id, requests(1), 2)
	if decision.Plan != large.Name {
		f.Errorf("plan %s, want %s", decision.Plan, large.Name)
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = "" })
	if decision := f.charge(chargeOf(id, requests(100))); !decision.Allowed() || decision.Plan != "" {
		f.Errorf("without a plan: %+v", decision)
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = small.Name })
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
}

func testAllPeriodsRun(f *fixture) {
	id := f.key("")
	f.batch(chargeOf(id, requests(1), units("tokens", 5)))
	f.setNow(noon.Add(time.Hour))
	f.batch(chargeOf(id, requests(2), units("tokens", 7)))
	f.want("tokens", ledger.MeterUsage{
		Meter: "tokens", Used: 12, FirstRequestAt: noon, LastRequestAt: noon.Add(time.Hour),
		Counted: ledger.HourCount{Hour: ration.HourID(noon) + 1, Used: 7},
		Windows: [4]ledger.Window{
			{ID: ration.HourID(noon) + 1, EndsAt: noon.Add(2 * time.Hour), Used: 7},
			{ID: ration.DateID(2026, 7, 15), EndsAt: time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC), Used: 12},
			{ID: ration.DateID(2026, 7, 13), EndsAt: time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC), Used: 12},
			{ID: ration.DateID(2026, 7, 1), EndsAt: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), Used: 12},
		},
	}, withoutRates(f.meter(id, "tokens")))
}

// withoutRates leaves out what a meter without a rate has no use for.
func withoutRates(usage ledger.MeterUsage) ledger.MeterUsage {
	usage.Rates = [2]ledger.RateState{}
	return usage
}
