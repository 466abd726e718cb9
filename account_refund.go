package ration

import "time"

// refund gives a charge back, once for each time that it is called: a receipt is
// kept by whoever charged and used once. A reservation is voided instead, at most
// once. Rates are not given back.
func (a *Account) refund(receipt *Receipt, clock Clock) Decision {
	decision := a.about(clock.Now)
	if !a.mayRefund(receipt) {
		decision.Code = CodeRefundsExhausted
		return decision
	}
	if receipt.Reservation.IsZero() {
		a.takeOff(receipt.Postings, clock.Now)
	} else {
		decision = a.end(&End{ID: receipt.Reservation, Action: EndVoid}, clock)
		if decision.Code != CodeOK || decision.Replayed {
			return decision
		}
	}
	a.countRefund(receipt)
	a.forget(receipt)
	return decision
}

// takeOff gives back units that count as used.
func (a *Account) takeOff(postings []Posting, now time.Time) {
	a.beginEntry(LogEntry{At: now, Action: LogRefund, Code: CodeOK})
	for i := range postings {
		a.post(&postings[i], -postings[i].Units, 0, now)
	}
	a.endEntry()
}

// forget lets the idempotency key of a charge be used anew, unless another charge
// has it meanwhile.
func (a *Account) forget(receipt *Receipt) {
	work := a.work()
	if replay := work.replays[receipt.IdempotencyKey]; replay != nil && replay.CreatedAt.Equal(receipt.ChargedAt) {
		work.freed = append(work.freed, receipt.IdempotencyKey)
		delete(work.replays, receipt.IdempotencyKey)
	}
}
