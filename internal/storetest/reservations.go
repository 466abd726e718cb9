package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var reservationTests = slices.Concat([]contractTest{
	{"what is reserved counts against limits and stands apart", testReserve},
	{"a reservation of several meters is all or none", testReserveAllOrNothing},
	{"a dry run reserves nothing", testDryRunReserves},
	{"settling with less gives the rest back", testSettleWithLess},
	{"settling without amounts uses what was reserved", testSettleAsReserved},
	{"settling with more is refused, cut or counted, as asked for", testSettleWithMore},
	{"settling may use a meter that was not reserved", testSettleUnreserved},
	{"a void gives all back", testVoid},
	{"the same end again gets the same answer and changes nothing", testSameEndAgain},
	{"another end than the first is a conflict", testOtherEnd},
	{"an unknown reservation is told so", testUnknownReservation},
	{"the same reservation again gets the same answer", testSameReservationAgain},
	{"an id belongs to one key", testSameIDOfAnotherKey},
	{"a revoked key settles what it reserved and reserves no more", testRevokedKeySettles},
	{"a limit lowered below what is reserved leaves nothing, not less", testLimitLoweredBelowReserved},
	{"a rate is charged when it is reserved and gives nothing back", testRateOfReservation},
	{"reservations are found by id, key and state, the first to expire first", testFindReservations},
}, dueTests, postingTests, raceTests)

func testReserve(f *fixture) {
	id := f.key(f.plan("10/day", "100/lifetime").Name)
	f.allow(id, requests(2), 8, 98)
	decision := f.charge(holding(id, ration.Hold{TTL: time.Minute}, requests(5)))
	f.wantCode(decision, ration.CodeOK)
	f.wantRemaining(decision, 3, 93)
	for _, status := range decision.Limits {
		if status.Used != 2 || status.Reserved != 5 {
			f.Errorf("%s: used %d and reserved %d, want 2 and 5", status.Name, status.Used, status.Reserved)
		}
	}
	f.wantUse(id, ration.MeterRequests, 2, 5)
	periodIDs := [4]ration.PeriodID{ration.HourID(noon), ration.DateID(2026, 7, 15), ration.DateID(2026, 7, 13), ration.DateID(2026, 7, 1)}
	r := decision.Reservation
	want := ration.Reservation{
		ID: r.ID, KeyID: id, State: ration.ReservationOpen, AtExpiry: ration.AtExpiryKeep,
		Held:      []ration.Posting{{Meter: ration.MeterRequests, Units: 5, Periods: periodIDs}},
		CreatedAt: noon, ExpiresAt: noon.Add(time.Minute), Fingerprint: r.Fingerprint, Limits: decision.Limits,
	}
	f.want("reservation", want, *r)
	f.want("reservation as it was committed", want, f.reservation(*r))
	f.deny(id, requests(4), ration.CodeQuotaExceeded, 12*time.Hour)
	f.allow(id, requests(3), 0, 90)
	f.wantUse(id, ration.MeterRequests, 5, 5)
}

func testReserveAllOrNothing(f *fixture) {
	id := f.key(f.plan("10/day", "100 tokens/day").Name)
	f.hold(id, ration.Hold{}, requests(1), units("tokens", 60))
	decision := f.charge(holding(id, ration.Hold{}, requests(1), units("tokens", 41), units("calls", 1)))
	f.wantCode(decision, ration.CodeQuotaExceeded)
	if decision.Reservation != nil || !decision.Limits[1].Exceeded || decision.Limits[0].Exceeded {
		f.Errorf("decision %+v, want no reservation, and tokens refused", decision)
	}
	f.wantRemaining(decision, 9, 40)
	f.wantUse(id, ration.MeterRequests, 0, 1)
	f.wantUse(id, "tokens", 0, 60)
	f.wantUse(id, "calls", 0, 0)
	if open := f.reservations(ration.ReservationFilter{KeyID: id}); len(open) != 1 {
		f.Errorf("%d reservations, want 1", len(open))
	}
}

func testDryRunReserves(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.allow(id, requests(1), 9)
	before := f.state(id)
	charge := named(holding(id, ration.Hold{}, requests(4)), "dry")
	charge.DryRun = true
	decision := f.charge(charge)
	f.wantCode(decision, ration.CodeOK)
	f.wantRemaining(decision, 5)
	if !decision.DryRun || decision.Reservation != nil || decision.Limits[0].Reserved != 4 {
		f.Errorf("decision %+v, want 4 reserved and no reservation", decision)
	}
	f.want("state", before, f.state(id))
	f.want("reservations", []ration.Reservation(nil), f.reservations(ration.ReservationFilter{KeyID: id}))
	charge.DryRun = false
	if f.charge(charge).Replayed {
		f.Error("a dry run is remembered")
	}
}

func testSettleWithLess(f *fixture) {
	id := f.key(f.plan("10/day", "100 tokens/lifetime").Name)
	r := f.hold(id, ration.Hold{}, requests(1), units("tokens", 60))
	f.advance(time.Second)
	decision := f.settle(r, units("tokens", 25))
	f.wantState(decision, ration.ReservationSettled)
	f.want("settled", []ration.Amount{requests(1), units("tokens", 25)}, decision.Reservation.Settled)
	if !decision.Reservation.EndedAt.Equal(f.now) || decision.Replayed || decision.KeyID != id || !decision.Reservation.LateAt.IsZero() {
		f.Errorf("decision %+v, want one of now and in time", decision)
	}
	f.wantUse(id, ration.MeterRequests, 1, 0)
	f.wantUse(id, "tokens", 25, 0)
	if last := f.meter(id, "tokens").LastRequestAt; !last.Equal(noon) {
		f.Errorf("last request at %s, want %s: a settlement is none", last, noon)
	}
	f.allow(id, units("tokens", 75), 8, 0)
}

func testSettleAsReserved(f *fixture) {
	id := f.key("")
	r := f.hold(id, ration.Hold{}, units("tokens", 60), units("calls", 0))
	decision := f.settle(r)
	f.want("settled", []ration.Amount{requests(1), units("calls", 0), units("tokens", 60)}, decision.Reservation.Settled)
	f.wantState(decision, ration.ReservationSettled)
	f.wantUse(id, ration.MeterRequests, 1, 0)
	f.wantUse(id, "tokens", 60, 0)
	nothing := f.hold(id, ration.Hold{}, units("tokens", 5))
	f.settle(nothing, requests(0), units("tokens", 0))
	f.wantUse(id, ration.MeterRequests, 1, 0)
	f.wantUse(id, "tokens", 60, 0)
}

func testSettleWithMore(f *fixture) {
	for _, row := range []struct {
		over  ration.Overage
		code  ration.Code
		state ration.ReservationState
		used  int64
		left  int64
	}{
		{"", ration.CodeSettlementTooLarge, ration.ReservationOpen, 0, 4},
		{ration.OverageRefuse, ration.CodeSettlementTooLarge, ration.ReservationOpen, 0, 4},
		{ration.OverageClamp, ration.CodeOK, ration.ReservationSettled, 6, 4},
		{ration.OverageAllow, ration.CodeOK, ration.ReservationSettled, 15, 0},
	} {
		id := f.key(f.plan("10 tokens/day").Name)
		r := f.hold(id, ration.Hold{}, units("tokens", 6))
		decision := f.end(settling(r, row.over, units("tokens", 15)), row.code)
		f.wantState(decision, row.state)
		f.wantUse(id, "tokens", row.used, 6-min(row.used, 6))
		f.wantRemaining(f.charge(chargeOf(id, units("tokens", 0))), row.left)
		if row.state == ration.ReservationOpen {
			f.settle(r, units("tokens", 6))
			f.wantUse(id, "tokens", 6, 0)
		}
	}
}

func testSettleUnreserved(f *fixture) {
	id := f.key(f.plan("10 tokens/day").Name)
	r := f.hold(id, ration.Hold{}, requests(1))
	f.advance(time.Minute)
	f.end(settling(r, ration.OverageRefuse, units("tokens", 3)), ration.CodeSettlementTooLarge)
	f.wantUse(id, ration.MeterRequests, 0, 1)
	decision := f.end(settling(r, ration.OverageAllow, units("tokens", 3)), ration.CodeOK)
	f.want("settled", []ration.Amount{requests(1), units("tokens", 3)}, decision.Reservation.Settled)
	f.wantUse(id, ration.MeterRequests, 1, 0)
	f.wantUse(id, "tokens", 3, 0)
	if first := f.meter(id, "tokens").FirstRequestAt; !first.Equal(noon) {
		f.Errorf("first used at %s, want %s", first, noon)
	}
	f.allow(id, units("tokens", 7), 0)
	clamped := f.hold(id, ration.Hold{}, requests(1))
	f.end(settling(clamped, ration.OverageClamp, units("tokens", 3)), ration.CodeOK)
	f.wantUse(id, "tokens", 10, 0)
}

func testVoid(f *fixture) {
	id := f.key(f.plan("10/day", "100 tokens/month").Name)
	r := f.hold(id, ration.Hold{}, requests(4), units("tokens", 100))
	decision := f.void(r)
	f.wantState(decision, ration.ReservationVoided)
	f.want("settled", []ration.Amount(nil), decision.Reservation.Settled)
	f.wantUse(id, ration.MeterRequests, 0, 0)
	f.wantUse(id, "tokens", 0, 0)
	f.allow(id, units("tokens", 100), 9, 0)
}

func testSameEndAgain(f *fixture) {
	for _, row := range []struct {
		name  string
		first func(ration.Reservation) item
		again func(ration.Reservation) item
	}{
		{"void", voiding, voiding},
		{
			"settled", func(r ration.Reservation) item { return settling(r, "", units("tokens", 2)) },
			func(r ration.Reservation) item { return settling(r, "", units("tokens", 2), requests(1)) },
		},
		{
			"settled as reserved", func(r ration.Reservation) item { return settling(r, "") },
			func(r ration.Reservation) item { return settling(r, "", units("tokens", 5)) },
		},
		{
			"clamped", func(r ration.Reservation) item { return settling(r, ration.OverageClamp, units("tokens", 9)) },
			func(r ration.Reservation) item { return settling(r, ration.OverageClamp, units("tokens", 9)) },
		},
		{"overage", func(r ration.Reservation) item {
			return settling(r, ration.OverageAllow, units("tokens", 9), units("calls", 1))
		}, func(r ration.Reservation) item {
			return settling(r, ration.OverageAllow, units("calls", 1), units("tokens", 9))
		}},
	} {
		f.setNow(noon)
		id := f.key("")
		r := f.hold(id, ration.Hold{}, units("tokens", 5))
		first := f.end(row.first(r), ration.CodeOK)
		before := f.state(id)
		f.advance(time.Hour) // well after it would have expired
		for _, again := range f.batch(row.again(r), row.again(r), expiring(r)) {
			f.wantCode(again, ration.CodeOK)
			f.want(row.name+" again", first.Reservation, again.Reservation)
			if !again.Replayed || first.Replayed {
				f.Errorf("%s: replayed %v, then %v", row.name, first.Replayed, again.Replayed)
			}
		}
		f.want("state after "+row.name+" again", before, f.state(id))
	}
}

func testOtherEnd(f *fixture) {
	id := f.key("")
	voided, settled := f.hold(id, ration.Hold{}, units("tokens", 5)), f.hold(id, ration.Hold{}, units("tokens", 5))
	f.void(voided)
	f.settle(settled, units("tokens", 2))
	before := f.state(id)
	for _, other := range []item{
		settling(voided, ""), settling(voided, "", units("tokens", 0), requests(0)),
		voiding(settled), settling(settled, "", units("tokens", 3)), settling(settled, ""),
		settling(settled, ration.OverageAllow, units("tokens", 2), units("calls", 1)),
		settling(settled, ration.OverageRefuse, units("tokens", 9)),
	} {
		decision := f.end(other, ration.CodeReservationConflict)
		if decision.Replayed {
			f.Error("a conflict is told as a repetition")
		}
	}
	f.want("state after conflicts", before, f.state(id))
	f.wantState(f.void(voided), ration.ReservationVoided)
	f.wantState(f.settle(settled, units("tokens", 2)), ration.ReservationSettled)
}

func testRevokedKeySettles(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	hold := ration.Hold{ID: ration.NewReservationID()}
	settled, voided := f.hold(id, hold, requests(3)), f.hold(id, ration.Hold{}, requests(2))
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	f.end(holding(id, ration.Hold{}, requests(1)), ration.CodeKeyRevoked)
	if again := f.end(holding(id, hold, requests(3)), ration.CodeKeyRevoked); again.Reservation != nil {
		f.Error("a revoked key is told of its reservation")
	}
	f.wantState(f.settle(settled, requests(1)), ration.ReservationSettled)
	f.wantState(f.void(voided), ration.ReservationVoided)
	f.wantUse(id, ration.MeterRequests, 1, 0)
}

func testLimitLoweredBelowReserved(f *fixture) {
	plan := f.plan("10/day")
	id := f.key(plan.Name)
	r, other := f.hold(id, ration.Hold{}, requests(6)), f.hold(id, ration.Hold{}, requests(2))
	f.setLimits(plan.Name, "3/day")
	decision := f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
	f.wantRemaining(decision, 0)
	f.settle(r, requests(5))
	f.wantUse(id, ration.MeterRequests, 5, 2)
	f.wantRemaining(f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour), 0)
	f.void(other)
	f.wantUse(id, ration.MeterRequests, 5, 0)
}

func testRateOfReservation(f *fixture) {
	id := f.key(f.plan("4/minute", "100/day").Name)
	r := f.hold(id, ration.Hold{}, requests(3))
	f.wantRemaining(f.charge(chargeOf(id, requests(0))), 1, 97)
	f.void(r)
	decision := f.charge(chargeOf(id, requests(2)))
	f.wantCode(decision, ration.CodeRateExceeded)
	f.wantRemaining(decision, 1, 100)
	f.advance(15 * time.Second)
	f.allow(id, requests(2), 0, 98)
}
