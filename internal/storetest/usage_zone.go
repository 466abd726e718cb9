package storetest

import (
	"errors"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var zoneTests = []contractTest{
	{"days of one zone are added up from hours", testSumInZone},
	{"a day has 23 or 25 hours where clocks change", testSumWhereClocksChange},
	{"in every zone hours add up to what days add up to", testSumInEveryZone},
	{"a zone whose days begin within an hour is refused for those days", testSumInUnevenZone},
	{"sums in a zone are limited, and the totals are not", testSumInZoneLimit},
}

// sumIn adds up in a zone.
func (f *fixture) sumIn(zone string, filter admin.UsageFilter, by ...admin.UsageGroup) admin.UsageReport {
	f.Helper()
	report, err := f.doctor().SumUsage(f.Context(), admin.UsageQuestion{UsageFilter: filter, By: by, Zone: zone})
	if err != nil {
		f.Fatalf("adding up in %s by %q: %v", zone, by, err)
	}
	return report
}

// daysOf shortens the sums of requests by day, or by month.
func daysOf(report admin.UsageReport) map[string]int64 {
	days := map[string]int64{}
	for _, sum := range report.Sums {
		if sum.Meter == ration.MeterRequests {
			days[sum.Date.Date().Format(time.DateOnly)] = sum.Used
		}
	}
	return days
}

func testSumInZone(f *fixture) {
	owner := uniqueName()
	var ids []ration.KeyID
	for _, zone := range []string{"Asia/Tokyo", "America/Los_Angeles"} {
		ids = append(ids, f.keyWith(func(change *admin.KeyChange) { change.Key.Owner, change.Key.TimeZone = owner, zone }))
	}
	f.setNow(time.Date(2026, 7, 30, 21, 30, 0, 0, time.UTC)) // 23:30 in Berlin
	f.batch(chargeOf(ids[0], requests(1), units("tokens", 5)), chargeOf(ids[1], requests(10)))
	f.advance(time.Hour)
	f.batch(chargeOf(ids[0], requests(100)), chargeOf(ids[1], requests(1000)))
	f.advance(24 * time.Hour) // 00:30 on 1 August in Berlin
	f.batch(chargeOf(ids[0], requests(10_000)))
	filter := admin.UsageFilter{Owner: owner, From: ration.DateID(2026, 7, 1)}
	report := f.sumIn("Europe/Berlin", filter, admin.ByDay)
	f.want("days", map[string]int64{"2026-07-30": 11, "2026-07-31": 1100, "2026-08-01": 10_000}, daysOf(report))
	if report.From != filter.From || report.To != ration.DateID(2026, 8, 1) {
		f.Errorf("from %s to %s, want July and the first of August", report.From.Date(), report.To.Date())
	}
	f.want("months", map[string]int64{"2026-07-01": 1111, "2026-08-01": 10_000}, daysOf(f.sumIn("Europe/Berlin", filter, admin.ByMonth)))
	f.want("days of other owners", map[string]int64{}, daysOf(f.sumIn("Europe/Berlin", admin.UsageFilter{Owner: owner, Owners: []string{"nobody"}, From: filter.From}, admin.ByDay)))
	f.want("days of other plans", map[string]int64{}, daysOf(f.sumIn("Europe/Berlin", admin.UsageFilter{Owner: owner, Plans: []string{"none"}, From: filter.From}, admin.ByDay)))
	f.want("days in UTC", map[string]int64{"2026-07-30": 1111, "2026-07-31": 10_000}, daysOf(f.sumIn("UTC", filter, admin.ByDay)))
	key := func(i int) admin.UsageSum {
		return admin.UsageSum{KeyID: ids[i], KeyName: "test", Owner: owner, Meter: ration.MeterRequests}
	}
	first, second, tokens := key(0), key(1), key(0)
	first.Used, second.Used, tokens.Used, tokens.Meter = 101, 1010, 5, "tokens"
	f.want("keys", []admin.UsageSum{second, first, tokens}, f.sumIn("Europe/Berlin", admin.UsageFilter{Owner: owner, From: filter.From, To: ration.DateID(2026, 7, 31)}, admin.ByKey).Sums)
	begins := time.Date(2026, 7, 31, 22, 0, 0, 0, time.UTC)
	f.want("hours", []admin.UsageSum{{Hour: begins, Meter: ration.MeterRequests, Used: 10_000}},
		f.sumIn("Europe/Berlin", admin.UsageFilter{Owner: owner, From: ration.DateID(2026, 8, 1)}, admin.ByHour).Sums)
}

func testSumWhereClocksChange(f *fixture) {
	id := f.key("")
	f.setNow(time.Date(2026, 3, 28, 22, 30, 0, 0, time.UTC)) // 23:30 in Berlin, where 29 March has 23 hours
	for range 48 {
		f.charge(chargeOf(id))
		f.advance(time.Hour)
	}
	f.setNow(time.Date(2026, 10, 24, 21, 30, 0, 0, time.UTC)) // 23:30 in Berlin, where 25 October has 25 hours
	for range 51 {
		f.charge(chargeOf(id))
		f.advance(time.Hour)
	}
	days := daysOf(f.sumIn("Europe/Berlin", admin.UsageFilter{KeyID: id, From: ration.DateID(2026, 3, 1)}, admin.ByDay))
	f.want("days", map[string]int64{"2026-03-28": 1, "2026-03-29": 23, "2026-03-30": 24, "2026-10-24": 1, "2026-10-25": 25, "2026-10-26": 24, "2026-10-27": 1}, days)
	hours := f.sumIn("Europe/Berlin", admin.UsageFilter{KeyID: id, From: ration.DateID(2026, 10, 25), To: ration.DateID(2026, 10, 25)}, admin.ByHour)
	if len(hours.Sums) != 25 || !hours.Sums[0].Hour.Equal(time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC)) {
		f.Errorf("%d hours from %s, want 25 from midnight on", len(hours.Sums), hours.Sums[0].Hour)
	}
}

func testSumInEveryZone(f *fixture) {
	id := f.key(f.plan("40/day").Name)
	receipt := f.refundable(chargeOf(id, requests(3)))
	held := f.hold(id, ration.Hold{TTL: 5 * time.Hour}, requests(2))
	for range 12 {
		f.charge(chargeOf(id, requests(7)))
		f.advance(90 * time.Minute)
	}
	f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	f.end(settling(held, ration.OverageRefuse, requests(1)), ration.CodeOK)
	var want sums
	for _, day := range f.days(id) {
		want = want.plus(day.Used, day.Denied)
	}
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Tokyo", "Africa/Cairo", "America/Sao_Paulo"} {
		for _, by := range []admin.UsageGroup{admin.ByDay, admin.ByMonth, admin.ByHour, admin.ByPlan} {
			var got sums
			for _, sum := range f.sumIn(zone, admin.UsageFilter{KeyID: id, From: today - 2}, by).Sums {
				got = got.plus(sum.Used, sum.Denied)
			}
			f.want("sums in "+zone+" by "+string(by), want, got)
		}
	}
}

func testSumInUnevenZone(f *fixture) {
	id := f.key("")
	f.setNow(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	f.charge(chargeOf(id))
	ask := func(zone string, from, to ration.PeriodID) error {
		_, err := f.doctor().SumUsage(f.Context(), admin.UsageQuestion{UsageFilter: admin.UsageFilter{KeyID: id, From: from, To: to}, Zone: zone})
		return err
	}
	summer, winter := ration.DateID(2026, 10, 10), ration.DateID(2026, 9, 10)
	for _, row := range []struct {
		zone     string
		from, to ration.PeriodID
		refused  string // where a day begins
	}{
		{"Asia/Kolkata", winter, winter, "2026-09-09T18:30Z"},
		{"Asia/Kathmandu", winter, winter, "2026-09-09T18:15Z"},
		{"Australia/Lord_Howe", summer, summer, ""}, // 11 hours from UTC, and ten and a half before 4 October
		{"Australia/Lord_Howe", winter, summer, "2026-09-09T13:30Z"},
	} {
		err := ask(row.zone, row.from, row.to)
		var invalid *ration.InvalidError
		if row.refused == "" && err != nil || row.refused != "" && (!errors.As(err, &invalid) || invalid.Field != "zone" || !strings.Contains(invalid.Reason, row.refused)) {
			f.Errorf("%s from %s: %v, want it refused for %q", row.zone, row.from.Date().Format(time.DateOnly), err, row.refused)
		}
	}
}

func testSumInZoneLimit(f *fixture) {
	id := f.key("")
	for range 3 {
		f.batch(chargeOf(id, requests(2), units("tokens", 5)))
		f.advance(24 * time.Hour)
	}
	got := f.sumIn("UTC", admin.UsageFilter{KeyID: id, Limit: 4, From: today}, admin.ByDay)
	if len(got.Sums) != 4 || !got.More || len(got.Totals) != 2 || got.Totals[0].Used != 6 || got.Totals[1].Used != 15 {
		f.Errorf("got %+v, want four sums, more of them, and 6 and 15 in total", got)
	}
	nothing := f.sumIn("UTC", admin.UsageFilter{Owner: uniqueName(), From: today}, admin.ByDay)
	if len(nothing.Sums) != 0 || len(nothing.Totals) != 0 || nothing.More {
		f.Errorf("nobody's usage: %+v", nothing)
	}
}
