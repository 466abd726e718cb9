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

func askedBy(charge ration.Charge) (a asked) {
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
func (k *modelKey) again(charge ration.Charge, now time.Time) (ration.Decision, bool) {
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
func (k *modelKey) rememberPrior(charge ration.Charge, decision *ration.Decision, entries []admission, r *modelReservation) {
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
		postings = append(postings, ration.Posting{Meter: entry.meter, Units: entry.units, Labels: entry.labels})
	}
	return postings
}

// refund gives back the charge that a receipt is of: the first one of the same
// postings that was not given back.
func (m *model) refund(k *modelKey, receipt *ration.Receipt, now time.Time) ration.Decision {
	decision := k.told(now)
	day := receipt.Postings[0].Labels[1]
	given := 0
	for _, date := range k.refunds {
		if date == day {
			given++
		}
	}
	for _, limit := range m.limits(k, now) {
		if limit.Meter == ration.MeterRequests && limit.Period == ration.PeriodDay && given >= 10 && int64(given) >= limit.Quantity/10 {
			decision.Code = ration.CodeRefundsExhausted
			return decision
		}
	}
	postings := receipt.Postings
	if !receipt.Reservation.IsZero() {
		decision = k.end(ration.End{ID: receipt.Reservation, Action: ration.EndVoid}, now)
		if decision.Code != ration.CodeOK || decision.Replayed {
			return decision
		}
		postings = nil // its end says what of them is used
	}
	k.refunds = append(k.refunds, day)
	for _, posting := range postings {
		entries := k.meter(posting.Meter).admitted
		i := slices.IndexFunc(entries, func(a admission) bool {
			return a.of == nil && !a.back && a.units == posting.Units && a.labels == posting.Labels
		})
		entries[i].back = true
	}
	k.forget(func(r modelReplay) bool { return r.key == receipt.IdempotencyKey && r.at.Equal(receipt.ChargedAt) })
	return decision
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
