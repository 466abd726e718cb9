package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// refund gives a charge back, each time that it is called: whoever made the charge
// keeps its receipt and uses it once. A reservation is voided instead, at most once.
// Rates are not given back.
func (a *Account) refund(receipt *ration.Receipt, clock Clock) ration.Decision {
	decision := a.about(clock.Now)
	if !a.mayRefund(receipt) {
		decision.Code = ration.CodeRefundsExhausted
		return decision
	}
	if receipt.Reservation.IsZero() {
		a.takeOff(receipt.Postings, clock.Now)
	} else {
		decision = a.end(&ration.End{ID: receipt.Reservation, Action: ration.EndVoid}, clock)
		if decision.Code != ration.CodeOK || decision.Replayed {
			return decision
		}
	}
	a.countRefund(receipt)
	a.tellRefunds(receipt)
	a.forget(receipt)
	return decision
}

// takeOff gives back units that count as used.
func (a *Account) takeOff(postings []ration.Posting, now time.Time) {
	a.beginEntry(LogEntry{At: now, Action: LogRefund, Code: ration.CodeOK})
	for i := range postings {
		a.post(&postings[i], -postings[i].Units, 0, now)
	}
	a.endEntry()
}

// forget frees the idempotency key of a charge, unless another charge has it by now.
func (a *Account) forget(receipt *ration.Receipt) {
	work := a.work()
	if replay := work.replays[receipt.IdempotencyKey]; replay != nil && replay.CreatedAt.Equal(receipt.ChargedAt) {
		work.freed = append(work.freed, receipt.IdempotencyKey)
		delete(work.replays, receipt.IdempotencyKey)
	}
}
