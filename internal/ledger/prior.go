package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// Prior is what a store has kept of a key's earlier charges: reservations, remembered
// answers and refunds.
type Prior struct {
	Reservations []ration.Reservation
	Replays      []Replay
	Refunds      []DayRefunds
	Refunded     []PeriodRefunds
}

// Reference says which earlier charges of its key an item refers to. A store reads
// them for [Account.TakePrior].
type Reference struct {
	Reservation    ration.ReservationID // zero: none
	IdempotencyKey string               // empty: none
	RefundsOf      *ration.PeriodID     // the day whose refunds are needed; nil: none
	RefundedIn     []RefundPeriod
}

// ReferenceOf returns what an item refers to. It returns false if it refers to
// nothing, as nearly all charges do.
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
	case item.Charge == nil:
		return Reference{}, false
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

// priorWork is what is known of earlier charges, and what has to be written about
// them and about new ones. A batch may have thousands of items of one key, so no
// search goes through a list.
type priorWork struct {
	reservations map[ration.ReservationID]*ration.Reservation
	replays      map[string]*Replay
	refunds      map[ration.PeriodID]int64

	refundedBefore, refundedNow map[RefundPeriod]int64
	refundedIn                  []RefundPeriod // the keys of refundedNow

	read   Prior                 // as it was read
	opened bool                  // the open reservations are known
	due    []*ration.Reservation // that are due and did not expire, since only dry runs need what they hold

	made, ended []*ration.Reservation
	noted       map[*ration.Reservation]bool // in made or ended
	remembered  []*Replay
	freed       []string
}

// TakePrior gives the account the earlier charges that the batch's items refer to, as
// they were read under the key's lock. These are the reservations that a Hold or an
// End names, what is remembered of the key of an Idempotency and, for a Refund, the
// number of refunds on the day of its requests and the units that were given back in
// its periods. What is left out does not exist. Call TakePrior before the first item.
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

// HasPrior reports whether there may be something to write about reservations and
// idempotency keys. For nearly all accounts there is nothing.
func (a *Account) HasPrior() bool { return a.prior != nil }

// NewReservations returns the reservations that the batch made, in their state after
// the batch.
func (a *Account) NewReservations() []*ration.Reservation {
	if a.prior == nil {
		return nil
	}
	return a.prior.made
}

// ChangedReservations returns the earlier reservations whose State, Settled, EndedAt
// or LateAt the batch has changed, each once.
func (a *Account) ChangedReservations() []*ration.Reservation {
	if a.prior == nil {
		return nil
	}
	return a.prior.ended
}

// NewReplays returns what has to be remembered for idempotency keys. It replaces what
// may still be stored for the same key.
func (a *Account) NewReplays() []*Replay {
	if a.prior == nil {
		return nil
	}
	return a.prior.remembered
}

// FreedIdempotencyKeys returns the idempotency keys to delete, before NewReplays are
// written.
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
	if work.opened {
		a.policy.Holds.add(r)
	}
}

// noteChanged notes that a reservation has to be written.
func (a *Account) noteChanged(r *ration.Reservation) {
	if work := a.work(); !work.noted[r] {
		work.ended, work.noted[r] = append(work.ended, r), true
	}
}

// about begins a decision that doesn't depend on limits.
func (a *Account) about(now time.Time) ration.Decision {
	key := &a.policy.Key
	return ration.Decision{Code: ration.CodeOK, KeyID: key.ID, KeyName: key.Name, Owner: key.Owner, Plan: key.Plan, DecidedAt: now}
}
