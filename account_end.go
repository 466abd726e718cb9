package ration

import (
	"slices"
	"time"
)

// end ends a reservation. Whoever asks for the same end again gets the same
// answer; any other end of one that has ended is a conflict. One that is due
// expires first, whether or not anybody has noticed.
func (a *Account) end(end *End, clock Clock) Decision {
	decision := a.about(clock.Now)
	r := a.reservation(end.ID)
	if r == nil {
		decision.Code = CodeReservationUnknown
		return decision
	}
	state, lateAt := r.State, r.LateAt
	if r.State == ReservationOpen && hasPassed(r.ExpiresAt, clock.Now) {
		if clock.Suspect {
			decision.Code = CodeClockSuspect
			return decision
		}
		a.expire(r, clock.Now)
	}
	switch r.State {
	case ReservationOpen:
		decision.Code = a.endOpen(r, end, clock.Now)
	case ReservationExpired:
		decision.Code = a.endExpired(r, end, clock.Now)
	default:
		decision.Code = r.judgeRepetition(end)
	}
	decision.Replayed = decision.Code == CodeOK && state != ReservationOpen && lateAt.Equal(r.LateAt)
	decision.Reservation = r.clone()
	return decision
}

// endOpen ends a reservation that is not due.
func (a *Account) endOpen(r *Reservation, end *End, now time.Time) Code {
	switch end.Action {
	case EndVoid:
		r.State = ReservationVoided
	case EndSettle:
		used, fits := r.settlement(end.Amounts, end.Over)
		if code := a.judgeSettlement(r, used, fits, end.Over); code != CodeOK {
			return code
		}
		r.State, r.Settled = ReservationSettled, used
	default:
		return CodeOK // it is not due yet, by this clock
	}
	r.EndedAt = now
	a.beginEntry(LogEntry{At: now, Action: logActionOf(end.Action), Code: CodeOK, Reservation: r.ID})
	for i := range r.Held {
		held := &r.Held[i]
		a.post(held, r.counted(held.Meter), -held.Units, r.CreatedAt)
	}
	a.postBeyond(r)
	a.endEntry()
	a.noteChanged(r)
	return CodeOK
}

// expire ends a reservation that is due. What it held is used, or free again.
func (a *Account) expire(r *Reservation, now time.Time) {
	r.State, r.EndedAt = ReservationExpired, now
	a.beginEntry(LogEntry{At: now, Action: LogExpire, Code: CodeOK, Reservation: r.ID})
	for i := range r.Held {
		held := &r.Held[i]
		a.post(held, r.counted(held.Meter), -held.Units, r.CreatedAt)
	}
	a.endEntry()
	a.noteChanged(r)
}

// endExpired records what a reservation really used although it has expired. It
// stays expired.
func (a *Account) endExpired(r *Reservation, end *End, now time.Time) Code {
	switch {
	case end.Action == EndExpire:
		return CodeOK
	case !r.LateAt.IsZero():
		return r.judgeRepetition(end)
	case hasPassed(r.ExpiresAt.Add(LateSettlement), now):
		return CodeReservationExpired
	}
	used, fits := r.nothing(), true
	if end.Action == EndSettle {
		used, fits = r.settlement(end.Amounts, end.Over)
	}
	if code := a.judgeSettlement(r, used, fits, end.Over); code != CodeOK {
		return code
	}
	before := r.clone()
	r.Settled, r.LateAt = used, now
	a.beginEntry(LogEntry{At: now, Action: logActionOf(end.Action), Code: CodeOK, Reservation: r.ID})
	for i := range r.Held {
		held := &r.Held[i]
		a.post(held, r.counted(held.Meter)-before.counted(held.Meter), 0, r.CreatedAt)
	}
	a.postBeyond(r)
	a.endEntry()
	a.noteChanged(r)
	return CodeOK
}

// nothing returns what a void leaves.
func (r *Reservation) nothing() []Amount {
	used := make([]Amount, len(r.Held))
	for i := range r.Held {
		used[i].Meter = r.Held[i].Meter
	}
	return used
}

// judgeSettlement says whether a settlement may be recorded. What the reservation
// holds, or counts already, has its place in the total.
func (a *Account) judgeSettlement(r *Reservation, used []Amount, fits bool, over Over) Code {
	if !fits && over != OverCount {
		return CodeSettlementTooLarge
	}
	for _, amount := range used {
		entry := a.after.Meter(amount.Meter)
		if entry != nil && entry.Used+entry.Reserved-r.standing(amount.Meter) > MaxTotalUnits-amount.Units {
			return CodeSettlementTooLarge // no count ever wraps
		}
	}
	return CodeOK
}

// judgeRepetition says whether an end is the one that a reservation had.
func (r *Reservation) judgeRepetition(end *End) Code {
	same := false
	switch end.Action {
	case EndVoid:
		same = r.State == ReservationVoided || r.State == ReservationExpired && !slices.ContainsFunc(r.Settled, func(a Amount) bool { return a.Units != 0 })
	case EndSettle:
		used, fits := r.settlement(end.Amounts, end.Over)
		same = r.Settled != nil && slices.Equal(used, r.Settled) && (fits || end.Over == OverCount)
	case EndExpire:
		return CodeOK // somebody else was earlier
	}
	if !same {
		return CodeReservationConflict
	}
	return CodeOK
}

// postBeyond counts what was settled on meters that nothing was reserved on, to
// the periods in which the requests were.
func (a *Account) postBeyond(r *Reservation) {
	for _, amount := range r.Settled {
		if r.held(amount.Meter) == nil {
			a.post(&Posting{Meter: amount.Meter, Labels: r.Held[0].Labels}, amount.Units, 0, r.CreatedAt)
		}
	}
}

// post adds units, which may be negative, to the periods of a posting and to the
// history of its day.
func (a *Account) post(p *Posting, used, reserved int64, requestedAt time.Time) {
	if used == 0 && reserved == 0 {
		return
	}
	entry := a.after.Meter(p.Meter)
	if entry == nil {
		a.after = append(a.after, MeterUsage{Meter: p.Meter})
		entry = &a.after[len(a.after)-1]
	}
	before := *entry // nothing falls below 0, so what changes may be less
	entry.post(p.Labels, used, reserved)
	a.logMeter(LogMeter{Meter: p.Meter, Day: p.Day(), Used: entry.Used - before.Used, Reserved: entry.Reserved - before.Reserved})
	write := a.write(p.Meter)
	write.Posted = true
	if entry.FirstRequestAt.IsZero() && used > 0 { // nothing was reserved on it
		entry.FirstRequestAt, write.FirstRequestAt = requestedAt, requestedAt
	}
	switch {
	case used > 0:
		write.day(p.Day()).Used += used
	case used < 0:
		day := write.day(p.Day())
		day.GivenBack = min(day.GivenBack-used, MaxTotalUnits)
	}
}
