package storetest

import (
	"maps"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// batch decides normalised charges and remembers them. Where one is denied for
// what is reserved, all is forgotten again, what is due of its key expires, and all is
// decided anew. For a dry run it expires only while that is decided.
func (m *model) batch(charges []item, now time.Time) []ration.Decision {
	before := map[ration.KeyID]*modelKey{}
	for id, key := range m.keys {
		before[id] = key.clone()
	}
	var short []ration.KeyID
	foresees := map[ration.KeyID]bool{} // whose dry runs see what is due as expired
	decide := func() (decisions []ration.Decision) {
		for _, charge := range charges {
			decision := m.chargeSeeing(foresees[charge.KeyID] && charge.DryRun, charge, now)
			switch {
			case !m.isShort(charge, decision, now):
			case charge.DryRun:
				foresees[charge.KeyID] = true
			default:
				short = append(short, charge.KeyID)
			}
			decisions = append(decisions, decision)
		}
		return decisions
	}
	decisions := decide()
	if len(short) == 0 && len(foresees) == 0 {
		return decisions
	}
	m.keys = before
	for _, id := range short {
		for _, r := range m.keys[id].reservations {
			r.expireIfDue(now)
		}
	}
	return decide()
}

// chargeSeeing decides a charge, as if what is due of its key had expired or not.
func (m *model) chargeSeeing(expired bool, charge item, now time.Time) ration.Decision {
	if !expired {
		return m.charge(charge, now)
	}
	key := m.keys[charge.KeyID]
	defer func() { m.keys[charge.KeyID] = key }()
	later := key.clone()
	for _, r := range later.reservations {
		r.expireIfDue(now)
	}
	m.keys[charge.KeyID] = later
	return m.charge(charge, now)
}

// isShort says whether a charge was denied by a quota of which something is reserved,
// or, while a temporary limit or lift runs, on meters of which something is reserved, so
// that more has to be known.
func (m *model) isShort(charge item, decision ration.Decision, now time.Time) bool {
	refused := func(status ration.LimitStatus) bool { return status.Exceeded }
	if !slices.ContainsFunc(decision.Limits, refused) {
		return false
	}
	key := m.keys[decision.KeyID]
	if m.limitsChange(key, now) && slices.ContainsFunc(charge.Amounts, func(amount ration.Amount) bool {
		_, reserved := key.meter(amount.Meter).sum(func(admission) bool { return true })
		return reserved > 0
	}) {
		return true
	}
	return slices.ContainsFunc(decision.Limits, func(status ration.LimitStatus) bool {
		return status.Exceeded && status.Kind == ration.KindQuota && status.Reserved > 0
	})
}

// namedBy returns the reservation that a charge makes or ends, or none.
func namedBy(charge item) ration.ReservationID {
	switch {
	case charge.End != nil:
		return charge.End.ID
	case charge.Refund != nil:
		return charge.Refund.Reservation
	case charge.Hold != nil:
		return charge.Hold.ID
	}
	return ration.ReservationID{}
}

// charge decides one charge of a batch, or what becomes of one.
func (m *model) charge(charge item, now time.Time) ration.Decision {
	key := m.keys[charge.KeyID]
	switch {
	case key == nil:
	case charge.End != nil:
		return key.end(*charge.End, now)
	case charge.Refund != nil:
		return m.refund(key, charge.Refund, now)
	case !charge.DryRun && key.access(charge, now) == ration.CodeOK:
		if again, found := key.again(charge, now); found {
			again.Amounts = charge.Amounts
			return again
		}
	}
	return m.decide(charge, now)
}

// told begins a decision that asks no limits.
func (k *modelKey) told(now time.Time) ration.Decision {
	return ration.Decision{
		Code: ration.CodeOK, KeyID: k.ID, KeyName: k.Name, Owner: k.Owner, Plan: k.planAt(now), DecidedAt: now,
	}
}

// clone copies all that a charge changes.
func (k *modelKey) clone() *modelKey {
	copied := *k
	copied.Secrets = slices.Clone(k.Secrets)
	copied.remembered, copied.refunds = slices.Clone(k.remembered), slices.Clone(k.refunds)
	same := map[*modelReservation]*modelReservation{nil: nil}
	copied.reservations = nil
	for _, r := range k.reservations {
		other := *r // whose maps are never changed once they are there
		same[r] = &other
		copied.reservations = append(copied.reservations, &other)
	}
	copied.meters = map[string]*modelMeter{}
	for name, meter := range k.meters {
		other := *meter
		other.denied, other.rates = slices.Clone(meter.denied), maps.Clone(meter.rates)
		other.admitted, other.beyond = slices.Clone(meter.admitted), slices.Clone(meter.beyond)
		for _, entries := range [][]admission{other.admitted, other.beyond} {
			for i := range entries {
				entries[i].of = same[entries[i].of]
			}
		}
		copied.meters[name] = &other
	}
	return &copied
}
