package storetest

import (
	"time"

	"github.com/ration-dev/ration"
)

var dueTests = []contractTest{
	{"a reservation that expires keeps or releases what it held", testExpire},
	{"a reservation that is not due does not expire", testNotDue},
	{"a due reservation expires before it is settled", testLateSettlement},
	{"a due reservation expires before it is voided", testLateVoid},
	{"a late settlement may come once, and until a day after", testLateOnce},
	{"a late settlement may pass a limit only where the hold was released or asked for", testLateBeyond},
	{"a charge that has no room first ends what is due", testDueMakesRoom},
	{"what is due and keeps its amounts makes no room", testDueMakesNoRoom},
	{"charges and ends of one batch are decided anew where something is due", testDueInBatch},
	{"a dry run ends nothing", testDryRunEndsNothing},
	{"nothing expires while the clocks disagree", testExpireSuspect},
}

func testExpire(f *fixture) {
	for _, row := range []struct {
		at   ration.AtExpiry
		used int64
	}{{"", 4}, {ration.AtExpiryKeep, 4}, {ration.AtExpiryRelease, 0}} {
		f.setNow(noon)
		id := f.key(f.plan("10/day").Name)
		r := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: row.at}, requests(4))
		f.advance(time.Minute)
		f.wantUse(id, ration.MeterRequests, 0, 4) // until somebody notices
		decision := f.end(expiring(r), ration.CodeOK)
		f.wantState(decision, ration.ReservationExpired)
		if r := decision.Reservation; !r.EndedAt.Equal(f.now) || !r.LateAt.IsZero() || r.Settled != nil || decision.Replayed {
			f.Errorf("%+v, replayed %v, want one that expired now", r, decision.Replayed)
		}
		f.wantUse(id, ration.MeterRequests, row.used, 0)
		before := f.state(id)
		f.advance(time.Second)
		again := f.end(expiring(r), ration.CodeOK)
		f.want("expired again", decision.Reservation, again.Reservation)
		f.want("state", before, f.state(id))
		if !again.Replayed {
			f.Error("a second expiry is told as the first")
		}
	}
}

func testNotDue(f *fixture) {
	id := f.key("")
	r := f.hold(id, ration.Hold{TTL: time.Minute}, requests(4))
	f.advance(time.Minute - time.Microsecond)
	f.wantState(f.end(expiring(r), ration.CodeOK), ration.ReservationOpen)
	f.wantUse(id, ration.MeterRequests, 0, 4)
	f.advance(time.Microsecond)
	f.end(expiring(r), ration.CodeOK)
	f.advance(-time.Second) // a clock that steps back brings nothing back
	f.wantState(f.end(expiring(r), ration.CodeOK), ration.ReservationExpired)
	f.wantUse(id, ration.MeterRequests, 4, 0)
}

func testLateSettlement(f *fixture) {
	for _, at := range []ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease} {
		for _, swept := range []bool{false, true} {
			f.setNow(noon)
			id := f.key(f.plan("10/day").Name)
			r := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: at}, requests(1), units("tokens", 60))
			f.advance(2 * time.Minute)
			expired := f.now
			if swept {
				f.end(expiring(r), ration.CodeOK)
				f.advance(time.Minute)
			}
			decision := f.settle(r, units("tokens", 25))
			f.wantState(decision, ration.ReservationExpired)
			if r := decision.Reservation; !r.EndedAt.Equal(expired) || !r.LateAt.Equal(f.now) || decision.Replayed {
				f.Errorf("ended at %s, late at %s, replayed %v", r.EndedAt, r.LateAt, decision.Replayed)
			}
			f.want("settled", []ration.Amount{requests(1), units("tokens", 25)}, decision.Reservation.Settled)
			f.wantUse(id, ration.MeterRequests, 1, 0)
			f.wantUse(id, "tokens", 25, 0)
		}
	}
}

func testLateVoid(f *fixture) {
	for _, at := range []ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease} {
		f.setNow(noon)
		id := f.key("")
		r := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: at}, requests(3))
		f.advance(time.Hour)
		f.wantState(f.void(r), ration.ReservationExpired)
		f.wantSums(id)
		if entry := f.meter(id, ration.MeterRequests); entry.Used != 0 || entry.Reserved != 0 {
			f.Errorf("used %d and reserved %d, want nothing", entry.Used, entry.Reserved)
		}
		before := f.state(id)
		if !f.void(r).Replayed {
			f.Error("a second late void is told as the first")
		}
		f.end(settling(r, "", requests(2)), ration.CodeReservationConflict)
		f.want("state", before, f.state(id))
	}
}

func testLateOnce(f *fixture) {
	id := f.key("")
	hold := ration.Hold{TTL: time.Minute}
	r, late, later := f.hold(id, hold, requests(5)), f.hold(id, hold, requests(50)), f.hold(id, hold, requests(500))
	f.setNow(r.ExpiresAt.Add(ration.LateSettlement - time.Microsecond))
	f.settle(r, requests(2))
	f.advance(time.Microsecond)
	for _, end := range []item{settling(late, ""), voiding(later)} {
		f.wantState(f.end(end, ration.CodeReservationExpired), ration.ReservationExpired)
	}
	f.end(voiding(r), ration.CodeReservationConflict)
	f.end(settling(r, "", requests(3)), ration.CodeReservationConflict)
	if !f.settle(r, requests(2)).Replayed { // also after that day
		f.Error("the same late settlement is told as the first")
	}
	f.wantState(f.end(expiring(r), ration.CodeOK), ration.ReservationExpired)
	if used := f.meter(id, ration.MeterRequests).Used; used != 552 {
		f.Errorf("used %d, want 552", used)
	}
	f.wantSums(id)
}

func testLateBeyond(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	released := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(6))
	kept := f.hold(id, ration.Hold{TTL: time.Minute}, requests(3))
	f.advance(time.Minute)
	f.end(settling(kept, ration.OverageRefuse, requests(4)), ration.CodeSettlementTooLarge)
	f.wantUse(id, ration.MeterRequests, 3, 6)
	f.allow(id, requests(7), 0)
	f.settle(released)
	f.wantUse(id, ration.MeterRequests, 16, 0)
	f.end(settling(kept, ration.OverageAllow, requests(4), units("tokens", 2)), ration.CodeOK)
	f.wantUse(id, ration.MeterRequests, 17, 0)
	f.wantUse(id, "tokens", 2, 0)
	f.wantRemaining(f.charge(chargeOf(id, requests(0))), 0)
}

func testDueMakesRoom(f *fixture) {
	id := f.key(f.plan("10/day", "9/lifetime").Name)
	due := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(5))
	also := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(2))
	open := f.hold(id, ration.Hold{TTL: time.Hour, AtExpiry: ration.AtExpiryRelease}, requests(1))
	f.advance(time.Minute - time.Microsecond)
	f.deny(id, requests(8), ration.CodeQuotaExceeded, time.Microsecond)
	f.wantUse(id, ration.MeterRequests, 0, 8)
	f.advance(time.Microsecond)
	decisions := f.batch(chargeOf(id, requests(8)), chargeOf(id, requests(1)))
	f.wantCode(decisions[0], ration.CodeOK)
	f.wantRemaining(decisions[0], 1, 0)
	f.wantCode(decisions[1], ration.CodeQuotaExceeded)
	for _, r := range []ration.Reservation{due, also} {
		if got := f.reservation(r); got.State != ration.ReservationExpired || !got.EndedAt.Equal(f.now) {
			f.Errorf("%s since %s, want expired now", got.State, got.EndedAt)
		}
	}
	f.want("what is not due", open, f.reservation(open))
	f.wantUse(id, ration.MeterRequests, 8, 1)
	entry := f.meter(id, ration.MeterRequests)
	if entry.Denied != 2 {
		f.Errorf("%d denied, want 2: what was decided anew counts once", entry.Denied)
	}
	f.end(holding(id, ration.Hold{}, requests(1)), ration.CodeQuotaExceeded)
}

func testDueMakesNoRoom(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	r := f.hold(id, ration.Hold{TTL: time.Minute}, requests(8))
	f.advance(time.Minute)
	decision := f.deny(id, requests(3), ration.CodeQuotaExceeded, 12*time.Hour-time.Minute)
	if status := decision.Limits[0]; status.Used != 8 || status.Reserved != 0 || status.Remaining != 2 {
		f.Errorf("%+v, want 8 used and nothing reserved", status)
	}
	f.wantUse(id, ration.MeterRequests, 8, 0)
	f.wantState(f.end(expiring(r), ration.CodeOK), ration.ReservationExpired)
}

// testDueInBatch lets a denial at the end of a batch find what is due, so that
// all before it, of two keys, is decided twice and must be done once.
func testDueInBatch(f *fixture) {
	plan := f.plan("10/day")
	id, other := f.key(plan.Name), f.key(plan.Name)
	release := ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}
	due, voided, settled := f.hold(id, release, requests(4)), f.hold(id, release, requests(1)), f.hold(id, release, requests(1))
	ofOther := f.hold(other, ration.Hold{}, requests(2))
	receipt := f.refundable(chargeOf(other, requests(1)))
	f.advance(time.Minute)
	hold := ration.Hold{ID: ration.NewReservationID()}
	decisions := f.batch(
		chargeOf(other, requests(3)), settling(ofOther, "", requests(1)), refunding(receipt),
		named(chargeOf(id, requests(2)), "once"), named(chargeOf(id, requests(2)), "once"),
		voiding(voided), settling(settled, ""), holding(id, hold, requests(1)), chargeOf(id, requests(6)), chargeOf(id, requests(1)),
	)
	for i, decision := range decisions {
		want := ration.CodeOK
		if i == len(decisions)-1 {
			want = ration.CodeQuotaExceeded
		}
		f.wantCode(decision, want)
		if decision.Replayed != (i == 4) {
			f.Errorf("decision %d is replayed: %v", i, decision.Replayed)
		}
	}
	f.wantUse(id, ration.MeterRequests, 9, 1)
	f.wantUse(other, ration.MeterRequests, 4, 0)
	f.wantState(decisions[5], ration.ReservationExpired)
	f.wantState(decisions[6], ration.ReservationExpired)
	f.wantState(f.charge(holding(id, hold, requests(1))), ration.ReservationOpen)
	if got := f.reservation(due).State; got != ration.ReservationExpired {
		f.Errorf("%s, want expired", got)
	}
	if entry := f.meter(id, ration.MeterRequests); entry.Denied != 1 {
		f.Errorf("%d denied, want 1", entry.Denied)
	}
}

func testDryRunEndsNothing(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(8))
	f.advance(time.Minute)
	charge := chargeOf(id, requests(3))
	charge.DryRun = true
	before := f.state(id)
	decision := f.charge(charge)
	f.wantCode(decision, ration.CodeOK) // as a charge would be, which would end it
	f.wantRemaining(decision, 7)
	f.want("state", before, f.state(id))
	f.wantUse(id, ration.MeterRequests, 0, 8)

	decisions := f.batch(chargeOf(id, requests(2)), charge) // which was admitted before anything expired
	f.wantRemaining(decisions[0], 0)
	f.wantRemaining(decisions[1], 5)
	f.wantUse(id, ration.MeterRequests, 2, 8)
}

// testExpireSuspect lets the clocks disagree. Where nothing is ever suspect, it
// wants the same without.
func testExpireSuspect(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	r := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(8))
	open := f.hold(id, ration.Hold{TTL: time.Hour}, requests(1))
	if f.SetInstanceNow != nil {
		f.advance(2 * time.Minute)
		f.SetInstanceNow(f.now.Add(-11 * time.Minute))
		before := f.state(id)
		for _, end := range []item{expiring(r), settling(r, ""), voiding(r)} {
			f.end(end, ration.CodeClockSuspect)
		}
		f.want("state", before, f.state(id))
		f.wantCode(f.charge(chargeOf(id, requests(3))), ration.CodeQuotaExceeded)
		f.wantUse(id, ration.MeterRequests, 0, 9)
		f.wantState(f.settle(open), ration.ReservationSettled) // which is not due by any clock
		f.setNow(f.now)
	} else {
		f.settle(open)
	}
	f.setNow(r.ExpiresAt)
	f.wantState(f.void(r), ration.ReservationExpired)
	f.wantUse(id, ration.MeterRequests, 1, 0)
}
