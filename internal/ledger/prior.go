package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// Prior is what a store has kept of earlier charges of a key.
type Prior struct {
	Reservations []ration.Reservation
	Replays      []Replay
	Refunds      []DayRefunds
	Refunded     []PeriodRefunds
}

// Reference is what an item refers to of earlier ones of its key, which a store
// reads for [Account.TakePrior].
type Reference struct {
	Reservation    ration.ReservationID // zero: none
	IdempotencyKey string               // empty: none
	RefundsOf      *ration.PeriodID     // the day of which refunds are to be counted; nil: none
	RefundedIn     []RefundPeriod
}

// ReferenceOf returns what an item refers to, and false for nearly all charges:
// to nothing.
func ReferenceOf(item *ration.Item) (reference Reference, refers bool) {
	switch {
	case item.End != nil:
		return Reference{Reservation: item.End.ID}, true
	case item.Refund != nil:
		day := item.Refund.Postings[0].Day()
		return Reference{
			Reservation:    item.Refund.Reservation,
			IdempotencyKey: item.Refund.IdempotencyKey,
			RefundsOf:      &day,
			RefundedIn:     refundPeriods(item.Refund),
		}, true
	}
	c := item.Charge
	if c.DryRun || c.Hold == nil && c.Idempotency == nil {
		return Reference{}, false
	}
	if c.Hold != nil {
		reference.Reservation = c.Hold.ID
	}
	if c.Idempotency != nil {
		reference.IdempotencyKey = c.Idempotency.Key
	}
	return reference, true
}

// priorWork is what is known of earlier charges, and what is to be written of
// them and of new ones. A batch may hold thousands of one key, so nothing is
// looked for in a list.
type priorWork struct {
	reservations map[ration.ReservationID]*ration.Reservation
	replays      map[string]*Replay
	refunds      map[ration.PeriodID]int64

	refundedBefore, refundedNow map[RefundPeriod]int64
	refundedIn                  []RefundPeriod // the keys of refundedNow

	read Prior // as it was read
	due  bool  // those due are known

	made, ended []*ration.Reservation
	noted       map[*ration.Reservation]bool // in made or ended
	remembered  []*Replay
	freed       []string
}

// TakePrior takes in what was read of earlier charges that this batch's refer to,
// under the key's lock: the reservations that a Hold or an End names, what is
// remembered of an Idempotency's key, and for a Refund the refunds of the day of
// its requests and what was given back in its periods; those left out had none. It
// is called before the first charge.
func (a *Account) TakePrior(prior Prior) {
	work := a.work()
	work.read = prior
	for i := range prior.Reservations {
		work.reservations[prior.Reservations[i].ID] = clone(&prior.Reservations[i])
	}
	for i := range prior.Replays {
		work.replays[prior.Replays[i].Key] = &prior.Replays[i]
	}
	for _, day := range prior.Refunds {
		work.refunds[day.Date] = day.Count
	}
	for _, period := range prior.Refunded {
		work.refundedBefore[period.RefundPeriod] = period.Units
	}
}

// IsShortOfReserved reports whether a charge was denied for room that open
// reservations hold. The store then reads those of the key that are due, and decides
// all of the key's items again by the account that AfterExpiry returns.
func (a *Account) IsShortOfReserved() bool { return a.shortOfReserved }

// AfterExpiry returns the account as it was before its first charge, with all
// reservations that are due expired. Pass none for a key that was not short of
// reserved: the store need not have read the meters that they hold.
func (a *Account) AfterExpiry(due []ration.Reservation, now time.Time) *Account {
	again := NewAccount(a.policy, a.before)
	again.logging = a.logging
	if a.prior != nil {
		again.TakePrior(a.prior.read)
	}
	work := again.work()
	work.due = true
	for i := range due {
		if work.reservations[due[i].ID] == nil {
			work.reservations[due[i].ID] = clone(&due[i])
		}
		if r := work.reservations[due[i].ID]; r.DueAt(now) {
			again.expire(r, now)
		}
	}
	return again
}

// HasPrior reports whether there may be anything to write of reservations
// and idempotency keys: of nearly all accounts there isn't.
func (a *Account) HasPrior() bool { return a.prior != nil }

// NewReservations returns the reservations that were made, as they stand after
// the batch.
func (a *Account) NewReservations() []*ration.Reservation {
	if a.prior == nil {
		return nil
	}
	return a.prior.made
}

// ChangedReservations returns those made before whose State, Settled, EndedAt or
// LateAt the batch has changed, each once.
func (a *Account) ChangedReservations() []*ration.Reservation {
	if a.prior == nil {
		return nil
	}
	return a.prior.ended
}

// NewReplays returns what is to be remembered by idempotency keys, in place of
// what may still be there by the same key.
func (a *Account) NewReplays() []*Replay {
	if a.prior == nil {
		return nil
	}
	return a.prior.remembered
}

// FreedIdempotencyKeys returns the keys to be forgotten, before NewReplays are written.
func (a *Account) FreedIdempotencyKeys() []string {
	if a.prior == nil {
		return nil
	}
	return a.prior.freed
}

func (a *Account) work() *priorWork {
	if a.prior == nil {
		a.prior = &priorWork{
			reservations: make(map[ration.ReservationID]*ration.Reservation), replays: make(map[string]*Replay), refunds: make(map[ration.PeriodID]int64),
			refundedBefore: make(map[RefundPeriod]int64), refundedNow: make(map[RefundPeriod]int64),
			noted: make(map[*ration.Reservation]bool),
		}
	}
	return a.prior
}

func (a *Account) reservation(id ration.ReservationID) *ration.Reservation {
	if a.prior == nil {
		return nil
	}
	return a.prior.reservations[id]
}

// noteMade notes a new reservation.
func (a *Account) noteMade(r *ration.Reservation) {
	work := a.work()
	work.made, work.noted[r], work.reservations[r.ID] = append(work.made, r), true, r
}

// noteChanged notes that a reservation is to be written.
func (a *Account) noteChanged(r *ration.Reservation) {
	if work := a.work(); !work.noted[r] {
		work.ended, work.noted[r] = append(work.ended, r), true
	}
}

// noteShortage notes a denial that reservations may be the reason of. A dry run
// ends none.
func (a *Account) noteShortage(decision *ration.Decision, clock Clock) {
	if decision.DryRun || clock.Suspect || a.prior != nil && a.prior.due {
		return
	}
	for i := range decision.Limits {
		status := &decision.Limits[i]
		if status.Exceeded && status.Kind == ration.KindQuota && status.Reserved > 0 {
			a.shortOfReserved = true
		}
	}
}

// about begins a decision that is none about limits.
func (a *Account) about(now time.Time) ration.Decision {
	key := &a.policy.Key
	return ration.Decision{Code: ration.CodeOK, KeyID: key.ID, KeyName: key.Name, Owner: key.Owner, Plan: key.Plan, DecidedAt: now}
}
