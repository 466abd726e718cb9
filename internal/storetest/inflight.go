package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var inFlightTests = []contractTest{
	{"as many charges are in flight as the limit says", testInFlight},
	{"a slot is free again when its charge ends", testSlotEnds},
	{"a slot that nobody renews is free when its lease expires", testLeaseExpires},
	{"a renewed lease keeps its slot", testLeaseRenewed},
	{"a lease that expired is renewed beyond the limit", testLeaseRenewedLate},
	{"a charge that takes no slot is refused where none is free", testNoSlotTaken},
	{"a reservation holds a slot until it ends", testReservationSlot},
	{"a refund of a reservation gives its slot back", testRefundSlot},
	{"a reservation that expires gives its slot back", testReservationSlotExpires},
	{"each meter has slots of its own", testSlotsByMeter},
	{"a limit may be lowered below what is in flight", testLimitBelowInFlight},
	{"a limit of 0 lets nothing pass", testNothingAtOnce},
	{"charges that are refused hold no slot", testRefusedHoldsNothing},
	{"a dry run takes no slot", testDryRunSlot},
	{"what is in flight outlives its key's revocation", testRevokedInFlight},
	{"items of one batch see each other's slots", testSlotsInBatch},
	{"a denied charge that finds what is due keeps count of slots", testSlotsBesideDue},
	{"no lease expires while the clock is suspect", testLeaseSuspect},
	{"instances together admit only what may be in flight", testInFlightTogether},
}

const leaseTTL = 30 * time.Second

// starting makes a charge that takes a slot.
func starting(id ration.KeyID, amounts ...ration.Amount) item {
	charge := chargeOf(id, amounts...)
	charge.InFlight, charge.LeaseTTL = true, leaseTTL
	return charge
}

// renewing renews leases or, with a ttl of 0, ends them.
func renewing(ttl time.Duration, leases ...ration.Lease) item {
	return item{Charge: ration.Charge{KeyID: leases[0].KeyID}, Leases: &ration.Leases{Leases: leases, TTL: ttl}}
}

// start wants a charge that takes a slot to be admitted.
func (f *fixture) start(id ration.KeyID, amounts ...ration.Amount) ration.Lease {
	f.Helper()
	decision := f.charge(starting(id, amounts...))
	f.wantCode(decision, ration.CodeOK)
	if decision.Lease == nil {
		f.Fatalf("no lease with %+v", decision)
	}
	return *decision.Lease
}

// wantInFlight looks at what administration sees.
func (f *fixture) wantInFlight(id ration.KeyID, meter string, want int64) {
	f.Helper()
	if got := f.meter(id, meter).InFlight; got != want {
		f.Errorf("%d in flight on %s, want %d", got, meter, want)
	}
}

func testInFlight(f *fixture) {
	id := f.key(f.plan("2 at once", "10/day").Name)
	first := f.start(id)
	want := ration.Lease{KeyID: id, ID: first.ID, Meters: []string{ration.MeterRequests}, ExpiresAt: noon.Add(leaseTTL)}
	f.want("lease", want, first)
	decision := f.charge(starting(id, requests(3)))
	f.wantCode(decision, ration.CodeOK)
	f.wantRemaining(decision, 0, 6)
	refused := f.charge(starting(id))
	f.wantCode(refused, ration.CodeConcurrencyExceeded)
	f.wantRemaining(refused, 0, 6)
	if status := refused.Limits[0]; status.Used != 2 || !status.Exceeded || !status.ResetsAt.IsZero() || refused.Limits[1].Exceeded {
		f.Errorf("%+v, want 2 in flight and the first limit exceeded", refused.Limits)
	}
	if refused.RetryAfter != time.Second || refused.Lease != nil {
		f.Errorf("retry after %s with lease %v, want a second and none", refused.RetryAfter, refused.Lease)
	}
	f.wantInFlight(id, ration.MeterRequests, 2)
	if entry := f.meter(id, ration.MeterRequests); entry.Used != 4 || entry.Denied != 1 {
		f.Errorf("%d used and %d denied, want 4 and 1", entry.Used, entry.Denied)
	}
}

func testSlotEnds(f *fixture) {
	id := f.key(f.plan("2 at once").Name)
	first, second := f.start(id), f.start(id)
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	f.end(renewing(0, first), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 1)
	f.end(renewing(0, first), ration.CodeOK) // again
	f.wantInFlight(id, ration.MeterRequests, 1)
	third := f.start(id)
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	f.end(renewing(0, second, third), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 0)
	if used := f.meter(id, ration.MeterRequests).Used; used != 3 {
		f.Errorf("%d used, want 3: an end gives back no unit", used)
	}
}

func testLeaseExpires(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	f.start(id)
	f.advance(leaseTTL - time.Microsecond)
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	f.advance(time.Microsecond)
	f.wantInFlight(id, ration.MeterRequests, 0)
	f.start(id)
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
}

func testLeaseRenewed(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	lease := f.start(id)
	for range 5 {
		f.advance(leaseTTL - time.Second)
		f.end(renewing(leaseTTL, lease), ration.CodeOK)
		f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	}
	f.advance(leaseTTL)
	f.start(id)
}

// testLeaseRenewedLate renews what is still in flight after its slot was given to
// another: both count, and nothing falls below 0.
func testLeaseRenewedLate(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	late := f.start(id)
	f.advance(leaseTTL)
	other := f.start(id)
	f.end(renewing(leaseTTL, late), ration.CodeOK)
	refused := f.charge(starting(id))
	f.wantCode(refused, ration.CodeConcurrencyExceeded)
	if status := refused.Limits[0]; status.Used != 2 || status.Remaining != 0 {
		f.Errorf("%d of 1 in flight, %d remaining, want 2 and 0", status.Used, status.Remaining)
	}
	f.end(renewing(0, other), ration.CodeOK)
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	f.end(renewing(0, late), ration.CodeOK)
	f.start(id)
}

func testNoSlotTaken(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	for range 3 {
		decision := f.allow(id, requests(1), 1)
		if decision.Lease != nil {
			f.Errorf("lease %+v of a charge that doesn't last", decision.Lease)
		}
	}
	lease := f.start(id)
	f.deny(id, requests(1), ration.CodeConcurrencyExceeded, time.Second)
	f.allow(id, requests(0), 0) // an amount of 0 never fails
	f.end(renewing(0, lease), ration.CodeOK)
	f.allow(id, requests(1), 1)
}

func testReservationSlot(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	for _, end := range []func(ration.Reservation) item{voiding, func(r ration.Reservation) item { return settling(r, "", requests(1)) }} {
		r := f.hold(id, ration.Hold{TTL: time.Hour}, requests(1))
		f.advance(time.Minute)
		f.wantInFlight(id, ration.MeterRequests, 1)
		f.end(holding(id, ration.Hold{}, requests(1)), ration.CodeConcurrencyExceeded)
		again := holding(id, ration.Hold{ID: r.ID, TTL: time.Hour}, requests(1))
		if !f.end(again, ration.CodeOK).Replayed {
			f.Error("the same reservation again is not told as the first")
		}
		f.end(end(r), ration.CodeOK)
		f.wantInFlight(id, ration.MeterRequests, 0)
	}
}

func testRefundSlot(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	charge := holding(id, ration.Hold{}, requests(1))
	charge.Refundable = true
	receipt := f.end(charge, ration.CodeOK).Receipt
	f.wantInFlight(id, ration.MeterRequests, 1)
	f.end(refunding(receipt), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 0)
}

func testReservationSlotExpires(f *fixture) {
	id := f.key(f.plan("1 at once", "10/day").Name)
	r := f.hold(id, ration.Hold{TTL: time.Minute}, requests(4))
	f.advance(time.Minute)
	f.wantInFlight(id, ration.MeterRequests, 0)
	lease := f.start(id)
	f.end(expiring(r), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 1)
	f.end(renewing(0, lease), ration.CodeOK)
	f.wantUse(id, ration.MeterRequests, 5, 0)
}

func testSlotsByMeter(f *fixture) {
	id := f.key(f.plan("3 at once", "1 sockets at once").Name)
	both := f.start(id, requests(1), units("sockets", 5))
	f.want("meters", []string{ration.MeterRequests, "sockets"}, both.Meters)
	refused := f.charge(starting(id, units("sockets", 1)))
	f.wantCode(refused, ration.CodeConcurrencyExceeded)
	f.wantRemaining(refused, 2, 0)
	plain := f.start(id, units("sockets", 0))
	f.want("meters", []string{ration.MeterRequests}, plain.Meters)
	f.wantInFlight(id, ration.MeterRequests, 2)
	f.wantInFlight(id, "sockets", 1)
	f.end(renewing(0, both), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 1)
	f.start(id, units("sockets", 1))
}

func testLimitBelowInFlight(f *fixture) {
	plan := f.plan("5 at once")
	id := f.key(plan.Name)
	leases := []ration.Lease{f.start(id), f.start(id), f.start(id), f.start(id)}
	f.setLimits(plan.Name, "2 at once")
	refused := f.charge(starting(id))
	f.wantCode(refused, ration.CodeConcurrencyExceeded)
	if status := refused.Limits[0]; status.Used != 4 || status.Remaining != 0 {
		f.Errorf("%d in flight, %d remaining, want 4 and 0", status.Used, status.Remaining)
	}
	f.end(renewing(0, leases[:2]...), ration.CodeOK)
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	another := f.plan("3 at once").Name
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = another })
	f.start(id)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Plan = "" })
	if decision := f.charge(starting(id)); !decision.Allowed() || decision.Lease != nil {
		f.Errorf("%+v, want it admitted without a lease", decision)
	}
	f.end(renewing(0, leases[2:]...), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 1)
}

func testNothingAtOnce(f *fixture) {
	id := f.key(f.plan("0 at once").Name)
	decision := f.charge(starting(id))
	f.wantCode(decision, ration.CodeConcurrencyExceeded)
	if decision.RetryAfter != 0 {
		f.Errorf("retry after %s, though waiting does not help", decision.RetryAfter)
	}
}

func testRefusedHoldsNothing(f *fixture) {
	id := f.key(f.plan("5 at once", "1/day").Name)
	f.end(renewing(0, f.start(id)), ration.CodeOK)
	for range 3 {
		refused := f.charge(starting(id))
		f.wantCode(refused, ration.CodeQuotaExceeded)
		f.wantRemaining(refused, 5, 0)
	}
	f.wantInFlight(id, ration.MeterRequests, 0)
}

func testDryRunSlot(f *fixture) {
	id := f.key(f.plan("1 at once").Name)
	charge := starting(id)
	charge.DryRun = true
	for range 2 {
		if decision := f.charge(charge); !decision.Allowed() || decision.Lease != nil {
			f.Errorf("%+v, want it admitted without a lease", decision)
		}
	}
	f.start(id)
	f.wantCode(f.charge(charge), ration.CodeConcurrencyExceeded)
}

func testRevokedInFlight(f *fixture) {
	id := f.key(f.plan("2 at once").Name)
	lease := f.start(id)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	f.wantCode(f.charge(starting(id)), ration.CodeKeyRevoked)
	f.advance(leaseTTL - time.Second)
	f.end(renewing(leaseTTL, lease), ration.CodeOK)
	f.advance(leaseTTL - time.Second)
	f.wantInFlight(id, ration.MeterRequests, 1)
	f.end(renewing(0, lease), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 0)
}

func testSlotsInBatch(f *fixture) {
	plan := f.plan("2 at once")
	id, other := f.key(plan.Name), f.key(plan.Name)
	old := f.start(id)
	codes := func(decisions []ration.Decision) (codes []ration.Code) {
		for _, decision := range decisions {
			codes = append(codes, decision.Code)
		}
		return codes
	}
	const ok, full = ration.CodeOK, ration.CodeConcurrencyExceeded
	got := f.batch(starting(id), starting(id), renewing(0, old), starting(other), starting(id), starting(id), renewing(leaseTTL, old), starting(id))
	f.want("codes", []ration.Code{ok, full, ok, ok, ok, full, ok, full}, codes(got))
	f.wantInFlight(id, ration.MeterRequests, 3) // the last renewal took a slot that had been given away
	f.wantInFlight(other, ration.MeterRequests, 1)
}

// testSlotsBesideDue lets a batch be decided twice, because a reservation that is due
// holds what a charge needs.
func testSlotsBesideDue(f *fixture) {
	id := f.key(f.plan("3 at once", "10/day").Name)
	f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(8))
	f.advance(time.Minute)
	lease := f.start(id)
	decisions := f.batch(starting(id), renewing(leaseTTL, lease), starting(id, requests(7)), starting(id))
	f.wantCode(decisions[2], ration.CodeOK)
	f.wantCode(decisions[3], ration.CodeConcurrencyExceeded)
	f.wantInFlight(id, ration.MeterRequests, 3)
	f.end(renewing(0, lease, *decisions[0].Lease, *decisions[2].Lease), ration.CodeOK)
	f.wantInFlight(id, ration.MeterRequests, 0)
}

func testLeaseSuspect(f *fixture) {
	if f.SetInstanceNow == nil {
		return // nothing is ever suspect
	}
	id := f.key(f.plan("1 at once").Name)
	f.start(id)
	f.advance(time.Minute)
	f.SetInstanceNow(f.now.Add(-11 * time.Minute))
	f.wantCode(f.charge(starting(id)), ration.CodeConcurrencyExceeded)
	f.setNow(f.now)
	f.start(id)
}

// testInFlightTogether lets many callers start and end charges, and counts how many are
// in flight between a decision and the beginning of its end.
func testInFlightTogether(f *fixture) {
	const most, callers, rounds = 3, 4, 15
	id := f.key(f.plan("3 at once").Name)
	var inFlight, admitted atomic.Int64
	var group sync.WaitGroup
	for _, store := range f.instances(3) {
		for range callers {
			group.Go(func() {
				for range rounds {
					decisions, err := chargeBatch(f, store, starting(id))
					if err != nil {
						f.Errorf("charging: %v", err)
						return
					}
					if !decisions[0].Allowed() {
						continue
					}
					admitted.Add(1)
					if now := inFlight.Add(1); now > most {
						f.Errorf("%d in flight, want at most %d", now, most)
					}
					inFlight.Add(-1)
					if _, err := chargeBatch(f, store, renewing(0, *decisions[0].Lease)); err != nil {
						f.Errorf("ending: %v", err)
					}
				}
			})
		}
	}
	group.Wait()
	f.wantInFlight(id, ration.MeterRequests, 0)
	if admitted.Load() == 0 {
		f.Error("nothing was admitted")
	}
}
