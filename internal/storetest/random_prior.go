package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// prior is what a machine may refer to again.
type prior struct {
	charges  []item // holds, and charges with an idempotency key
	receipts []*ration.Receipt
	latest   time.Time // that the clock has ever shown
	names    int
}

// note keeps what later steps may refer to.
func (p *prior) note(charge item, decision ration.Decision) {
	if decision.Receipt != nil {
		p.receipts = append(p.receipts, decision.Receipt)
	}
	if (charge.Hold != nil || charge.Idempotency != nil) && !decision.Replayed {
		p.charges = append(p.charges, charge)
	}
}

// isKept reports whether a store keeps a reservation for certain: it may delete
// at any time what the clock has seen passing its retention.
func (p *prior) isKept(r *modelReservation) bool {
	return r.ended.IsZero() || r.ended.Add(ration.ReservationRetention).After(p.latest)
}

// isCertain reports whether it is certain what becomes of a charge, for the same reason.
func (m *machine) isCertain(charge item) bool {
	key := m.model.keys[charge.KeyID]
	if key == nil {
		return true
	}
	if charge.Idempotency != nil {
		for _, replay := range key.remembered {
			if replay.key == charge.Idempotency.Key && !replay.at.Add(ration.IdempotencyRetention).After(m.prior.latest) {
				return false
			}
		}
	}
	r := key.reservation(namedBy(charge))
	return r == nil || m.prior.isKept(r)
}

// drawNew draws a charge that may be referred to later.
func (m *machine) drawNew(rt *rapid.T) item {
	charge := m.drawCharge(rt)
	what := rapid.IntRange(1, 7).Draw(rt, "what")
	if what&1 != 0 {
		charge.Hold = m.drawHold(rt)
	}
	if what&2 != 0 {
		m.prior.names++
		charge.Idempotency = &ration.Idempotency{Key: fmt.Sprint("k", m.prior.names), About: "test"}
	}
	charge.Refundable = what&4 != 0
	return charge
}

func (m *machine) drawHold(rt *rapid.T) *ration.Hold {
	ttl := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 5 * time.Hour, ration.MaxReservationTTL}).Draw(rt, "ttl")
	hold, err := ration.Hold{
		TTL:      ttl - time.Duration(rapid.IntRange(0, 1).Draw(rt, "µs less"))*min(time.Microsecond, ttl-time.Second),
		AtExpiry: rapid.SampledFrom([]ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease}).Draw(rt, "at expiry"),
	}.Normalize(time.Now())
	if err != nil {
		rt.Fatal(err)
	}
	return &hold
}

// drawAgain draws an earlier charge again, now and then with something else.
func (m *machine) drawAgain(rt *rapid.T) item {
	known := slices.DeleteFunc(slices.Clone(m.prior.charges), func(c item) bool { return !m.isCertain(c) })
	if len(known) == 0 {
		return m.drawNew(rt)
	}
	charge := rapid.SampledFrom(known).Draw(rt, "earlier charge")
	switch rapid.IntRange(0, 9).Draw(rt, "difference") {
	case 0:
		charge.Amounts = []ration.Amount{requests(drawUnits.Draw(rt, "units"))}
	case 1:
		charge.Hold = m.drawHold(rt)
	case 2:
		charge.Scope = "read"
	case 3:
		charge.DryRun = !charge.DryRun
	case 4:
		if charge.Hold != nil {
			charge.Idempotency = nil
		}
	}
	return charge
}

// drawEnd draws an end of a reservation, mostly of one that is open.
func (m *machine) drawEnd(rt *rapid.T) item {
	key := m.drawKey(rt)
	ids := []ration.ReservationID{ration.NewReservationID()}
	for _, r := range key.reservations {
		if m.prior.isKept(r) {
			ids = append(ids, r.id)
			if r.state == ration.ReservationOpen || r.late.IsZero() {
				ids = append(ids, r.id, r.id, r.id)
			}
		}
	}
	end := ration.End{
		ID:      ids[len(ids)-1-rapid.IntRange(0, len(ids)-1).Draw(rt, "reservation")],
		Action:  rapid.SampledFrom([]ration.EndAction{ration.EndSettle, ration.EndSettle, ration.EndVoid, ration.EndExpire}).Draw(rt, "action"),
		Overage: rapid.SampledFrom([]ration.Overage{ration.OverageAllow, ration.OverageRefuse, ration.OverageClamp}).Draw(rt, "over"),
	}
	if end.Action == ration.EndSettle {
		for _, meter := range rapid.SliceOfNDistinct(rapid.SampledFrom(meters), 0, 3, rapid.ID[string]).Draw(rt, "meters") {
			end.Amounts = append(end.Amounts, units(meter, drawUnits.Draw(rt, "units")))
		}
	}
	return item{Charge: ration.Charge{KeyID: key.ID}, End: &end}
}

// drawRefund draws a receipt, which is used once.
func (m *machine) drawRefund(rt *rapid.T) item {
	m.prior.receipts = slices.DeleteFunc(m.prior.receipts, func(receipt *ration.Receipt) bool {
		r := m.model.keys[receipt.KeyID].reservation(receipt.Reservation)
		return r != nil && !m.prior.isKept(r)
	})
	if len(m.prior.receipts) == 0 {
		charge := m.drawCharge(rt)
		charge.Refundable = true
		return charge
	}
	i := rapid.IntRange(0, len(m.prior.receipts)-1).Draw(rt, "receipt")
	receipt := m.prior.receipts[i]
	m.prior.receipts = slices.Delete(m.prior.receipts, i, i+1)
	return refunding(receipt)
}

func (m *machine) hold(rt *rapid.T)   { m.send(rt, m.drawNew) }
func (m *machine) end(rt *rapid.T)    { m.send(rt, m.drawEnd) }
func (m *machine) refund(rt *rapid.T) { m.send(rt, m.drawRefund) }
func (m *machine) repeat(rt *rapid.T) { m.send(rt, m.drawAgain) }

// send sends a batch of one kind of charges among others, and compares each decision.
func (m *machine) send(rt *rapid.T, draw func(*rapid.T) item) {
	charges := m.drawBatch(rt, draw)
	got := m.f.batch(charges...)
	want := m.model.batch(charges, m.f.now)
	for i := range charges {
		m.f.want("decision", want[i], unsealed(got[i]))
		m.prior.note(charges[i], got[i])
	}
}

// drawBatch draws charges of one kind among others.
func (m *machine) drawBatch(rt *rapid.T, draw func(*rapid.T) item) (charges []item) {
	for range rapid.IntRange(1, 5).Draw(rt, "charges") {
		charge := draw(rt)
		if rapid.IntRange(0, 3).Draw(rt, "another") == 0 {
			charge = m.drawCharge(rt)
		}
		charge, err := charge.Normalize()
		if err != nil {
			rt.Fatal(err)
		}
		charges = append(charges, charge)
	}
	return charges
}

// unsealed leaves out what a model doesn't compute.
func unsealed(decision ration.Decision) ration.Decision {
	if decision.Reservation != nil {
		r := *decision.Reservation
		r.Fingerprint = ration.Fingerprint{}
		decision.Reservation = &r
	}
	return decision
}

// compareReservations compares all reservations of a key that are kept for certain.
func (m *machine) compareReservations(key *modelKey) {
	var want []ration.Reservation
	open := 0
	for _, r := range key.reservations {
		if m.prior.isKept(r) {
			want = append(want, *r.view(key.ID))
		}
		if r.state == ration.ReservationOpen && !m.f.now.Before(r.expires) {
			open++
		}
	}
	got := slices.DeleteFunc(m.f.reservations(ration.ReservationFilter{KeyID: key.ID}), func(r ration.Reservation) bool {
		return !m.prior.isKept(&modelReservation{ended: r.EndedAt})
	})
	for i := range got {
		got[i].Fingerprint = ration.Fingerprint{}
	}
	byID := func(a, b ration.Reservation) int { return strings.Compare(a.ID.String(), b.ID.String()) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got, byID)
	m.f.want("reservations", want, got)
	if due := m.f.reservations(ration.ReservationFilter{KeyID: key.ID, Due: true}); len(due) != open {
		m.f.Errorf("%d reservations are due, want %d", len(due), open)
	}
}
