package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var futureTests = []contractTest{
	{"a denial ends with the temporary limit that caused it", testTemporaryLimitEnds},
	{"what no limit that is to come allows never fits", testNeverFits},
	{"a denial ends when reservations release enough", testReservationsRelease},
	{"a denial lasts until all limits have room at once", testRoomInAllLimits},
	{"nobody is told to come after the key has expired", testComeBeforeExpiry},
	{"a denial knows what is reserved of a limit that comes back", testLiftEnds},
	{"nobody is told to come later than the last reservation that was read", testManyReservations},
	{"reservations that were not read change nothing that they can't help", testUnknownReservations},
}

// wantReset wants to be told when a limit resets, and when it has more.
func (f *fixture) wantReset(decision ration.Decision, limit int, at time.Time) {
	f.Helper()
	status := decision.Limits[limit]
	if !status.ResetsAt.Equal(at) || !status.AvailableAt.Equal(at) {
		f.Errorf("%s resets at %s and has more at %s, want %s", status.Name, status.ResetsAt, status.AvailableAt, at)
	}
}

func testTemporaryLimitEnds(f *fixture) {
	const day, soon = 12 * time.Hour, 12 * time.Second
	end := noon.Add(soon)
	for _, row := range []struct {
		name   string
		plan   string
		above  ration.Override
		used   int64 // before the override
		units  int64
		code   ration.Code
		wait   time.Duration
		resets time.Duration
	}{
		{"a cut", "10/day", until(f, end, "3/day")[0], 3, 1, ration.CodeQuotaExceeded, soon, soon},
		{"a cut, and too much after it", "10/day", until(f, end, "3/day")[0], 3, 8, ration.CodeQuotaExceeded, day, day},
		{"more than the cut, and none used", "10/day", until(f, end, "3/day")[0], 0, 5, ration.CodeQuotaExceeded, soon, soon},
		{"no requests", "10/day", until(f, end, "0/day")[0], 3, 1, ration.CodeQuotaExceeded, soon, soon},
		{"a raise", "3/day", until(f, end, "5/day")[0], 3, 3, ration.CodeQuotaExceeded, day, day},
		{"a limit that the plan lacks", "10/week", until(f, end, "3/day")[0], 3, 1, ration.CodeQuotaExceeded, soon, soon},
		{"a lifetime", "10/lifetime", until(f, end, "3/lifetime")[0], 3, 1, ration.CodeQuotaExceeded, soon, soon},
		{"a rate of none", "10/second", until(f, end, "0/second")[0], 0, 2, ration.CodeRateExceeded, soon, soon},
		{"a cut beyond the day", "10/day", until(f, noon.Add(2*day), "3/day")[0], 3, 1, ration.CodeQuotaExceeded, day, day},
	} {
		f.setNow(noon)
		id := f.key(f.plan(row.plan).Name)
		if row.used > 0 {
			f.wantCode(f.charge(chargeOf(id, requests(row.used))), ration.CodeOK)
		}
		f.override(id, row.above)
		for _, dryRun := range []bool{true, false} {
			charge := chargeOf(id, requests(row.units))
			charge.DryRun = dryRun
			decision := f.charge(charge)
			if decision.Code != row.code || decision.RetryAfter != row.wait {
				f.Errorf("%s: %s, retry after %s, want %s, %s", row.name, decision.Code, decision.RetryAfter, row.code, row.wait)
				continue
			}
			for i := range decision.Limits {
				if decision.Limits[i].Exceeded {
					f.wantReset(decision, i, noon.Add(row.resets))
				}
			}
		}
		f.setNow(noon.Add(row.wait - time.Microsecond))
		f.wantCode(f.charge(chargeOf(id, requests(row.units))), row.code)
		f.setNow(noon.Add(row.wait))
		f.wantCode(f.charge(chargeOf(id, requests(row.units))), ration.CodeOK)
	}
	f.setNow(noon)
	id := f.key(f.plan("10/day").Name)
	f.override(id, until(f, end, "3/day")...)
	f.wantReset(f.allow(id, requests(1), 2), 0, end) // then 9 remain
	f.override(id, until(f, end, "100/day")...)
	f.wantReset(f.allow(id, requests(1), 98), 0, noon.Add(day)) // then 8 remain
}

func testNeverFits(f *fixture) {
	end := noon.Add(time.Hour)
	id := f.key(f.plan("10/day").Name)
	f.override(id, until(f, end, "3/day")...)
	f.deny(id, requests(11), ration.CodeCostExceedsLimit, 0)
	f.override(id, until(f, end, "20/day")...)
	f.allow(id, requests(5), 15)
	f.deny(id, requests(16), ration.CodeQuotaExceeded, 0) // today it is too late, and from then on it is too much
	f.deny(id, requests(21), ration.CodeCostExceedsLimit, 0)
	f.override(id, until(f, end, "0/day")...)
	f.deny(id, requests(11), ration.CodeCostExceedsLimit, 0)
	used := f.key(f.plan("10/lifetime").Name)
	f.allow(used, requests(8), 2)
	f.override(used, until(f, end, "3/lifetime")...)
	f.deny(used, requests(5), ration.CodeQuotaExceeded, 0) // 5 of 10 are not too many, only too late
	none := f.deny(f.key(f.plan("0/day").Name), requests(1), ration.CodeQuotaExceeded, 0)
	f.wantReset(none, 0, time.Time{})
	long := f.key(f.plan("10/day").Name)
	f.override(long, until(f, noon.Add(36*time.Hour), "20/day")...)
	f.allow(long, requests(5), 15)
	f.deny(long, requests(16), ration.CodeQuotaExceeded, 12*time.Hour)
}

func testReservationsRelease(f *fixture) {
	release := func(after time.Duration) ration.Hold {
		return ration.Hold{TTL: after, AtExpiry: ration.AtExpiryRelease}
	}
	id := f.key(f.plan("5/lifetime").Name)
	f.hold(id, release(2*time.Second), requests(2))
	settled := f.hold(id, release(4*time.Second), requests(1))
	f.hold(id, ration.Hold{TTL: time.Second}, requests(1)) // which keeps it
	f.hold(id, release(6*time.Second), requests(1))
	for units, wait := range map[int64]time.Duration{1: 2 * time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 6 * time.Second, 5: 0} {
		decision := f.deny(id, requests(units), ration.CodeQuotaExceeded, wait)
		if wait > 0 {
			f.wantReset(decision, 0, noon.Add(wait))
		}
	}
	decisions := f.batch(settling(settled, "", requests(1)), chargeOf(id, requests(3)), chargeOf(id, requests(4)))
	f.wantCode(decisions[1], ration.CodeQuotaExceeded)
	if decisions[1].RetryAfter != 6*time.Second || decisions[2].RetryAfter != 0 {
		f.Errorf("after a settlement in the same batch: retry after %s and %s, want 6s and never", decisions[1].RetryAfter, decisions[2].RetryAfter)
	}
	made := f.key(f.plan("5/day").Name)
	decisions = f.batch(holding(made, release(time.Minute), requests(4)), holding(made, release(3*time.Second), requests(1)), chargeOf(made, requests(1)))
	if decisions[2].RetryAfter != 3*time.Second {
		f.Errorf("after reservations in the same batch: retry after %s, want 3s", decisions[2].RetryAfter)
	}
	f.setNow(noon.Add(12*time.Hour - time.Second))
	f.hold(made, release(time.Minute), requests(5))
	f.deny(made, requests(1), ration.CodeQuotaExceeded, time.Second) // the day ends first
}

func testRoomInAllLimits(f *fixture) {
	id := f.key(f.plan("5/minute burst 1", "10/day").Name)
	f.hold(id, ration.Hold{TTL: 5 * time.Second, AtExpiry: ration.AtExpiryRelease}, requests(1))
	f.deny(id, requests(1), ration.CodeRateExceeded, 12*time.Second)
	f.override(id, until(f, noon.Add(20*time.Second), "1/day")...)
	f.deny(id, requests(1), ration.CodeRateExceeded, 12*time.Second)
	f.advance(12 * time.Second)
	f.allow(id, requests(1), 0, 0)
	f.deny(id, requests(1), ration.CodeRateExceeded, 12*time.Second)
	f.override(id, until(f, noon.Add(time.Hour), "1/day")...)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Hour-12*time.Second)

	// The raise of one limit ends before the other has room, and then never again.
	two := f.key(f.plan("3/lifetime", "1 tokens/minute").Name)
	f.override(two, until(f, noon.Add(30*time.Second), "9/lifetime")...)
	f.wantCode(f.charge(chargeOf(two, requests(3), units("tokens", 1))), ration.CodeOK)
	decision := f.charge(chargeOf(two, requests(1), units("tokens", 1)))
	f.wantCode(decision, ration.CodeRateExceeded)
	if decision.RetryAfter != 0 {
		f.Errorf("retry after %s, want never", decision.RetryAfter)
	}
	// A cut begins to count, while something is reserved, before the rate has room.
	cut := f.key(f.plan("3/day", "1 tokens/minute").Name)
	f.override(cut, until(f, f.now.Add(30*time.Second), "9/day")...)
	f.hold(cut, ration.Hold{TTL: 2 * time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(3), units("tokens", 1))
	decision = f.charge(chargeOf(cut, requests(1), units("tokens", 1)))
	f.wantCode(decision, ration.CodeRateExceeded)
	if decision.RetryAfter != 2*time.Minute {
		f.Errorf("retry after %s, want 2m0s", decision.RetryAfter)
	}
}

func testComeBeforeExpiry(f *fixture) {
	expires := noon.Add(time.Hour)
	key := func(at time.Time) ration.KeyID {
		plan := f.plan("1/day").Name
		return f.keyWith(func(change *admin.KeyChange) { change.Key.Plan, change.Key.ExpiresAt = plan, at })
	}
	for at, wait := range map[time.Time]time.Duration{expires: 0, noon.Add(12 * time.Hour): 0, noon.Add(12*time.Hour + time.Microsecond): 12 * time.Hour} {
		id := key(at)
		f.allow(id, requests(1), 0)
		f.wantReset(f.deny(id, requests(1), ration.CodeQuotaExceeded, wait), 0, noon.Add(12*time.Hour))
	}
	id := key(expires)
	f.override(id, until(f, noon.Add(time.Minute), "0/day")...)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Minute)
	f.advance(time.Hour - time.Minute)
	f.override(id, until(f, expires, "0/day")...)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 0)
}

// testLiftEnds lifts a quota, all of which is reserved, until before a rate has room.
// Until then no limit says that something is reserved.
func testLiftEnds(f *fixture) {
	id := f.key(f.plan("3/lifetime", "1/minute burst 3").Name)
	f.override(id, lifting(f, "3/lifetime", noon.Add(10*time.Second)))
	f.hold(id, ration.Hold{TTL: 2 * time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(3))
	for _, dryRun := range []bool{true, false} {
		charge := chargeOf(id, requests(1))
		charge.DryRun = dryRun
		decision := f.charge(charge)
		if decision.Code != ration.CodeRateExceeded || decision.RetryAfter != 2*time.Minute {
			f.Errorf("dry run %v: %s, retry after %s, want rate_exceeded, 2m0s", dryRun, decision.Code, decision.RetryAfter)
		}
	}
	f.advance(2 * time.Minute)
	f.wantCode(f.charge(chargeOf(id, requests(1))), ration.CodeOK)
}

// many returns so many reservations of one request, each a second longer than the last.
func many(id ration.KeyID, n int, at ration.AtExpiry) (holds []item) {
	for i := range n {
		holds = append(holds, holding(id, ration.Hold{TTL: time.Duration(i+1) * time.Second, AtExpiry: at}, requests(1)))
	}
	return holds
}

// testManyReservations has more open than a store reads, so that the last of them is
// all that can be said.
func testManyReservations(f *fixture) {
	id := f.key(f.plan("150/lifetime").Name)
	f.batch(many(id, 150, ration.AtExpiryRelease)...)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Second)
	f.deny(id, requests(99), ration.CodeQuotaExceeded, 99*time.Second)
	f.deny(id, requests(120), ration.CodeQuotaExceeded, 100*time.Second)
}

// testUnknownReservations has more open than a store reads, and asks for what they
// don't stand in the way of.
func testUnknownReservations(f *fixture) {
	id := f.key(f.plan("150/lifetime").Name)
	f.batch(many(id, 150, ration.AtExpiryRelease)...)
	f.deny(id, requests(151), ration.CodeCostExceedsLimit, 0)
	kept := f.key(f.plan("101/day").Name)
	f.batch(append(many(kept, 100, ration.AtExpiryKeep), holding(kept, ration.Hold{TTL: time.Hour, AtExpiry: ration.AtExpiryRelease}, requests(1)))...)
	f.deny(kept, requests(1), ration.CodeQuotaExceeded, 100*time.Second) // the last one of which nothing is known
	f.deny(kept, requests(2), ration.CodeQuotaExceeded, 12*time.Hour)
	used := f.key(f.plan("110/lifetime").Name)
	f.batch(append(many(used, 100, ration.AtExpiryKeep), chargeOf(used, requests(10)))...)
	f.deny(used, requests(1), ration.CodeQuotaExceeded, 0)
}
