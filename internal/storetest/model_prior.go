package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// modelReservation is a reservation and how it ended.
type modelReservation struct {
	id      ration.ReservationID
	asked   asked
	held    []admission
	made    time.Time
	expires time.Time
	keeps   bool // what it held, when it expires
	limits  []ration.LimitStatus

	state ration.ReservationState
	told  map[string]int64 // what was used in the end, by meter; nil: nobody said
	ended time.Time
	late  time.Time
}

// asked is what two charges must have in common to be the same.
type asked struct {
	scope, about string
	hold         ration.Hold // without its id
	holds        bool
	amounts      [ration.MaxMetersPerCharge]ration.Amount
}

func askedBy(charge item) (a asked) {
	a.scope = charge.Scope
	copy(a.amounts[:], charge.Amounts)
	if charge.Idempotency != nil {
		a.about = charge.Idempotency.About
	}
	if charge.Hold != nil {
		a.hold, a.holds = *charge.Hold, true
		a.hold.ID = ration.ReservationID{}
	}
	return a
}

// modelReplay is a charge that is remembered by its idempotency key, and its decision.
type modelReplay struct {
	key      string
	asked    asked
	at       time.Time
	decision ration.Decision
}

func (k *modelKey) reservation(id ration.ReservationID) *modelReservation {
	for _, r := range k.reservations {
		if r.id == id {
			return r
		}
	}
	return nil
}

// again answers a charge that was made before.
func (k *modelKey) again(charge item, now time.Time) (ration.Decision, bool) {
	decision := k.told(now)
	var before asked
	found := false
	if charge.Hold != nil {
		if r := k.reservation(charge.Hold.ID); r != nil {
			before, found = r.asked, true
			decision.Limits, decision.Reservation = r.limits, r.view(k.ID)
			decision.Code = ration.CodeReservationConflict
		}
	}
	if charge.Idempotency != nil { // which comes first
		for _, replay := range k.remembered {
			if replay.key == charge.Idempotency.Key && replay.at.Add(24*time.Hour).After(now) {
				before, found = replay.asked, true
				decision.Limits, decision.Reservation = replay.decision.Limits, replay.decision.Reservation
				decision.Code = ration.CodeIdempotencyMismatch
			}
		}
	}
	if found && before == askedBy(charge) {
		decision.Code, decision.Replayed = ration.CodeOK, true
	} else {
		decision.Limits, decision.Reservation = nil, nil
	}
	return decision, found
}

// rememberPrior keeps what others may refer to, and tells it.
func (k *modelKey) rememberPrior(charge item, decision *ration.Decision, entries []admission, r *modelReservation) {
	if r != nil {
		*r = modelReservation{
			id: charge.Hold.ID, asked: askedBy(charge), held: entries, state: ration.ReservationOpen, limits: decision.Limits,
			made: decision.DecidedAt, expires: decision.DecidedAt.Add(charge.Hold.TTL), keeps: charge.Hold.AtExpiry == ration.AtExpiryKeep,
		}
		k.reservations = append(k.reservations, r)
		decision.Reservation = r.view(k.ID)
	}
	if charge.Idempotency != nil {
		k.forget(func(r modelReplay) bool { return r.key == charge.Idempotency.Key })
		k.remembered = append(k.remembered, modelReplay{charge.Idempotency.Key, askedBy(charge), decision.DecidedAt, *decision})
	}
	if charge.Refundable {
		decision.Receipt = &ration.Receipt{KeyID: k.ID, Postings: postingsOf(entries), ChargedAt: decision.DecidedAt}
		if r != nil {
			decision.Receipt.Reservation = r.id
		}
		if charge.Idempotency != nil {
			decision.Receipt.IdempotencyKey = charge.Idempotency.Key
		}
	}
}

func (k *modelKey) forget(which func(modelReplay) bool) {
	k.remembered = slices.DeleteFunc(slices.Clone(k.remembered), which)
}

func postingsOf(entries []admission) []ration.Posting {
	var postings []ration.Posting
	for _, entry := range entries {
		postings = append(postings, ration.Posting{Meter: entry.meter, Units: entry.units, Periods: entry.periods, Epoch: entry.epoch})
	}
	return postings
}

// view is a reservation as it is told.
func (r *modelReservation) view(id ration.KeyID) *ration.Reservation {
	view := &ration.Reservation{
		ID: r.id, KeyID: id, State: r.state, AtExpiry: ration.AtExpiryRelease, Held: postingsOf(r.held),
		CreatedAt: r.made, ExpiresAt: r.expires, EndedAt: r.ended, LateAt: r.late, Limits: r.limits,
	}
	if r.keeps {
		view.AtExpiry = ration.AtExpiryKeep
	}
	for meter, units := range r.told {
		view.Settled = append(view.Settled, ration.Amount{Meter: meter, Units: units})
	}
	slices.SortFunc(view.Settled, func(a, b ration.Amount) int { return meterOrder(a.Meter, b.Meter) })
	return view
}
