package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// end ends a reservation. The same end of a reservation that has ended gets the same
// answer, and any other end is a conflict. A reservation that is due expires first,
// even if nobody has noticed that it is due.
func (a *Account) end(end *ration.End, clock Clock) ration.Decision {
	decision := a.about(clock.Now)
	if scaled := *end; len(end.Amounts) > 0 {
		scaled.Amounts = a.units.In(end.Amounts)
		end = &scaled
	}
	r := a.reservation(end.ID)
	if r == nil {
		decision.Code = ration.CodeReservationUnknown
		return decision
	}
	state, lateAt := r.State, r.LateAt
	if r.DueAt(clock.Now) {
		if clock.Suspect {
			decision.Code = ration.CodeClockSuspect
			return decision
		}
		a.expire(r, clock.Now)
	}
	switch r.State {
	case ration.ReservationOpen:
		decision.Code = a.endOpen(r, end, clock.Now)
	case ration.ReservationExpired:
		decision.Code = a.endExpired(r, end, clock.Now)
	default:
		decision.Code = judgeRepetition(r, end)
	}
	if r.State != ration.ReservationOpen {
		a.endLease(r.ID, clock)
	}
	decision.Replayed = decision.Code == ration.CodeOK && state != ration.ReservationOpen && lateAt.Equal(r.LateAt)
	decision.Reservation = clone(r)
	return decision
}

// endOpen ends a reservation that is not due.
func (a *Account) endOpen(r *ration.Reservation, end *ration.End, now time.Time) ration.Code {
	switch end.Action {
	case ration.EndVoid:
		r.State = ration.ReservationVoided
	case ration.EndSettle:
		used, fits := settlement(r, end.Amounts, end.Overage)
		if code := a.judgeSettlement(r, used, fits, end.Overage); code != ration.CodeOK {
			return code
		}
		r.State, r.Settled = ration.ReservationSettled, used
	default:
		return ration.CodeOK // by this clock it is not due yet
	}
	r.EndedAt = now
	a.beginEntry(LogEntry{At: now, Action: logActionOf(end.Action), Code: ration.CodeOK, Reservation: r.ID})
	for i := range r.Held {
		held := &r.Held[i]
		a.post(held, counted(r, held.Meter), -held.Units, r.CreatedAt)
	}
	a.postBeyond(r)
	a.endEntry()
	a.noteChanged(r)
	return ration.CodeOK
}

// expire ends a reservation that is due. The units that it held are then used, or
// free again.
func (a *Account) expire(r *ration.Reservation, now time.Time) {
	r.State, r.EndedAt = ration.ReservationExpired, now
	a.beginEntry(LogEntry{At: now, Action: LogExpire, Code: ration.CodeOK, Reservation: r.ID})
	for i := range r.Held {
		held := &r.Held[i]
		a.post(held, counted(r, held.Meter), -held.Units, r.CreatedAt)
	}
	a.endEntry()
	a.noteChanged(r)
}

// endExpired records what a reservation really used, although it has expired. Its
// state stays expired.
func (a *Account) endExpired(r *ration.Reservation, end *ration.End, now time.Time) ration.Code {
	switch {
	case end.Action == ration.EndExpire:
		return ration.CodeOK
	case !r.LateAt.IsZero():
		return judgeRepetition(r, end)
	case !now.Before(r.ExpiresAt.Add(ration.LateSettlement)):
		return ration.CodeReservationExpired
	}
	used, fits := nothing(r), true
	if end.Action == ration.EndSettle {
		used, fits = settlement(r, end.Amounts, end.Overage)
	}
	if code := a.judgeSettlement(r, used, fits, end.Overage); code != ration.CodeOK {
		return code
	}
	before := clone(r)
	r.Settled, r.LateAt = used, now
	a.beginEntry(LogEntry{At: now, Action: logActionOf(end.Action), Code: ration.CodeOK, Reservation: r.ID})
	for i := range r.Held {
		held := &r.Held[i]
		a.post(held, counted(r, held.Meter)-counted(before, held.Meter), 0, r.CreatedAt)
	}
	a.postBeyond(r)
	a.endEntry()
	a.noteChanged(r)
	return ration.CodeOK
}

// judgeSettlement says whether a settlement may be recorded. The units that the
// reservation holds, or already counts as used, are part of the total.
func (a *Account) judgeSettlement(r *ration.Reservation, used []ration.Amount, fits bool, over ration.Overage) ration.Code {
	if !fits && over != ration.OverageAllow {
		return ration.CodeSettlementTooLarge
	}
	for _, amount := range used {
		if amount.Units > ration.MaxUnits {
			return ration.CodeSettlementTooLarge
		}
		entry := a.after.Meter(amount.Meter)
		if entry != nil && entry.Used+entry.Reserved-standing(r, amount.Meter) > ration.MaxTotalUnits-amount.Units {
			return ration.CodeSettlementTooLarge // no count ever wraps
		}
	}
	return ration.CodeOK
}

// postBeyond counts what was settled on meters on which nothing was reserved. It goes
// to the periods of the requests.
func (a *Account) postBeyond(r *ration.Reservation) {
	for _, amount := range r.Settled {
		if heldOn(r, amount.Meter) == nil {
			epoch := a.after.meterOrUnused(amount.Meter).Resets.Epoch // nothing of it was counted before
			a.post(&ration.Posting{Meter: amount.Meter, Unit: amount.Unit, Periods: r.Held[0].Periods, Epoch: epoch}, amount.Units, 0, r.CreatedAt)
		}
	}
}

// post adds units, which may be negative, to the periods of a posting and to the
// history of its day.
func (a *Account) post(p *ration.Posting, used, reserved int64, requestedAt time.Time) {
	if used == 0 && reserved == 0 {
		return
	}
	entry := a.after.Meter(p.Meter)
	if entry == nil {
		a.after = append(a.after, MeterUsage{Meter: p.Meter})
		entry = &a.after[len(a.after)-1]
	}
	before := *entry // nothing falls below 0, so less may change than was asked for
	entry.post(p, used, reserved)
	a.logMeter(LogMeter{Meter: p.Meter, Day: p.Day(), Used: entry.Used - before.Used, Reserved: entry.Reserved - before.Reserved})
	write := a.write(p.Meter)
	write.Posted = true
	if entry.FirstRequestAt.IsZero() && used > 0 { // nothing was reserved on it
		entry.FirstRequestAt, write.FirstRequestAt = requestedAt, requestedAt
	}
	if used == 0 {
		return
	}
	day := write.day(p.Day())
	if used > 0 {
		a.tellPosted(&before, entry)
		day.Used += used
	} else {
		day.GivenBack = min(day.GivenBack-used, ration.MaxTotalUnits)
	}
	write.CountHour(HourCount{Hour: p.Periods[windowHour], Used: max(0, used), GivenBack: max(0, -used)})
}
