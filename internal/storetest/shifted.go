package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var shiftedTests = []contractTest{
	{"a day may begin at any hour, in the key's zone", testShiftedDay},
	{"a month may begin on any day, and a week on any weekday", testShiftedMonth},
	{"quotas that begin at different times stand side by side", testShiftedSideBySide},
	{"a shifted quota begins with what was certainly used in it", testShiftedBegins},
	{"what is given back goes to the shifted period that counted it", testShiftedRefund},
	{"a tenth of a shifted quota is given back in each period", testShiftedRefundsExhausted},
	{"a reservation belongs to the shifted period in which it was made", testShiftedReservation},
	{"an override may have a period of its own", testShiftedOverride},
	{"a denial and a dry run begin no shifted period", testShiftedDenial},
	{"instances together admit exactly a shifted quota", testShiftedInstances},
	{"no shifted period begins by a clock in doubt", testShiftedSuspect},
	{"a reset begins a shifted quota anew", testShiftedReset},
	{"a repair takes back shifted periods that have not begun", onSoundUsage(testShiftedRepair)},
	{"an import of usage counts in shifted periods", testShiftedImport},
}

func testShiftedDay(f *fixture) {
	plan := f.plan("10/day from 06:00")
	utc, berlin := f.key(plan.Name), f.keyIn("Europe/Berlin", plan.Name)
	f.allow(utc, requests(6), 4)
	f.allow(berlin, requests(6), 4)
	f.setNow(noon.Add(12 * time.Hour)) // midnight changes nothing
	f.allow(utc, requests(1), 3)
	f.deny(utc, requests(4), ration.CodeQuotaExceeded, 6*time.Hour)
	f.deny(berlin, requests(5), ration.CodeQuotaExceeded, 4*time.Hour)
	f.setNow(noon.Add(16 * time.Hour)) // 06:00 in Berlin
	f.allow(berlin, requests(7), 3)
	f.deny(utc, requests(4), ration.CodeQuotaExceeded, 2*time.Hour)
	f.setNow(noon.Add(18 * time.Hour))
	f.allow(utc, requests(10), 0)
	f.wantHistory(utc, ration.MeterRequests, today, 6, 11) // the history has calendar days
}

func testShiftedMonth(f *fixture) {
	id := f.key(f.plan("10/week from thursday 12:00", "20/month from day 31").Name)
	f.allow(id, requests(8), 2, 12)
	f.advance(24*time.Hour - time.Microsecond)
	f.deny(id, requests(3), ration.CodeQuotaExceeded, time.Microsecond)
	f.advance(time.Microsecond) // Thursday noon
	f.allow(id, requests(10), 0, 2)
	f.setNow(time.Date(2026, 7, 30, 23, 59, 0, 0, time.UTC))
	f.deny(id, requests(3), ration.CodeQuotaExceeded, time.Minute)
	f.setNow(time.Date(2026, 7, 31, 0, 0, 0, 0, time.UTC))
	f.allow(id, requests(9), 1, 11)
	f.setNow(time.Date(2026, 9, 29, 12, 0, 0, 0, time.UTC)) // the month from 31 August
	f.allow(id, requests(10), 0, 10)
	f.setNow(time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC)) // September has no 31st
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 36*time.Hour)
	f.setNow(time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC))
	f.allow(id, requests(1), 9, 19)
}

func testShiftedSideBySide(f *fixture) {
	id := f.key(f.plan("10/day", "10/day from 06:00", "10/day from 18:00", "50 tokens/day from 06:00").Name)
	decision := f.charge(chargeOf(id, requests(4), units("tokens", 20)))
	f.wantRemaining(decision, 6, 6, 6, 30)
	resets := []time.Duration{12, 18, 6, 18}
	for i, limit := range decision.Limits {
		if want := noon.Add(resets[i] * time.Hour); !limit.ResetsAt.Equal(want) {
			f.Errorf("%s resets at %s, want %s", limit.Name, limit.ResetsAt, want)
		}
	}
	f.setNow(noon.Add(6 * time.Hour))
	f.allow(id, requests(3), 3, 3, 7)
	f.setNow(noon.Add(12 * time.Hour))
	f.allow(id, requests(2), 8, 1, 5)
	f.setNow(noon.Add(18 * time.Hour))
	f.wantRemaining(f.charge(chargeOf(id, requests(1), units("tokens", 50))), 7, 9, 4, 0)
	f.setLimits(f.stored(id).Plan, "10/day from 18:00", "10/day from 12:00") // one goes, one comes
	f.allow(id, requests(1), 6, 3)
}

// testShiftedBegins gives a key its limits after it was used: since midnight 6, of which
// 2 in the hour that runs.
func testShiftedBegins(f *fixture) {
	plan := f.plan()
	id := f.key(plan.Name)
	f.advance(-2 * time.Hour)
	f.allow(id, requests(4))
	f.advance(2*time.Hour + time.Minute)
	f.allow(id, requests(2))
	f.setLimits(plan.Name, "10/day from 00:30", "10/day from 11:30", "10/week from tuesday", "100/month from day 13")
	f.allow(id, requests(0), 8, 8, 4, 94)
	f.allow(id, requests(1), 7, 7, 3, 93)
}

func testShiftedRefund(f *fixture) {
	id := f.key(f.plan("10/day from 06:00", "20/day from 18:00").Name)
	first := f.refundable(chargeOf(id, requests(4)))
	f.wantCode(f.charge(refunding(f.refundable(chargeOf(id, requests(3))))), ration.CodeOK)
	f.allow(id, requests(1), 5, 15)
	f.setNow(noon.Add(6 * time.Hour)) // one has turned, the other has not
	f.allow(id, requests(2), 3, 18)
	f.wantCode(f.charge(refunding(first)), ration.CodeOK)
	f.allow(id, requests(0), 7, 18)
	f.wantHistory(id, ration.MeterRequests, today, 3, 0)
}

func testShiftedRefundsExhausted(f *fixture) {
	id := f.key(f.plan("200/day from 06:00").Name)
	back := func() ration.Decision { return f.charge(refunding(f.refundable(chargeOf(id, requests(10))))) }
	f.wantCode(back(), ration.CodeOK)
	f.wantCode(back(), ration.CodeOK)
	f.wantCode(back(), ration.CodeRefundsExhausted)
	f.allow(id, requests(0), 190)
	f.setNow(noon.Add(18 * time.Hour))
	f.wantCode(back(), ration.CodeOK)
}

func testShiftedReservation(f *fixture) {
	id := f.key(f.plan("10/day from 18:00").Name)
	before := f.hold(id, ration.Hold{TTL: 24 * time.Hour}, requests(4))
	f.allow(id, requests(0), 6)
	f.setNow(noon.Add(6 * time.Hour))
	f.allow(id, requests(1), 9)
	after := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(5))
	f.wantCode(f.charge(settling(before, ration.OverageRefuse, requests(3))), ration.CodeOK)
	f.allow(id, requests(0), 4)
	f.wantCode(f.charge(settling(after, ration.OverageRefuse, requests(2))), ration.CodeOK)
	f.allow(id, requests(7), 0)
	due := f.hold(f.key(f.plan("10/day from 18:00").Name), ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(10))
	f.advance(2 * time.Minute)
	f.allow(due.KeyID, requests(10), 0) // what is due makes room
}

func testShiftedOverride(f *fixture) {
	id := f.key(f.plan("10/day from 06:00", "5/day").Name)
	f.updateKey(id, func(change *admin.KeyChange) {
		own := override(f, "20/day from 06:00")
		temporary := override(f, "3/day from 06:00")
		temporary.ExpiresAt = noon.Add(time.Hour)
		change.Key.Overrides = []ration.Override{own, temporary}
	})
	f.allow(id, requests(2), 3, 1)
	f.advance(time.Hour)
	f.allow(id, requests(2), 1, 16)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Overrides = nil })
	f.allow(id, requests(1), 0, 5)
}

func testShiftedDenial(f *fixture) {
	id := f.key(f.plan("3/day from 06:00").Name)
	f.wantCode(f.charge(chargeOf(id, requests(4))), ration.CodeCostExceedsLimit)
	dry := chargeOf(id, requests(1))
	dry.DryRun = true
	f.wantRemaining(f.charge(dry), 2)
	if shifted := f.meter(id, ration.MeterRequests).Shifted; len(shifted) != 0 {
		f.Errorf("%+v began", shifted)
	}
	f.allow(id, requests(3), 0)
	before := f.meter(id, ration.MeterRequests).Shifted
	f.advance(18 * time.Hour)
	f.wantCode(f.charge(chargeOf(id, requests(4))), ration.CodeCostExceedsLimit)
	f.want("periods after a denial", before, f.meter(id, ration.MeterRequests).Shifted)
}

func testShiftedInstances(f *fixture) {
	id := f.key(f.plan("40/day from 06:00").Name)
	f.want("admitted", 40, f.admittedTogether(id, 40))
}

// admittedTogether lets two instances send requests, so many each, and returns how many
// of them were admitted.
func (f *fixture) admittedTogether(id ration.KeyID, each int) (total int) {
	instances := f.instances(2)
	admitted := make(chan int, len(instances))
	for _, store := range instances {
		go func() {
			count := 0
			for range each {
				decisions, err := chargeBatch(f, store, chargeOf(id))
				if err != nil {
					f.Errorf("charging: %v", err)
					break
				}
				if decisions[0].Code == ration.CodeOK {
					count++
				}
			}
			admitted <- count
		}()
	}
	for range instances {
		total += <-admitted
	}
	return total
}

func testShiftedSuspect(f *fixture) {
	if f.SetInstanceNow == nil {
		return // no clock is ever suspect
	}
	id := f.key(f.plan("10/day from 12:30").Name)
	f.allow(id, requests(4), 6)
	f.advance(30 * time.Minute) // the same hour, day, week and month
	f.SetInstanceNow(f.now.Add(11 * time.Minute))
	f.wantCode(f.charge(chargeOf(id)), ration.CodeClockSuspect)
	f.setNow(f.now)
	f.allow(id, requests(1), 9)
}

func testShiftedReset(f *fixture) {
	id := f.key(f.plan("10/day from 06:00", "10/week from tuesday").Name)
	before := f.refundable(chargeOf(id, requests(4)))
	held := f.hold(id, ration.Hold{}, requests(2))
	f.reset(id, "day from 06:00")
	f.allow(id, requests(1), 9, 3)
	f.wantCode(f.charge(refunding(before)), ration.CodeOK)
	f.wantCode(f.charge(settling(held, ration.OverageRefuse, requests(2))), ration.CodeOK)
	f.allow(id, requests(0), 9, 7)
	f.advance(18 * time.Hour)
	f.allow(id, requests(2), 8, 5)
	fresh := f.key(f.plan().Name)
	f.allow(fresh, requests(5))
	f.setLimits(f.stored(fresh).Plan, "10/week from monday 00:01")
	f.reset(fresh)
	f.allow(fresh, requests(0), 10)
}

func testShiftedRepair(f *fixture) {
	id := f.key(f.plan("10/day from 06:00", "20/month from day 15").Name)
	f.allow(id, requests(2), 8, 18)
	f.useAhead(chargeOf(id, requests(3)))
	if repaired := f.repair(); repaired != 1 {
		f.Errorf("repaired %d keys, want 1", repaired)
	}
	f.allow(id, requests(1), 4, 14)
	f.setNow(noon.Add(18 * time.Hour))
	f.allow(id, requests(1), 9, 13)
}

func testShiftedImport(f *fixture) {
	id := f.key(f.plan("10/day from 06:00", "20/month from day 10").Name)
	f.allow(id, requests(2), 8, 18)
	day := func(date, used int64) admin.ImportedDay {
		return admin.ImportedDay{KeyID: id, Meter: ration.MeterRequests, Date: ration.DateID(2026, 7, int(date)), Used: used}
	}
	counted := admin.UsageImport{Days: []admin.ImportedDay{day(9, 5), day(12, 4), day(15, 5)}}
	if _, err := f.doctor().ImportUsage(f.Context(), "test", counted); err != nil {
		f.Fatal(err)
	}
	f.allow(id, requests(0), 5, 11)
}
