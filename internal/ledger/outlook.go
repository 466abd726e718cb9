package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// Holds are a key's open reservations that will release what they hold, the first to
// expire first.
type Holds struct {
	Open  []*ration.Reservation
	Until time.Time // there may be others, which expire from then on; zero: there are none

	kept []*ration.Reservation // that expire until then, and keep what they hold
}

// HeldAtMost is how many reservations that are not due a store reads of a key, to say
// how long a denied charge has to wait.
const HeldAtMost = 100

// newHolds returns those that release what they hold of open reservations that are not
// due, in the order of their expiry. There may be more than HeldAtMost.
func newHolds(open []*ration.Reservation) Holds {
	var holds Holds
	if len(open) >= HeldAtMost {
		open = open[:HeldAtMost]
		holds.Until = open[HeldAtMost-1].ExpiresAt
	}
	for _, r := range open {
		if r.AtExpiry == ration.AtExpiryRelease {
			holds.Open = append(holds.Open, r)
		} else {
			holds.kept = append(holds.kept, r)
		}
	}
	return holds
}

// add adds a reservation that was made since.
func (h *Holds) add(r *ration.Reservation) {
	if r.AtExpiry != ration.AtExpiryRelease {
		return
	}
	i, _ := slices.BinarySearchFunc(h.Open, r, func(a, b *ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	h.Open = slices.Insert(h.Open, i, r)
}

// outlook is a key's future as far as it is known: temporary limits end, scheduled
// ones start, and reservations expire. Nothing else is charged.
type outlook struct {
	policy *Policy
	holds  Holds
	now    time.Time
	meters Usage // the charged meters, with the periods that run now

	opening map[ration.LimitKey]time.Time // when limits that refuse the charge have room for it; none: never
}

// outlookOf returns the outlook from a charge on, of which so much was admitted as the
// changes say.
func outlookOf(policy *Policy, usage Usage, changes *Changes) *outlook {
	o := &outlook{policy: policy, holds: policy.Holds, now: changes.At}
	for i := range changes.Meters {
		change := &changes.Meters[i]
		entry := *usage.meterOrUnused(change.Meter)
		entry.StepBack(changes.At)
		entry.Windows, entry.Rates = change.Window, change.Rates
		entry.Shifted, entry.Resets.Epoch = change.Shifted, change.Epoch
		o.meters = append(o.meters, entry)
	}
	return o
}

// lasts returns the objection of a limit as it is in the light of what is to come.
func (o *outlook) lasts(r refusal, amounts []MeterChange, limit ration.LimitKey) refusal {
	at, opens := o.opens(amounts, &limit)
	if !opens {
		r.wait, r.passes, r.tooLarge = 0, false, o.isTooLarge(amounts, limit)
		return r
	}
	if o.opening == nil {
		o.opening = make(map[ration.LimitKey]time.Time)
	}
	o.opening[limit] = at
	r.wait, r.passes = at.Sub(o.now), true
	return r
}

// isTooLarge reports whether a charge is greater than every limit that is in one's
// place, now or later. A limit of 0 is none to compare with.
func (o *outlook) isTooLarge(amounts []MeterChange, on ration.LimitKey) bool {
	i := slices.IndexFunc(amounts, func(a MeterChange) bool { return a.Meter == on.Meter })
	var most int64
	limits := o.policy.Limits
	for at := o.now; ; limits = o.policy.terms.LimitsAt(at) {
		l := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == on })
		if l < 0 {
			return false
		}
		most = max(most, limits[l].Size())
		if at = o.policy.nextChange(at); at.IsZero() {
			return most > 0 && amounts[i].Units > most
		}
	}
}

// opens returns the earliest moment at which there could be room for amounts in all
// limits, or in one of them only. It returns false if there is no such moment.
//
// Between two changes the limits and reservations stay as they are. Then a limit that
// has room keeps it, so that each such phase needs one look. Reservations that are not
// known could all expire as soon as the known ones have.
func (o *outlook) opens(amounts []MeterChange, only *ration.LimitKey) (time.Time, bool) {
	phase := phase{from: o.now, zone: o.policy.Zone, limits: o.policy.Limits, changedAt: o.policy.ChangedAt, meters: o.meters}
	held, unknown := o.holds.Open, o.holds.Until
	for {
		change := o.policy.nextChange(phase.from)
		next := earlier(change, unknown)
		if len(held) > 0 {
			next = earlier(next, held[0].ExpiresAt)
		}
		if at, fits := phase.room(amounts, only); fits && (next.IsZero() || at.Before(next)) {
			return at, true
		}
		if next.IsZero() {
			return time.Time{}, false
		}
		if phase.from.Equal(o.now) {
			phase.meters = o.meters.Clone()
			for i := range phase.meters {
				phase.meters[i].InFlight = 0 // nobody knows when what is in flight ends
			}
		}
		phase.from = next
		for ; len(held) > 0 && !held[0].ExpiresAt.After(next); held = held[1:] {
			phase.meters.expire(held[0])
		}
		if next.Equal(unknown) {
			phase.meters.release(o.holds.kept)
			unknown = time.Time{}
		}
		if next.Equal(change) {
			phase.limits, phase.changedAt = o.policy.terms.LimitsAt(next), next
			phase.zone = o.policy.terms.at(next).zone
		}
	}
}

// describe says of the limits when there will be more, where that is before their
// periods end: of one that refused the charge, room for it, else room for another unit
// once a temporary limit has ended. Reservations are read for denials only.
func (o *outlook) describe(d *ration.Decision, changes *Changes) {
	after := &outlook{policy: o.policy, now: o.now, meters: o.meters.Clone()}
	for i := range changes.Meters {
		if d.Code == ration.CodeOK {
			after.meters[i].add(changes.Meters[i].Units)
		}
	}
	for i := range d.Limits {
		status := &d.Limits[i]
		if !status.Exceeded && status.Kind != ration.KindQuota || status.Kind == ration.KindConcurrent {
			continue
		}
		at, opens := o.opening[status.Key()]
		if !status.Exceeded {
			at, opens = after.opens([]MeterChange{{Meter: status.Meter, Units: status.Remaining + 1}}, new(status.Key()))
		}
		if !opens {
			continue
		}
		if status.AvailableAt.IsZero() || at.Before(status.AvailableAt) {
			status.AvailableAt = at
		}
		if status.ResetsAt.IsZero() || status.Kind == ration.KindQuota && at.Before(status.ResetsAt) {
			status.ResetsAt = at
		}
	}
}

// earlier returns the earlier of two instants, of which the zero one never comes.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// phase is a time in which neither limits nor reservations change.
type phase struct {
	from      time.Time
	zone      *time.Location
	limits    []ration.Limit
	changedAt time.Time
	meters    Usage
}

// room returns when all limits have room for amounts. It returns false if one of them
// never has.
func (p *phase) room(amounts []MeterChange, only *ration.LimitKey) (at time.Time, fits bool) {
	at = p.from
	for i := range amounts {
		if only != nil && only.Meter != amounts[i].Meter {
			continue
		}
		entry := p.meters.meterOrUnused(amounts[i].Meter)
		change := MeterChange{Meter: amounts[i].Meter, Units: amounts[i].Units, Rates: entry.Rates}
		for w := range change.Window {
			change.Window[w], _ = entry.Windows[w].at(ration.WindowPeriods[w], p.from, p.zone)
		}
		change.Shifted, change.Epoch, _ = entry.shiftedAt(p.limits, &change.Window, p.from, p.zone)
		clock := rateClock{now: p.from, last: entry.LastRequestAt, changedAt: p.changedAt}
		for l := range p.limits {
			limit := &p.limits[l]
			if limit.Meter != change.Meter || only != nil && limit.Key() != *only {
				continue
			}
			if !isKnown(limit) {
				return at, false
			}
			r := refuses(limit, entry, &change, &clock)
			if r.code != "" && !r.passes {
				return at, false
			}
			if free := p.from.Add(r.wait); free.After(at) {
				at = free
			}
		}
	}
	return at, true
}

// nextChange returns when the limits next change by themselves after an instant. Zero:
// they stay as they are.
func (p *Policy) nextChange(after time.Time) time.Time {
	if !p.changes {
		return time.Time{}
	}
	return p.terms.NextChange(after)
}

// mayOpenEarlier reports whether there is more to know of the future than when periods
// end and rates give back.
func (p *Policy) mayOpenEarlier() bool {
	return p.changes || len(p.Holds.Open) > 0 || !p.Holds.Until.IsZero()
}

// Foresee returns the usage after the key's reservations that are due have expired, and
// what will be released by the other open ones. Pass all that are open, in the order of
// their expiry.
func (u Usage) Foresee(open []ration.Reservation, now time.Time) (Usage, Holds) {
	after := u.Clone()
	var later []*ration.Reservation
	for i := range open {
		if r := &open[i]; r.DueAt(now) {
			after.expire(r)
		} else {
			later = append(later, r)
		}
	}
	return after, newHolds(later)
}

// expire counts what an open reservation holds as it will be once it has expired.
func (u Usage) expire(r *ration.Reservation) {
	if r.State != ration.ReservationOpen {
		return
	}
	expired := *r
	expired.State = ration.ReservationExpired
	for i := range r.Held {
		held := &r.Held[i]
		if entry := u.Meter(held.Meter); entry != nil {
			entry.post(held, counted(&expired, held.Meter), -held.Units)
		}
	}
}

// release lets go of all that is reserved, except for what these reservations keep.
func (u Usage) release(kept []*ration.Reservation) {
	for _, r := range kept {
		u.expire(r)
	}
	for i := range u {
		u[i].Reserved = 0
		for w := range u[i].Windows {
			u[i].Windows[w].Reserved = 0
		}
	}
}

// add counts units in all periods that run.
func (m *MeterUsage) add(units int64) {
	m.Used += units
	for i := range m.Windows {
		m.Windows[i].Used += units
	}
	m.addShifted(m.Resets.Epoch, units, 0)
}
