package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// concurrencyWait is after which wait a client is told to try again when no slot is
// free. Nobody knows when a request in flight ends: a lease's expiry is not the likely
// moment.
const concurrencyWait = time.Second

// concurrentRefuses admits a charge while a slot is free. One charge takes one slot,
// however many units it has.
func concurrentRefuses(limit *ration.Limit, entry *MeterUsage) refusal {
	if entry.InFlight < limit.Quantity {
		return refusal{}
	}
	r := refusal{code: exceeded(limit)}
	if limit.Quantity > 0 {
		r.wait, r.passes = concurrencyWait, true
	}
	return r
}

// describeConcurrent completes a status after a charge that may have taken a slot. A
// limit may have been lowered below what is in flight.
func describeConcurrent(s *ration.LimitStatus, inFlight int64) {
	s.Used, s.Remaining = inFlight, max(0, s.Quantity-inFlight)
}

// takesSlots reports whether a charge takes a slot of concurrent limits: if it says
// when it ends.
func takesSlots(charge *ration.Charge) bool { return charge.InFlight || charge.Hold != nil }
