package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// failing plays a client whose every call fails: each of up to n is charged and, if
// it was admitted, is to be given back. It returns how many were admitted.
func (f *fixture) failing(n int, charge item) (admitted int) {
	f.Helper()
	return f.allFailing(n, charge)[0]
}

// allFailing plays such a client for each of the charges, in steps that they take
// together.
func (f *fixture) allFailing(n int, charges ...item) (admitted []int) {
	f.Helper()
	admitted = make([]int, len(charges))
	for range n {
		calls := slices.Clone(charges)
		for i := range calls {
			calls[i].Refundable = true
			if calls[i].Hold != nil {
				calls[i].Hold = &ration.Hold{TTL: time.Hour}
			}
		}
		var refunds []item
		var reserved []*ration.Reservation
		for i, decision := range f.batch(calls...) {
			if decision.Allowed() {
				admitted[i]++
				refunds, reserved = append(refunds, refunding(decision.Receipt)), append(reserved, decision.Reservation)
			}
		}
		if len(refunds) == 0 {
			return admitted // nothing changes any more
		}
		for i, back := range f.batch(refunds...) {
			if back.Code == ration.CodeOK {
				continue
			}
			f.wantCode(back, ration.CodeRefundsExhausted)
			if reserved[i] != nil {
				f.settle(*reserved[i])
			}
		}
	}
	return admitted
}

func testFailingOnPurpose(f *fixture) {
	const most = ration.MaxUnits
	rows := []struct {
		limits   []string
		amounts  []ration.Amount
		admitted int
	}{
		{[]string{"1000/day"}, []ration.Amount{requests(100)}, 11},
		{[]string{"1000/hour"}, []ration.Amount{requests(100)}, 11},
		{[]string{"1000/week"}, []ration.Amount{requests(100)}, 11},
		{[]string{"1000/month"}, []ration.Amount{requests(100)}, 11},
		{[]string{"1000/lifetime"}, []ration.Amount{requests(100)}, 11},
		{[]string{"300/day"}, []ration.Amount{requests(15)}, 22},
		{[]string{"300/day"}, []ration.Amount{requests(16)}, 19},                         // one of 16 is given back: 19 × 16 - 16
		{[]string{"300/day"}, []ration.Amount{requests(30)}, 11},                         // all that may be, at once
		{[]string{"300/day"}, []ration.Amount{requests(31)}, 9},                          // and more than may be
		{[]string{"1000/day", "40 tokens/day"}, []ration.Amount{units("tokens", 2)}, 25}, // 10 tokens
		{[]string{"1000 tokens/month"}, []ration.Amount{units("tokens", 50)}, 22},
		{[]string{"1000 tokens/month", "3/day"}, []ration.Amount{units("tokens", 50)}, 5},
		{[]string{"2/hour", "3 tokens/lifetime", "20/month"}, []ration.Amount{units("tokens", 1)}, 4},
		{[]string{"3/minute", "30/day"}, nil, 3}, // a rate gives nothing back
		{[]string{"0/day"}, nil, 0},
		{[]string{"1/lifetime"}, nil, 2},
		{[]string{"9/day"}, nil, 18},
		{[]string{"10/day"}, nil, 20},
		{[]string{"11/day"}, nil, 21},
		{[]string{"109/day"}, []ration.Amount{requests(10)}, 11},
		{[]string{"110/day"}, []ration.Amount{requests(11)}, 11},
		{[]string{fmt.Sprint(most, "/day")}, []ration.Amount{requests(most)}, 1},
		{[]string{fmt.Sprint(most, "/day")}, []ration.Amount{requests(most / 10)}, 11},
		{[]string{fmt.Sprint(most, "/day")}, []ration.Amount{requests(most/10 + 1)}, 9},
	}
	var charges []item
	for _, row := range rows {
		for _, hold := range []*ration.Hold{nil, {}} {
			charge := chargeOf(f.key(f.plan(row.limits...).Name), row.amounts...)
			charge.Hold = hold
			charges = append(charges, charge)
		}
	}
	for i, admitted := range f.allFailing(30, charges...) {
		if row := rows[i/2]; admitted != row.admitted {
			f.Errorf("%v, at %v each, reserved: %t: %d were admitted, want %d", row.limits, row.amounts, charges[i].Hold != nil, admitted, row.admitted)
		}
	}
}

// testRefundPeriods gives back in one hour after the other, and late.
func testRefundPeriods(f *fixture) {
	id := f.key(f.plan("20/hour", "130/day").Name)
	late := f.refundable(chargeOf(id))
	for i, want := range []int{29, 23, 20, 20, 20, 20, 10, 0} { // 10 of an hour, 13 of the day
		f.setNow(noon.Add(time.Duration(i) * time.Hour))
		if admitted := f.failing(40, chargeOf(id)); admitted != want {
			f.Errorf("hour %d: %d were admitted, want %d", i, admitted, want)
		}
	}
	f.wantCode(f.charge(refunding(late)), ration.CodeRefundsExhausted)
	f.advance(24 * time.Hour)
	f.wantCode(f.charge(refunding(late)), ration.CodeRefundsExhausted) // of its own hour
	for _, receipt := range f.receipts(id, 11)[:10] {
		f.advance(time.Second)
		f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	}
}

func testRefundsAsLimitsChange(f *fixture) {
	plan := f.plan("1000/day").Name
	id := f.key(plan)
	receipts := f.receipts(id, 200)
	refunds := func(ok, exhausted int) {
		f.Helper()
		for i := range ok + exhausted {
			want := ration.CodeOK
			if i >= ok {
				want = ration.CodeRefundsExhausted
			}
			f.wantCode(f.charge(refunding(receipts[i])), want)
		}
		receipts = receipts[ok:]
	}
	refunds(8, 0)
	f.setLimits(plan, "100/day")
	refunds(2, 1)
	f.setLimits(plan, "150/day", "10000/month")
	refunds(5, 1)
	f.setLimits(plan, "50/hour") // in which 15 were given back
	refunds(0, 1)
	f.updateKey(id, func(change *admin.KeyChange) {
		change.Key.Overrides = []ration.Override{{Limit: parseLimits(f, "1000/hour")[0]}}
	})
	refunds(5, 0)
	lifted := override(f, "0/hour")
	lifted.Unlimited = true
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Overrides = []ration.Override{lifted} })
	refunds(90, 0)
	ever := f.plan("1100/lifetime").Name
	f.updateKey(id, func(change *admin.KeyChange) {
		change.Key.Overrides, change.Key.Plan = nil, ever
	})
	refunds(0, 1)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Pacific/Kiritimati" }) // where it is tomorrow
	refunds(0, 1)
}

func testRefundOfSeveralMeters(f *fixture) {
	id := f.key(f.plan("100/day", "100 tokens/day", "100 calls/month").Name)
	charge := named(chargeOf(id, requests(1), units("tokens", 1), units("calls", 6)), "k")
	f.wantCode(f.charge(refunding(f.refundable(charge))), ration.CodeOK)
	receipt := f.refundable(charge)
	before := f.state(id)
	f.wantCode(f.charge(refunding(receipt)), ration.CodeRefundsExhausted)
	f.want("state", before, f.state(id))
	if !f.charge(charge).Replayed {
		f.Error("a charge that stays frees its idempotency key")
	}
	for range 9 {
		f.wantCode(f.charge(refunding(f.refundable(chargeOf(id, units("tokens", 1))))), ration.CodeOK)
	}
	receipt = f.refundable(chargeOf(id, requests(0), units("tokens", 1)))
	f.wantCode(f.charge(refunding(receipt)), ration.CodeRefundsExhausted)
	f.wantUse(id, "tokens", 2, 0)
}

// testRefundsByInstances has all instances give back the charges of a day at once.
func testRefundsByInstances(f *fixture) {
	id := f.key(f.plan("1000/day").Name)
	stores := f.instances(4)
	charge := chargeOf(id, requests(3))
	charge.Refundable = true
	decisions := f.batch(repeat(200, charge)...)
	var given atomic.Int64
	var group sync.WaitGroup
	for i, store := range stores {
		group.Go(func() {
			for part := range slices.Chunk(decisions[50*i:50*(i+1)], 10) {
				refunds := make([]item, len(part))
				for j := range part {
					refunds[j] = refunding(part[j].Receipt)
				}
				back, err := chargeBatch(f, store, refunds...)
				if err != nil {
					f.Errorf("giving back: %v", err)
					return
				}
				for _, decision := range back {
					if decision.Code == ration.CodeOK {
						given.Add(3)
					}
				}
			}
		})
	}
	group.Wait()
	if given.Load() != 99 {
		f.Errorf("%d units were given back, want 99 of at most 100", given.Load())
	}
	f.wantUse(id, ration.MeterRequests, 600-99, 0)
}

// testRefundsWithoutQuota: what no quota bounds is counted in charges, however
// large they are, and counts stop where they can't go on. What one bounds is not.
func testRefundsWithoutQuota(f *fixture) {
	for _, row := range []struct {
		limits  []string
		amounts []ration.Amount
		given   int // of 1500
	}{
		{nil, []ration.Amount{requests(ration.MaxUnits)}, 1000},
		{[]string{"5000/second", "50 tokens/day"}, nil, 1000},
		{[]string{"5/day"}, []ration.Amount{requests(0), units("tokens", 7)}, 1000},
		{[]string{"120000 tokens/day"}, []ration.Amount{units("tokens", 8)}, 1500},
	} {
		f.setNow(noon)
		id := f.key(f.plan(row.limits...).Name)
		charge := chargeOf(id, row.amounts...)
		charge.Refundable = true
		var last *ration.Receipt
		given := 0
		for range 5 {
			var refunds []item
			for _, decision := range f.batch(repeat(300, charge)...) {
				f.wantCode(decision, ration.CodeOK)
				last = decision.Receipt
				refunds = append(refunds, refunding(last))
			}
			for _, decision := range f.batch(refunds...) {
				if decision.Code == ration.CodeOK {
					given++
				}
			}
		}
		if given != row.given {
			f.Errorf("%v: %d were given back, want %d", row.limits, given, row.given)
		}
		f.wantCode(f.charge(refunding(last)), ration.CodeRefundsExhausted)
		f.advance(24 * time.Hour)
		f.wantCode(f.charge(refunding(f.refundable(charge))), ration.CodeOK)
	}
}
