package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var refundTests = []contractTest{
	{"a refund gives back what was charged, but of rates", testRefund},
	{"a refund after midnight leaves the new day alone", testRefundAfterMidnight},
	{"a refund frees the idempotency key", testRefundFreesKey},
	{"a tenth of a day's requests may be given back", testMostRefunds},
	{"failing on purpose buys a tenth, whatever it costs", testFailingOnPurpose},
	{"each period gives back a tenth of its own", testRefundPeriods},
	{"what was given back counts whatever limit held then", testRefundsAsLimitsChange},
	{"all meters are given back or none", testRefundOfSeveralMeters},
	{"instances together give back no more than a tenth", testRefundsByInstances},
	{"of what no quota bounds a thousand charges a day are given back", testRefundsWithoutQuota},
	{"a reservation is given back as a charge is", testRefundOfReservation},
	{"a reservation that has ended is given back at most once", testRefundOfEndedReservation},
	{"a revoked key is given back what it was charged", testRefundOfRevokedKey},
	{"a receipt is given for what was charged now and asked for", testReceipts},
	{"nothing falls below 0", testNeverBelowZero},
}

func testRefund(f *fixture) {
	id := f.key(f.plan("10/day", "1000 tokens/lifetime", "60 tokens/minute").Name)
	f.charge(chargeOf(id, requests(1), units("tokens", 5)))
	receipt := f.refundable(chargeOf(id, requests(2), units("tokens", 40), units("calls", 0)))
	f.advance(time.Second)
	decision := f.charge(refunding(receipt))
	f.wantCode(decision, ration.CodeOK)
	if decision.KeyID != id || decision.Reservation != nil || decision.Receipt != nil || decision.Replayed {
		f.Errorf("decision %+v", decision)
	}
	f.wantUse(id, ration.MeterRequests, 1, 0)
	f.wantUse(id, "tokens", 5, 0)
	if last := f.meter(id, ration.MeterRequests).LastRequestAt; !last.Equal(noon) {
		f.Errorf("last request at %s, want %s: a refund is none", last, noon)
	}
	f.wantRemaining(f.charge(chargeOf(id, requests(0), units("tokens", 0))), 9, 16, 995)
}

func testRefundAfterMidnight(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("10/day", "100/month").Name)
	f.allow(id, requests(1), 9, 99)
	receipt := f.refundable(chargeOf(id, requests(4)))
	quiet := f.key("")
	ofQuiet := f.refundable(chargeOf(quiet, requests(4)))
	f.setNow(midnight)
	f.allow(id, requests(3), 7, 92)
	f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	f.wantWindows(id, ration.MeterRequests, [4]int64{3, 3, 4, 4}, [4]int64{})
	f.wantHistory(id, ration.MeterRequests, today, 1, 3)
	f.wantRemaining(f.charge(chargeOf(id, requests(0))), 7, 96)
	f.charge(refunding(ofQuiet)) // before anything begins
	f.wantUse(quiet, ration.MeterRequests, 0, 0)
	f.charge(chargeOf(quiet, requests(2)))
	f.wantUse(quiet, ration.MeterRequests, 2, 0)
	f.wantHistory(quiet, ration.MeterRequests, today, 0, 2)
}

func testRefundFreesKey(f *fixture) {
	id := f.key("")
	charge := named(chargeOf(id, requests(2)), "k")
	receipt := f.refundable(charge)
	if !f.charge(charge).Replayed {
		f.Error("it is not remembered")
	}
	decisions := f.batch(refunding(receipt), charge, charge)
	for i, decision := range decisions {
		f.wantCode(decision, ration.CodeOK)
		if decision.Replayed != (i == 2) {
			f.Errorf("decision %d is replayed: %v", i, decision.Replayed)
		}
	}
	f.wantUse(id, ration.MeterRequests, 2, 0)
	charge.Refundable = false
	if !f.charge(charge).Replayed {
		f.Error("the second one is not remembered")
	}
	other := f.refundable(named(chargeOf(id, requests(3)), "other"))
	f.charge(refunding(other))
	f.wantCode(f.charge(named(chargeOf(id, requests(4)), "other")), ration.CodeOK)
	f.wantUse(id, ration.MeterRequests, 6, 0)

	// Whoever gives a charge back after its key was forgotten and used again frees
	// nobody else's.
	late := f.refundable(named(chargeOf(id, requests(1)), "late"))
	f.advance(ration.IdempotencyRetention)
	another := named(chargeOf(id, requests(1)), "late")
	f.wantCode(f.charge(another), ration.CodeOK)
	f.wantCode(f.charge(refunding(late)), ration.CodeOK)
	if !f.charge(another).Replayed {
		f.Error("an old charge's refund frees the key of a new one")
	}
}

// receipts charges one request after the other.
func (f *fixture) receipts(id ration.KeyID, n int) []*ration.Receipt {
	f.Helper()
	charge := chargeOf(id)
	charge.Refundable = true
	receipts := make([]*ration.Receipt, n)
	for i, decision := range f.batch(repeat(n, charge)...) {
		f.wantCode(decision, ration.CodeOK)
		receipts[i] = decision.Receipt
	}
	return receipts
}

func testMostRefunds(f *fixture) {
	for _, row := range []struct {
		limits []string
		most   int64
	}{
		{[]string{"30/day", "1000/month"}, 10}, {[]string{"100/day"}, 10}, {[]string{"130/day"}, 13}, {[]string{"139/day", "5000/week"}, 13},
	} {
		f.setNow(evening)
		id := f.key(f.plan(row.limits...).Name)
		receipts := f.receipts(id, 17)
		f.setNow(midnight)
		todays := f.receipts(id, 1)
		decisions := f.batch(refunding(receipts[0]), refunding(receipts[1]), chargeOf(id, requests(0)), refunding(receipts[2]))
		for _, receipt := range receipts[3:] {
			decisions = append(decisions, f.charge(refunding(receipt)))
		}
		for i, decision := range decisions {
			want := ration.CodeOK
			if int64(i) > row.most { // one of them is no refund
				want = ration.CodeRefundsExhausted
			}
			f.wantCode(decision, want)
		}
		f.wantHistory(id, ration.MeterRequests, today, 17-row.most, 1)
		before := f.state(id)
		f.wantCode(f.charge(refunding(receipts[16])), ration.CodeRefundsExhausted)
		f.want("state", before, f.state(id))
		f.wantCode(f.charge(refunding(todays[0])), ration.CodeOK) // which is of another day
		f.wantHistory(id, ration.MeterRequests, today, 17-row.most, 0)
	}
}

// testRefundOfReservation is how a way in bounds what it voids.
func testRefundOfReservation(f *fixture) {
	id := f.key(f.plan("20/day").Name)
	for i := range 11 {
		charge := named(holding(id, ration.Hold{}, requests(1)), "k")
		charge.Refundable = true
		decision := f.charge(charge)
		f.wantCode(decision, ration.CodeOK)
		if decision.Replayed {
			f.Fatal("the idempotency key is not free again")
		}
		f.want("receipt", ration.Receipt{
			KeyID: id, Postings: decision.Reservation.Held, ChargedAt: noon, Reservation: decision.Reservation.ID, IdempotencyKey: "k",
		}, *decision.Receipt)
		if i == 10 {
			f.wantCode(f.charge(refunding(decision.Receipt)), ration.CodeRefundsExhausted)
			break
		}
		f.wantState(f.charge(refunding(decision.Receipt)), ration.ReservationVoided)
		f.wantUse(id, ration.MeterRequests, 0, 0)
	}
	f.wantUse(id, ration.MeterRequests, 0, 1) // which stays open
}

func testRefundOfEndedReservation(f *fixture) {
	id := f.key(f.plan("20/day").Name)
	reserve := func() (ration.Reservation, item) {
		charge := holding(id, ration.Hold{TTL: time.Minute}, requests(2))
		charge.Refundable = true
		decision := f.charge(charge)
		return *decision.Reservation, refunding(decision.Receipt)
	}
	settled, refund := reserve()
	f.settle(settled)
	f.wantCode(f.charge(refund), ration.CodeReservationConflict)
	f.wantUse(id, ration.MeterRequests, 2, 0)

	voided, refund := reserve()
	f.void(voided)
	if decision := f.charge(refund); decision.Code != ration.CodeOK || !decision.Replayed {
		f.Errorf("of a voided one: %+v", decision)
	}
	f.wantUse(id, ration.MeterRequests, 2, 0)

	_, refund = reserve()
	f.advance(time.Minute)
	for _, decision := range f.batch(refund, refund) { // it expires and is given back late
		f.wantCode(decision, ration.CodeOK)
	}
	f.wantUse(id, ration.MeterRequests, 2, 0)

	for i, receipt := range f.receipts(id, 9) { // two of the ten units that may be given back have been
		want := ration.CodeOK
		if i == 8 {
			want = ration.CodeRefundsExhausted
		}
		f.wantCode(f.charge(refunding(receipt)), want)
	}
	f.setNow(midnight)
	_, refund = reserve()
	refund.Refund.Reservation = ration.NewReservationID()
	f.wantCode(f.charge(refund), ration.CodeReservationUnknown)
}

func testRefundOfRevokedKey(f *fixture) {
	id := f.key("")
	receipt := f.refundable(chargeOf(id, requests(2)))
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	f.wantUse(id, ration.MeterRequests, 0, 0)
	f.wantCode(f.charge(refunding(&ration.Receipt{KeyID: ration.NewKeyID(), Postings: receipt.Postings})), ration.CodeKeyUnknown)
}

func testReceipts(f *fixture) {
	id := f.key(f.plan("9/day").Name)
	receipt := f.refundable(named(chargeOf(id, requests(2)), "k"))
	periodIDs := [4]ration.PeriodID{ration.HourID(noon), today, today - 2, today - 14}
	f.want("receipt", ration.Receipt{
		KeyID: id, ChargedAt: noon, IdempotencyKey: "k", Postings: []ration.Posting{{Meter: ration.MeterRequests, Units: 2, Periods: periodIDs}},
	}, *receipt)
	for name, charge := range map[string]ration.Charge{
		"not asked for": {KeyID: id}, "a dry run": {KeyID: id, Refundable: true, DryRun: true},
		"a denial": {KeyID: id, Refundable: true, Amounts: []ration.Amount{requests(9)}},
		"repeated": {KeyID: id, Refundable: true, Amounts: []ration.Amount{requests(2)}, Idempotency: &ration.Idempotency{Key: "k", About: "test"}},
	} {
		if decision := f.charge(item{Charge: charge}); decision.Receipt != nil {
			f.Errorf("%s: receipt %+v, want none", name, decision.Receipt)
		}
	}
}

// testNeverBelowZero gives back more than there is, as a receipt that is used
// twice does.
func testNeverBelowZero(f *fixture) {
	id := f.key("")
	receipt := f.refundable(chargeOf(id, requests(2), units("tokens", 7)))
	f.batch(refunding(receipt), refunding(receipt), refunding(receipt))
	f.charge(refunding(receipt))
	f.wantUse(id, ration.MeterRequests, 0, 0)
	f.wantUse(id, "tokens", 0, 0)
	f.charge(chargeOf(id, requests(1), units("tokens", 3)))
	f.wantUse(id, ration.MeterRequests, 1, 0)
	f.wantUse(id, "tokens", 3, 0)
}
