package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// What is owed to a rate is units. They are given back at the rate that holds at each
// time, so a change of the rate leaves them alone.
var rateTests = []contractTest{
	{"a raised rate owes the units that were used", testRateRaised},
	{"a lowered rate owes the units that were used", testRateLowered},
	{"a rate gives back at the quantity that holds at each time", testRateGivesBack},
	{"a key that moves to another plan takes along what it owes", testRateOfAnotherPlan},
	{"a rate owes the same under an override, and after it", testRateUnderOverride},
	{"a rate owes the same when its burst changes", testRateBurst},
	{"a rate that is removed and added back owes what is left", testRateAddedBack},
	{"a rate that changes and changes back is as if it never had", testRateThereAndBack},
	{"a denial leaves a changed rate alone", testDenialAtAChangedRate},
	{"a charge of nothing takes along what a changed rate owes", testNothingAtAChangedRate},
}

// wantOwed wants how much of the first limit, a rate, is not given back yet.
func (f *fixture) wantOwed(decision ration.Decision, owed int64) {
	f.Helper()
	if got := decision.Limits[0].Used; got != owed {
		f.Errorf("%d are owed, want %d: %+v", got, owed, decision.Limits[0])
	}
}

func testRateRaised(f *fixture) {
	for _, period := range []string{"second", "minute"} {
		plan := f.plan("5/" + period)
		id := f.key(plan.Name)
		for left := range int64(5) {
			f.allow(id, requests(1), 4-left)
		}
		f.wantCode(f.charge(chargeOf(id)), ration.CodeRateExceeded)
		f.setLimits(plan.Name, "500/"+period)
		f.wantOwed(f.allow(id, requests(0), 495), 5)
		f.allow(id, requests(495), 0)
		f.wantCode(f.charge(chargeOf(id)), ration.CodeRateExceeded)
	}
}

func testRateLowered(f *fixture) {
	for period, each := range map[string]time.Duration{"second": 200 * time.Millisecond, "minute": 12 * time.Second} {
		plan := f.plan("500/" + period)
		id := f.key(plan.Name)
		f.allow(id, requests(20), 480)
		f.setLimits(plan.Name, "5/"+period)
		wait := 16 * each // of 20 and one more 5 fit
		refused := f.deny(id, requests(1), ration.CodeRateExceeded, wait)
		f.wantRemaining(refused, 0)
		f.wantOwed(refused, 20)
		if status := refused.Limits[0]; !status.ResetsAt.Equal(f.now.Add(20*each)) || !status.AvailableAt.Equal(f.now.Add(wait)) {
			f.Errorf("resets at %s, more is available at %s; want %s and %s from now", status.ResetsAt, status.AvailableAt, 20*each, wait)
		}
		f.advance(wait - time.Microsecond)
		f.deny(id, requests(1), ration.CodeRateExceeded, time.Microsecond)
		f.advance(time.Microsecond)
		f.allow(id, requests(1), 0)
		f.advance(5 * each)
		f.allow(id, requests(5), 0)
	}
}

func testRateGivesBack(f *fixture) {
	plan := f.plan("60/minute")
	id := f.key(plan.Name)
	f.allow(id, requests(60), 0)
	f.advance(20 * time.Second)
	f.setLimits(plan.Name, "6/minute burst 60")
	f.advance(50 * time.Second)
	f.wantOwed(f.allow(id, requests(0), 25), 35) // of 60, less 20 and 5
	f.setLimits(plan.Name, "3/minute burst 60")
	f.allow(id, requests(0), 25)
	f.advance(20 * time.Second)
	f.setLimits(plan.Name, "600/minute burst 60")
	f.advance(time.Second)
	f.wantOwed(f.allow(id, requests(0), 36), 24) // of 35, less 1 and 10
	f.advance(2400 * time.Millisecond)
	f.allow(id, requests(60), 0)
}

func testRateOfAnotherPlan(f *fixture) {
	slow, fast := f.plan("6/minute").Name, f.plan("600/minute").Name
	id := f.key(slow)
	move := func(plan string) {
		f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = plan })
	}
	f.allow(id, requests(6), 0)
	move(fast)
	f.allow(id, requests(10), 584)
	move(slow)
	f.wantOwed(f.deny(id, requests(1), ration.CodeRateExceeded, 110*time.Second), 16)
	move("")
	f.allow(id, requests(1000)) // which no rate counts
	f.advance(time.Second)
	move(fast)
	f.allow(id, requests(594), 0) // the rate that counted last has given back ten
}

func testRateUnderOverride(f *fixture) {
	id := f.key(f.plan("6/minute").Name)
	f.allow(id, requests(6), 0)
	raised := override(f, "60/minute")
	raised.ExpiresAt = f.now.Add(30 * time.Second)
	f.override(id, raised)
	f.allow(id, requests(54), 0)
	f.advance(40 * time.Second) // of which 30 gave back one a second, and 10 one
	f.wantOwed(f.deny(id, requests(1), ration.CodeRateExceeded, 240*time.Second), 29)
	f.wantOwed(f.charge(chargeOf(id, requests(0))), 29)
	f.override(id, override(f, "60/minute"))
	f.allow(id, requests(31), 0)
	f.override(id)
	f.wantOwed(f.deny(id, requests(6), ration.CodeRateExceeded, 600*time.Second), 60)
}

func testRateBurst(f *fixture) {
	plan := f.plan("60/minute burst 100")
	id := f.key(plan.Name)
	f.allow(id, requests(100), 0)
	f.setLimits(plan.Name, "60/minute")
	f.wantOwed(f.deny(id, requests(1), ration.CodeRateExceeded, 41*time.Second), 100)
	f.setLimits(plan.Name, "60/minute burst 150")
	f.allow(id, requests(50), 0)
	f.setLimits(plan.Name, "600/minute burst 100")
	f.deny(id, requests(1), ration.CodeRateExceeded, 5100*time.Millisecond)
}

func testRateAddedBack(f *fixture) {
	plan := f.plan("6/minute")
	id := f.key(plan.Name)
	f.allow(id, requests(6), 0)
	f.setLimits(plan.Name)
	f.allow(id, requests(1000)) // which no rate counts
	f.advance(20 * time.Second)
	f.setLimits(plan.Name, "6/minute")
	f.wantOwed(f.allow(id, requests(1), 1), 5)
	f.setLimits(plan.Name, "0/minute")
	f.wantOwed(f.charge(chargeOf(id, requests(0))), 5)
	f.setLimits(plan.Name, "600/minute")
	f.allow(id, requests(595), 0)
}

func testRateThereAndBack(f *fixture) {
	plan := f.plan("5/minute")
	id := f.key(plan.Name)
	f.allow(id, requests(5), 0)
	f.setLimits(plan.Name, "500/minute")
	f.setLimits(plan.Name, "5/minute")
	f.deny(id, requests(1), ration.CodeRateExceeded, 12*time.Second)
	f.advance(12 * time.Second)
	f.allow(id, requests(1), 0)
}

func testDenialAtAChangedRate(f *fixture) {
	plan := f.plan("100/second", "500/minute")
	id := f.key(plan.Name)
	f.allow(id, requests(100), 0, 400)
	f.setLimits(plan.Name, "1/second", "5/minute")
	before := f.state(id)
	for range 3 {
		f.advance(time.Second)
		f.wantCode(f.charge(chargeOf(id)), ration.CodeRateExceeded)
		before.Usage[0].Denied++
		before.Days[0].Denied++
		before.Usage[0].Counted.Denied++
		before.Hours[0].Denied++
		f.want("state after a denial", before, f.state(id))
	}
}

func testNothingAtAChangedRate(f *fixture) {
	plan := f.plan("600/minute")
	id := f.key(plan.Name)
	f.allow(id, requests(60), 540)
	f.setLimits(plan.Name, "6/minute")
	f.wantOwed(f.charge(chargeOf(id, requests(0))), 60)
	f.advance(10 * time.Second)
	f.wantOwed(f.charge(chargeOf(id, requests(0))), 59)
	f.wantOwed(f.deny(id, requests(1), ration.CodeRateExceeded, 540*time.Second), 59)
}
