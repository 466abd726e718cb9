package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var postingTests = []contractTest{
	{"a settlement after midnight belongs to the day of the request", testSettleAfterMidnight},
	{"a settlement in the next week or month leaves those alone", testSettleAfterMonth},
	{"a void after midnight leaves the new day alone", testVoidAfterMidnight},
	{"an expiry after midnight belongs to the day of the request", testExpireAfterMidnight},
	{"a settlement after midnight counts on a meter that was not reserved", testSettleUnreservedAfterMidnight},
	{"a settlement after a zone change goes where it was charged", testSettleAfterZoneChange},
	{"yesterday's reservation is settled and today's voided in one batch with a charge", testDaysOfOneBatch},
	{"reservations of a lifetime outlive all periods", testLifetimeReservation},
}

var (
	evening  = time.Date(2026, 7, 15, 23, 59, 59, 0, time.UTC)
	midnight = evening.Add(time.Second)
)

func testSettleAfterMidnight(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("10/day", "100/week").Name)
	f.allow(id, requests(1), 9, 99)
	r := f.hold(id, ration.Hold{}, requests(5))
	f.setNow(midnight)
	f.allow(id, requests(3), 7, 91)
	f.settle(r, requests(4))
	f.wantWindows(id, ration.MeterRequests, [4]int64{3, 3, 8, 8}, [4]int64{})
	f.wantHistory(id, ration.MeterRequests, today, 5, 3)
	f.allow(id, requests(0), 7, 92)

	quiet := f.key("") // nobody charges it in the new day
	f.setNow(evening)
	r = f.hold(quiet, ration.Hold{}, requests(5))
	f.setNow(midnight)
	f.settle(r, requests(4))
	f.wantHistory(quiet, ration.MeterRequests, today, 4)
	f.charge(chargeOf(quiet, requests(2)))
	f.wantWindows(quiet, ration.MeterRequests, [4]int64{2, 2, 6, 6}, [4]int64{})
	f.wantHistory(quiet, ration.MeterRequests, today, 4, 2)
}

func testSettleAfterMonth(f *fixture) {
	for _, row := range []struct {
		end     time.Time // of a period
		running [4]int64
	}{
		{time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC), [4]int64{1, 1, 1, 5}}, // a Monday
		{time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), [4]int64{1, 1, 5, 1}},  // a Saturday
	} {
		f.setNow(row.end.Add(-time.Second))
		id := f.key(f.plan("10/week", "10/month").Name)
		r := f.hold(id, ration.Hold{}, requests(6))
		f.setNow(row.end)
		f.charge(chargeOf(id))
		f.settle(r, requests(4))
		f.wantWindows(id, ration.MeterRequests, row.running, [4]int64{})
		f.wantHistory(id, ration.MeterRequests, ration.DateID(row.end.Date())-1, 4, 1)
	}
}

func testVoidAfterMidnight(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("10/day").Name)
	r := f.hold(id, ration.Hold{}, requests(5))
	f.setNow(midnight)
	f.allow(id, requests(3), 7)
	f.wantWindows(id, ration.MeterRequests, [4]int64{3, 3, 3, 3}, [4]int64{0, 0, 5, 5})
	f.void(r)
	f.wantWindows(id, ration.MeterRequests, [4]int64{3, 3, 3, 3}, [4]int64{})
	f.wantHistory(id, ration.MeterRequests, today, 0, 3)
	f.allow(id, requests(7), 0)
}

func testExpireAfterMidnight(f *fixture) {
	for _, row := range []struct {
		at   ration.AtExpiry
		used int64
	}{{ration.AtExpiryKeep, 5}, {ration.AtExpiryRelease, 0}} {
		f.setNow(evening)
		id := f.key(f.plan("10/day").Name)
		r := f.hold(id, ration.Hold{TTL: time.Second, AtExpiry: row.at}, requests(5))
		f.setNow(midnight)
		f.allow(id, requests(3), 7)
		f.end(expiring(r), ration.CodeOK)
		f.wantWindows(id, ration.MeterRequests, [4]int64{3, 3, 3 + row.used, 3 + row.used}, [4]int64{})
		f.wantHistory(id, ration.MeterRequests, today, row.used, 3)
		f.settle(r, requests(1)) // late, and still yesterday's
		f.wantWindows(id, ration.MeterRequests, [4]int64{3, 3, 4, 4}, [4]int64{})
		f.wantHistory(id, ration.MeterRequests, today, 1, 3)
	}
}

func testSettleUnreservedAfterMidnight(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("10 tokens/day").Name)
	first, second := f.hold(id, ration.Hold{}), f.hold(id, ration.Hold{})
	f.setNow(midnight)
	f.end(settling(first, ration.OverageAllow, units("tokens", 4)), ration.CodeOK) // the first that is ever used
	f.wantHistory(id, "tokens", today, 4)
	f.allow(id, units("tokens", 3), 7)
	f.end(settling(second, ration.OverageAllow, units("tokens", 5)), ration.CodeOK)
	f.wantWindows(id, "tokens", [4]int64{3, 3, 12, 12}, [4]int64{})
	f.wantHistory(id, "tokens", today, 9, 3)
	f.allow(id, units("tokens", 7), 0)
}

// testSettleAfterZoneChange moves a key from where it is still the 15th to where
// it is the 16th.
func testSettleAfterZoneChange(f *fixture) {
	f.setNow(evening)
	id := f.keyIn("UTC", f.plan("10/day").Name)
	r := f.hold(id, ration.Hold{TTL: 24 * time.Hour}, requests(5))
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Pacific/Pago_Pago" }) // eleven hours behind
	f.setNow(midnight)
	decision := f.allow(id, requests(3), 2) // the 15th goes on there
	f.want("end of the day", midnight.Add(11*time.Hour), decision.Limits[0].ResetsAt)
	f.settle(r, requests(4))
	f.wantWindows(id, ration.MeterRequests, [4]int64{3, 7, 7, 7}, [4]int64{})
	other := f.hold(id, ration.Hold{TTL: 24 * time.Hour}, requests(2))
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Pacific/Kiritimati" }) // where it is the 17th then
	f.setNow(midnight.Add(11 * time.Hour))
	f.allow(id, requests(1), 9)
	f.void(other)
	f.wantWindows(id, ration.MeterRequests, [4]int64{1, 1, 8, 8}, [4]int64{})
	f.wantHistory(id, ration.MeterRequests, today, 7, 0, 1)
}

func testDaysOfOneBatch(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("10/day").Name)
	yesterdays := f.hold(id, ration.Hold{}, requests(5), units("tokens", 50))
	late := f.hold(id, ration.Hold{TTL: time.Second}, requests(2))
	receipt := f.refundable(chargeOf(id, requests(1), units("tokens", 7)))
	f.setNow(midnight)
	todays := f.hold(id, ration.Hold{}, requests(6), units("tokens", 60))
	decisions := f.batch(
		chargeOf(id, requests(3), units("tokens", 1)), settling(yesterdays, "", requests(4), units("tokens", 40)),
		voiding(todays), settling(late, "", requests(1)), refunding(receipt), chargeOf(id, requests(7)),
	)
	for _, decision := range decisions {
		f.wantCode(decision, ration.CodeOK)
	}
	f.wantWindows(id, ration.MeterRequests, [4]int64{10, 10, 15, 15}, [4]int64{})
	f.wantWindows(id, "tokens", [4]int64{1, 1, 41, 41}, [4]int64{})
	f.wantHistory(id, ration.MeterRequests, today, 5, 10)
	f.wantHistory(id, "tokens", today, 40, 1)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 24*time.Hour)
}

func testLifetimeReservation(f *fixture) {
	id := f.key(f.plan("10/lifetime").Name)
	r := f.hold(id, ration.Hold{TTL: 24 * time.Hour}, requests(6))
	f.advance(24*time.Hour - time.Second)
	f.deny(id, requests(5), ration.CodeQuotaExceeded, 0)
	f.allow(id, requests(1), 3)
	f.settle(r, requests(2))
	f.allow(id, requests(7), 0)
	f.wantHistory(id, ration.MeterRequests, today, 2, 8)
	f.wantSums(id)
}
