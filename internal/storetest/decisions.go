package storetest

import (
	"time"

	"github.com/ration-dev/ration"
)

var decisionTests = []contractTest{
	{"a quota admits its quantity and no more", testQuota},
	{"a batch is decided in its order", testBatchOrder},
	{"an unknown key is told so among others", testUnknownKey},
	{"a denial is counted and changes nothing else", testDenialChangesNothing},
	{"a dry run changes nothing", testDryRun},
	{"all meters are charged or none", testAllOrNothing},
	{"more than a limit's size never waits", testCostExceedsLimit},
	{"a lifetime quota never comes back", testLifetimeQuota},
	{"a rate gives back evenly up to its burst", testRateWithBurst},
	{"a lowered limit leaves nothing, not less", testLoweredLimit},
}

func testQuota(f *fixture) {
	id := f.key(f.plan("3/day").Name)
	f.allow(id, requests(1), 2)
	decision := f.allow(id, requests(2), 0)
	if want := noon.Add(12 * time.Hour); !decision.Limits[0].ResetsAt.Equal(want) || !decision.DecidedAt.Equal(noon) {
		f.Errorf("decided at %s, resets at %s; want %s and %s", decision.DecidedAt, decision.Limits[0].ResetsAt, noon, want)
	}
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
	f.advance(12 * time.Hour)
	f.allow(id, requests(3), 0)
}

func testBatchOrder(f *fixture) {
	plan := f.plan("6/day")
	a, b := f.key(plan.Name), f.key(plan.Name)
	decisions := f.batch(
		chargeOf(a, requests(3)), chargeOf(b, requests(1)), chargeOf(a, requests(4)),
		chargeOf(b, requests(5)), chargeOf(a, requests(3)), chargeOf(b, requests(1)),
	)
	for i, want := range []struct {
		key       ration.KeyID
		code      ration.Code
		remaining int64
	}{
		{a, ration.CodeOK, 3},
		{b, ration.CodeOK, 5},
		{a, ration.CodeQuotaExceeded, 3},
		{b, ration.CodeOK, 0},
		{a, ration.CodeOK, 0},
		{b, ration.CodeQuotaExceeded, 0},
	} {
		got := decisions[i]
		if got.KeyID != want.key {
			f.Errorf("decision %d is of another key", i)
		}
		f.wantCode(got, want.code)
		f.wantRemaining(got, want.remaining)
	}
}

func testUnknownKey(f *fixture) {
	id, unknown := f.key(""), ration.NewKeyID()
	decisions := f.batch(chargeOf(id), chargeOf(unknown), chargeOf(id))
	f.wantCode(decisions[0], ration.CodeOK)
	f.wantCode(decisions[1], ration.CodeKeyUnknown)
	f.wantCode(decisions[2], ration.CodeOK)
	if !decisions[1].KeyID.IsZero() {
		f.Errorf("the unknown key got an id: %s", decisions[1].KeyID)
	}
	f.wantCode(f.charge(chargeOf(unknown)), ration.CodeKeyUnknown)
	if used := f.meter(id, ration.MeterRequests).Used; used != 2 {
		f.Errorf("used %d, want 2", used)
	}
}

func testDenialChangesNothing(f *fixture) {
	id := f.key(f.plan("2/day", "5 tokens/month", "1/second burst 2").Name)
	f.batch(chargeOf(id, requests(2), units("tokens", 4)))
	before := f.state(id)
	f.advance(time.Second)
	decision := f.charge(chargeOf(id, requests(1), units("tokens", 1)))
	f.wantCode(decision, ration.CodeQuotaExceeded)
	for i := range before.Usage {
		before.Usage[i].Denied++
		before.Days[i].Denied++
		before.Usage[i].Counted.Denied++
		before.Hours[i].Denied++
	}
	f.want("state after a denial", before, f.state(id))
}

func testDryRun(f *fixture) {
	id := f.key(f.plan("2/day", "2/second").Name)
	f.allow(id, requests(1), 1, 1)
	before := f.state(id)
	for _, row := range []struct {
		units int64
		code  ration.Code
	}{{1, ration.CodeOK}, {2, ration.CodeQuotaExceeded}, {3, ration.CodeCostExceedsLimit}} {
		charge := chargeOf(id, requests(row.units), units("never-seen", 7))
		charge.DryRun = true
		decision := f.charge(charge)
		f.wantCode(decision, row.code)
		if !decision.DryRun {
			f.Error("the decision hides that nothing was charged")
		}
	}
	f.want("state after dry runs", before, f.state(id))
}

func testAllOrNothing(f *fixture) {
	id := f.key(f.plan("10/day", "100 tokens/day", "3 search/day").Name)
	all := func(n, tokens, search int64) ration.Decision {
		return f.charge(chargeOf(id, requests(n), units("tokens", tokens), units("search", search)))
	}
	f.wantRemaining(all(1, 60, 1), 9, 2, 40)
	refused := all(1, 41, 1)
	f.wantCode(refused, ration.CodeQuotaExceeded)
	f.wantRemaining(refused, 9, 2, 40)
	for i, limit := range refused.Limits {
		if limit.Exceeded != (limit.Meter == "tokens") {
			f.Errorf("limit %d, %s: exceeded is %t", i, limit.Name, limit.Exceeded)
		}
	}
	f.wantRemaining(all(0, 40, 0), 9, 2, 0)
	f.wantRemaining(all(9, 0, 2), 0, 0, 0)
}

func testCostExceedsLimit(f *fixture) {
	id := f.key(f.plan("5/day", "2/second burst 4").Name)
	f.deny(id, requests(6), ration.CodeCostExceedsLimit, 0)
	f.deny(id, requests(5), ration.CodeCostExceedsLimit, 0)
	f.allow(id, requests(4), 0, 1)
	f.deny(id, requests(5), ration.CodeCostExceedsLimit, 0)
	used := f.key(f.plan("1/lifetime", "5 tokens/day").Name)
	f.allow(used, requests(1), 0)
	f.wantCode(f.charge(chargeOf(used, requests(1), units("tokens", 6))), ration.CodeCostExceedsLimit)
	none := f.key(f.plan("0/day").Name)
	f.deny(none, requests(1), ration.CodeQuotaExceeded, 0) // it is not the charge that is too large
	f.allow(none, requests(0), 0)
	never := f.key(f.plan("0/second").Name)
	f.deny(never, requests(2), ration.CodeRateExceeded, 0)
}

func testLifetimeQuota(f *fixture) {
	plan := f.plan("5/lifetime")
	id := f.key(plan.Name)
	decision := f.allow(id, requests(4), 1)
	if !decision.Limits[0].ResetsAt.IsZero() {
		f.Errorf("a lifetime resets at %s", decision.Limits[0].ResetsAt)
	}
	f.advance(400 * 24 * time.Hour)
	f.deny(id, requests(2), ration.CodeQuotaExceeded, 0)
	f.allow(id, requests(1), 0)
	f.setLimits(plan.Name, "7/lifetime")
	f.allow(id, requests(2), 0)
}

func testRateWithBurst(f *fixture) {
	id := f.key(f.plan("3/second burst 6").Name)
	f.allow(id, requests(6), 0)
	f.deny(id, requests(1), ration.CodeRateExceeded, 333334*time.Microsecond)
	f.advance(333333 * time.Microsecond)
	f.deny(id, requests(1), ration.CodeRateExceeded, time.Microsecond)
	f.advance(time.Microsecond)
	f.allow(id, requests(1), 0)
	f.advance(time.Second)
	f.allow(id, requests(2), 1)
	f.advance(time.Hour)
	f.allow(id, requests(0), 6)
}

func testLoweredLimit(f *fixture) {
	plan := f.plan("10/day")
	id := f.key(plan.Name)
	f.allow(id, requests(7), 3)
	f.setLimits(plan.Name, "5/day")
	decision := f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
	f.wantRemaining(decision, 0)
	if decision.Limits[0].Used != 7 {
		f.Errorf("used %d, want 7", decision.Limits[0].Used)
	}
	f.setLimits(plan.Name, "8/day")
	f.allow(id, requests(1), 0)
}
