package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// LeaseRetention is how long a lease that has expired is kept. It counts no more.
const LeaseRetention = time.Minute

// SlotLease is a slot of one meter that a lease holds, as a store keeps it. A lease on
// several meters has several.
type SlotLease struct {
	ID        ration.ReservationID
	Meter     string
	ExpiresAt time.Time
}

// leases is what is known of a key's leases, and what has to be written about them. A
// batch may renew thousands of one key, so no search goes through a list.
type leases struct {
	read    []SlotLease // as they were read
	byID    map[ration.ReservationID]*leaseState
	changed []*leaseState // each once
}

type leaseState struct {
	ration.Lease
	ended   bool
	stored  bool // it was read
	changed bool
}

// NeedsLeases reports whether the key's leases have to be read for an item: where a
// limit counts them, or the item may end one.
func (a *Account) NeedsLeases(item *ration.Item) bool {
	return item.Leases != nil || item.End != nil || item.Refund != nil || a.policy.hasConcurrent()
}

func (p *Policy) hasConcurrent() bool {
	for i := range p.Limits {
		if p.Limits[i].Kind == ration.KindConcurrent {
			return true
		}
	}
	return false
}

// TakeLeases gives the account the key's leases, as they were read under the key's
// lock, also those that have expired. Call it before the first item. For a key that has
// none, it need not be called.
func (a *Account) TakeLeases(read []SlotLease, clock Clock) {
	if len(read) == 0 {
		return
	}
	a.leaseWork().takeOver(read, a.policy.Key.ID)
	CountLeases(a.before, read, clock)
	a.after = a.before.Clone()
}

// takeOver begins with leases as they were read.
func (l *leases) takeOver(read []SlotLease, key ration.KeyID) {
	l.read = read
	for i := range read {
		slot := &read[i]
		state := l.byID[slot.ID]
		if state == nil {
			state = &leaseState{Lease: ration.Lease{KeyID: key, ID: slot.ID, ExpiresAt: slot.ExpiresAt}, stored: true}
			l.byID[slot.ID] = state
		}
		state.Meters = append(state.Meters, slot.Meter)
	}
}

// CountLeases sets how many charges are in flight on each meter of a usage, by the
// leases that have not expired. A clock that is suspect lets none expire.
func CountLeases(usage Usage, read []SlotLease, clock Clock) {
	for i := range usage {
		usage[i].InFlight = 0
	}
	for i := range read {
		if entry := usage.Meter(read[i].Meter); entry != nil && (clock.Suspect || read[i].ExpiresAt.After(clock.Now)) {
			entry.InFlight++
		}
	}
}

func (a *Account) leaseWork() *leases {
	if a.leases == nil {
		a.leases = &leases{byID: make(map[ration.ReservationID]*leaseState)}
	}
	return a.leases
}

// lease makes the lease of a charge that was admitted and has taken slots. That of a
// reservation ends with it; any other is its caller's to end.
func (a *Account) lease(item *ration.Item, decision *ration.Decision, changes *Changes) {
	var meters []string
	for i := range changes.Meters {
		if changes.Meters[i].InFlight > 0 {
			meters = append(meters, changes.Meters[i].Meter)
		}
	}
	if meters == nil {
		return
	}
	lease := ration.Lease{KeyID: a.policy.Key.ID, Meters: meters}
	if item.Charge.InFlight {
		lease.ID, lease.ExpiresAt = ration.NewReservationID(), expiryAfter(changes.At, item.LeaseTTL)
		decision.Lease = new(lease)
	} else {
		lease.ID, lease.ExpiresAt = decision.Reservation.ID, decision.Reservation.ExpiresAt
	}
	state := &leaseState{Lease: lease}
	a.leaseWork().byID[lease.ID] = state
	a.leases.note(state)
}

func expiryAfter(now time.Time, ttl time.Duration) time.Time {
	return now.Add(ttl).Truncate(time.Microsecond)
}

// changeLeases renews or ends leases. A lease that has expired, or is no longer there,
// is renewed all the same: what it stands for is still in flight, whether or not others
// have its slot by now.
func (a *Account) changeLeases(change *ration.Leases, clock Clock) ration.Decision {
	for i := range change.Leases {
		if change.TTL > 0 {
			a.renewLease(&change.Leases[i], expiryAfter(clock.Now, change.TTL), clock)
		} else {
			a.endLease(change.Leases[i].ID, clock)
		}
	}
	return a.about(clock.Now)
}

func (a *Account) renewLease(lease *ration.Lease, until time.Time, clock Clock) {
	work := a.leaseWork()
	state := work.byID[lease.ID]
	if state == nil {
		state = &leaseState{Lease: *lease, ended: true}
		work.byID[lease.ID] = state
	}
	if !state.counts(clock) {
		a.countSlots(&state.Lease, 1)
	}
	state.ExpiresAt, state.ended = until, false
	work.note(state)
}

// endLease gives the slots of a lease back, if there is such a lease.
func (a *Account) endLease(id ration.ReservationID, clock Clock) {
	if a.leases == nil || a.leases.byID[id] == nil {
		return
	}
	state := a.leases.byID[id]
	if state.counts(clock) {
		a.countSlots(&state.Lease, -1)
	}
	state.ended = true
	a.leases.note(state)
}

// counts reports whether the lease is one of those in flight.
func (s *leaseState) counts(clock Clock) bool {
	return !s.ended && (clock.Suspect || s.ExpiresAt.After(clock.Now))
}

func (a *Account) countSlots(lease *ration.Lease, by int64) {
	for _, meter := range lease.Meters {
		if entry := a.after.Meter(meter); entry != nil {
			entry.InFlight += by
		}
	}
}

func (l *leases) note(state *leaseState) {
	if !state.changed {
		state.changed, l.changed = true, append(l.changed, state)
	}
}

// PutLeases returns the slots to write, in place of those that are stored for the same
// lease and meter.
func (a *Account) PutLeases() (slots []SlotLease) {
	if a.leases == nil {
		return nil
	}
	for _, state := range a.leases.changed {
		if state.ended {
			continue
		}
		for _, meter := range state.Meters {
			slots = append(slots, SlotLease{state.ID, meter, state.ExpiresAt})
		}
	}
	return slots
}

// EndedLeases returns the stored leases to delete.
func (a *Account) EndedLeases() (ended []ration.ReservationID) {
	if a.leases == nil {
		return nil
	}
	for _, state := range a.leases.changed {
		if state.ended && state.stored {
			ended = append(ended, state.ID)
		}
	}
	return ended
}
