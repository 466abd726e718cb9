package ration

import "time"

const (
	// refundShare is which part of a day's requests may be given back: a client that
	// makes calls fail on purpose gets no more than a tenth for nothing.
	refundShare = 10
	// minRefunds may be given back on any day.
	minRefunds = 10
)

// refund gives a charge back, once for each time that it is called: a receipt is
// kept by whoever charged and used once. A reservation is voided instead, at most
// once. Rates are not given back.
func (a *Account) refund(receipt *Receipt, clock Clock) Decision {
	decision := a.about(clock.Now)
	day := receipt.Postings[0].Day()
	if most, capped := a.mostRefunds(); capped && a.work().refunds[day] >= most {
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
	write := a.write(MeterRequests)
	write.Posted = true
	write.day(day).Refunds++
	a.work().refunds[day]++
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

// mostRefunds returns how many charges of a day may be given back. There is no
// such number where the key has no limit of requests per day.
func (a *Account) mostRefunds() (most int64, capped bool) {
	for i := range a.policy.Limits {
		if a.policy.Limits[i].Key() == (LimitKey{MeterRequests, KindQuota, PeriodDay}) {
			return max(minRefunds, a.policy.Limits[i].Quantity/refundShare), true
		}
	}
	return 0, false
}
