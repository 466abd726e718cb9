package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var hourTests = []contractTest{
	{"an hour that is over stays in the history", testHoursPass},
	{"what becomes of a charge belongs to its hour", testHourOfCharge},
	{"a charge after the clock stepped back belongs to the hour that runs", testHourAfterStepBack},
	{"hours are selected by key, owner, meter and time", testHourFilter},
	{"an import counts at noon of the key's day", testHourOfImport},
}

// hour is an hour of a key that has no owner.
func hour(id ration.KeyID, meter string, start time.Time, used, denied int64) admin.UsageHour {
	return admin.UsageHour{KeyID: id, KeyName: "test", Meter: meter, Hour: start, Used: used, Denied: denied}
}

func (f *fixture) wantHours(id ration.KeyID, want ...admin.UsageHour) {
	f.Helper()
	f.want("hours", want, countedHours(f.hours(id)))
}

func testHoursPass(f *fixture) {
	id := f.key(f.plan("5/lifetime").Name)
	f.batch(chargeOf(id, requests(2), units("tokens", 7)))
	f.advance(59 * time.Minute)
	f.allow(id, requests(1), 2)
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 3, 0), hour(id, "tokens", noon, 7, 0))
	f.advance(2 * time.Minute) // 13:01
	f.deny(id, requests(9), ration.CodeCostExceedsLimit, 0)
	f.advance(24 * time.Hour)
	f.allow(id, requests(2), 0)
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 3, 0), hour(id, "tokens", noon, 7, 0),
		hour(id, ration.MeterRequests, noon.Add(time.Hour), 0, 1), hour(id, ration.MeterRequests, noon.Add(25*time.Hour), 2, 0))
}

func testHourOfCharge(f *fixture) {
	id := f.key("")
	receipt := f.refundable(chargeOf(id, requests(4)))
	held := f.hold(id, ration.Hold{TTL: 2 * time.Hour}, requests(1), units("tokens", 50))
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 4, 0))
	f.advance(90 * time.Minute)
	f.charge(chargeOf(id, requests(2)))
	f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	f.wantCode(f.charge(settling(held, ration.OverageAllow, requests(1), units("tokens", 60), units("calls", 3))), ration.CodeOK)
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 1, 0), hour(id, "calls", noon, 3, 0), hour(id, "tokens", noon, 60, 0),
		hour(id, ration.MeterRequests, noon.Add(time.Hour), 2, 0))
	f.advance(time.Hour)
	f.charge(chargeOf(id, requests(1), units("tokens", 1)))
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 1, 0), hour(id, "calls", noon, 3, 0), hour(id, "tokens", noon, 60, 0),
		hour(id, ration.MeterRequests, noon.Add(time.Hour), 2, 0),
		hour(id, ration.MeterRequests, noon.Add(2*time.Hour), 1, 0), hour(id, "tokens", noon.Add(2*time.Hour), 1, 0))
	f.days(id)
}

func testHourAfterStepBack(f *fixture) {
	id := f.key("")
	f.advance(2 * time.Hour)
	f.charge(chargeOf(id))
	f.advance(-2 * time.Hour)
	f.charge(chargeOf(id))
	f.wantHours(id, hour(id, ration.MeterRequests, noon.Add(2*time.Hour), 2, 0))
}

func testHourFilter(f *fixture) {
	owner := uniqueName()
	owned := func(change *admin.KeyChange) { change.Key.Owner = owner }
	ids := []ration.KeyID{f.keyWith(owned), f.keyWith(owned)}
	for range 3 {
		f.batch(chargeOf(ids[0], requests(1), units("tokens", 5)), chargeOf(ids[1]))
		f.advance(time.Hour)
	}
	row := func(key int, meter string, at int, used int64) admin.UsageHour {
		h := hour(ids[key], meter, noon.Add(time.Duration(at)*time.Hour), used, 0)
		h.Owner = owner
		return h
	}
	var all []admin.UsageHour
	for at := range 3 {
		all = append(all, row(0, ration.MeterRequests, at, 1), row(0, "tokens", at, 5), row(1, ration.MeterRequests, at, 1))
	}
	for _, test := range []struct {
		name   string
		filter admin.HourFilter
		want   []admin.UsageHour
	}{
		{"owner", admin.HourFilter{Owner: owner}, all},
		{"key and meter", admin.HourFilter{KeyID: ids[0], Meter: "tokens"}, []admin.UsageHour{all[1], all[4], all[7]}},
		{"from", admin.HourFilter{Owner: owner, From: noon.Add(2 * time.Hour)}, all[6:]},
		{"to", admin.HourFilter{Owner: owner, To: noon.Add(time.Hour)}, all[:3]},
		{"from and to", admin.HourFilter{KeyID: ids[1], From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour)}, all[5:6]},
		{"limit", admin.HourFilter{Owner: owner, Limit: 4}, all[:4]},
		{"nobody's", admin.HourFilter{Owner: uniqueName()}, nil},
	} {
		got, err := f.Store.UsageHours(f.Context(), test.filter)
		if err != nil {
			f.Fatalf("%s: %v", test.name, err)
		}
		f.want("hours by "+test.name, test.want, got)
	}
}

func testHourOfImport(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) { change.Key.TimeZone = "Asia/Tokyo" }) // where it is 21:00
	f.charge(chargeOf(id, requests(2)))
	f.importDays(2, 12, counted(id, today-1, 7), counted(id, today, 7))
	f.wantHours(id, hour(id, ration.MeterRequests, noon.Add(-33*time.Hour), 7, 0), hour(id, ration.MeterRequests, noon.Add(-9*time.Hour), 5, 0),
		hour(id, ration.MeterRequests, noon, 2, 0))
	early := f.keyWith(func(change *admin.KeyChange) { change.Key.TimeZone = "America/Los_Angeles" }) // where it is 05:00
	f.charge(chargeOf(early, requests(2)))
	f.importDays(2, 12, counted(early, today-1, 7), counted(early, today, 7), counted(early, today-2, 0))
	want := []admin.UsageHour{hour(early, ration.MeterRequests, noon.Add(-17*time.Hour), 7, 0), hour(early, ration.MeterRequests, noon, 7, 0)}
	f.wantHours(early, want...)
	f.days(early)
	if got := f.hours(early); !slices.Equal(got, want) {
		f.Errorf("rows %+v, want one for each hour", got)
	}
}
