package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// repeat answers a charge that was made before. A key that may not be used any more
// is still refused, by Decide.
func (a *Account) repeat(charge *ration.Charge, secret ration.SecretID, now time.Time) (decision ration.Decision, repeated bool) {
	if a.policy.refuses(charge, secret, now) != ration.CodeOK {
		return ration.Decision{}, false
	}
	decision = a.about(now)
	decision.Replayed = true
	if charge.Idempotency != nil {
		if replay := a.replay(charge.Idempotency.Key, now); replay != nil {
			decision.Limits, decision.Reservation = replay.Limits, replay.Reservation
			if replay.Fingerprint != fingerprint(charge) {
				return contradiction(decision, ration.CodeIdempotencyMismatch), true
			}
			return decision, true
		}
	}
	if charge.Hold != nil {
		if r := a.reservation(charge.Hold.ID); r != nil {
			decision.Limits, decision.Reservation = r.Limits, clone(r)
			if r.Fingerprint != fingerprint(charge) {
				return contradiction(decision, ration.CodeReservationConflict), true
			}
			return decision, true
		}
	}
	return ration.Decision{}, false
}

// contradiction returns a decision that shows only the contradiction.
func contradiction(decision ration.Decision, code ration.Code) ration.Decision {
	decision.Code, decision.Replayed, decision.Limits, decision.Reservation = code, false, nil, nil
	return decision
}

// remember keeps what later items may need of a charge that was admitted.
func (a *Account) remember(charge *ration.Charge, decision *ration.Decision, changes *Changes) {
	if charge.Hold == nil && charge.Idempotency == nil && !charge.Refundable {
		return
	}
	postings := changes.postings(charge.Amounts)
	if charge.Hold != nil {
		r := &ration.Reservation{
			ID: charge.Hold.ID, KeyID: a.policy.Key.ID, State: ration.ReservationOpen, AtExpiry: charge.Hold.AtExpiry,
			Held: postings, CreatedAt: changes.At, ExpiresAt: changes.At.Add(charge.Hold.TTL).Truncate(time.Microsecond),
			Fingerprint: fingerprint(charge), Limits: decision.Limits,
		}
		a.noteMade(r)
		decision.Reservation = clone(r)
	}
	if charge.Idempotency != nil {
		replay := &Replay{
			Key: charge.Idempotency.Key, Fingerprint: fingerprint(charge), CreatedAt: changes.At,
			Limits: decision.Limits, Reservation: decision.Reservation,
		}
		work := a.work()
		work.remembered, work.replays[replay.Key] = append(work.remembered, replay), replay
	}
	if charge.Refundable {
		decision.Receipt = &ration.Receipt{KeyID: a.policy.Key.ID, Postings: postings, ChargedAt: changes.At}
		if charge.Hold != nil {
			decision.Receipt.Reservation = charge.Hold.ID
		}
		if charge.Idempotency != nil {
			decision.Receipt.IdempotencyKey = charge.Idempotency.Key
		}
	}
}

// replay returns what is remembered for an idempotency key, or nil.
func (a *Account) replay(key string, now time.Time) *Replay {
	if a.prior == nil {
		return nil
	}
	if replay := a.prior.replays[key]; replay != nil && replay.isKept(now) {
		return replay
	}
	return nil
}

// postings returns the charged amounts, with the periods that they were charged to.
func (c *Changes) postings(amounts []ration.Amount) []ration.Posting {
	postings := make([]ration.Posting, len(c.Meters))
	for i := range c.Meters {
		change := &c.Meters[i]
		postings[i] = ration.Posting{Meter: change.Meter, Units: change.Units, Unit: amounts[i].Unit, Epoch: change.Epoch}
		for w := range change.Window {
			postings[i].Periods[w] = change.Window[w].ID
		}
	}
	return postings
}
