package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// future returns when a charge could be admitted at the earliest: it asks the limits
// that count now and after each known event, and takes the first moment at which all
// say that they have room, if nothing has happened until then.
func (m *model) future(key *modelKey, charge item, now time.Time, counts func(ration.Limit) bool, releases bool) (time.Time, bool) {
	key = key.clone()
	for _, meter := range key.meters {
		meter.turnBack(now)
	}
	events := m.events(key, now, releases)
	for i, event := range events {
		later := key.clone()
		for _, r := range later.reservations {
			if releases && !r.keeps && r.expires.After(now) {
				r.expireIfDue(event)
			}
		}
		at, never := event, false
		for _, q := range m.ask(later, charge, event, m.zone(later, event)) {
			if counts(q.limit) {
				never = never || q.never
				at = slices.MaxFunc([]time.Time{at, event.Add(q.wait)}, time.Time.Compare)
			}
		}
		if !never && (i == len(events)-1 || at.Before(events[i+1])) {
			return at, true
		}
	}
	return time.Time{}, false
}

// events are the moments from now on at which something is known to happen to a key, in
// their order: a temporary override ends, a scheduled limit starts, or a reservation releases what it holds.
func (m *model) events(key *modelKey, now time.Time, releases bool) []time.Time {
	events := []time.Time{now}
	for _, at := range m.foreseen(key) {
		if at.After(now) {
			events = append(events, at)
		}
	}
	for _, r := range key.reservations {
		if releases && r.state == ration.ReservationOpen && !r.keeps && r.expires.After(now) {
			events = append(events, r.expires)
		}
	}
	slices.SortFunc(events, time.Time.Compare)
	return events
}

func (m *model) limitsChange(key *modelKey, now time.Time) bool {
	return len(m.events(key, now, false)) > 1
}

// foresee says of each limit that refuses how long it will, and returns what the caller
// is told.
func (m *model) foresee(key *modelKey, charge item, questions []question, now time.Time) (ration.Code, time.Duration) {
	for i := range questions {
		q := &questions[i]
		if q.refuses == "" {
			continue
		}
		at, opens := m.future(key, charge, now, onWhat(q.limit), true)
		q.wait, q.never = at.Sub(now), !opens
		if !opens {
			q.wait, q.tooLarge = 0, m.isAlwaysTooLarge(key, q, now)
		}
		q.opensAt = at
	}
	code, _ := verdict(questions)
	if key.passesTotal(charge) {
		return ration.CodeCostExceedsLimit, 0
	}
	if code == ration.CodeOK {
		return code, 0
	}
	at, opens := m.future(key, charge, now, func(ration.Limit) bool { return true }, true)
	if !opens || key.access(charge, at) != ration.CodeOK {
		return code, 0
	}
	return code, at.Sub(now)
}

// isAlwaysTooLarge says whether a charge is larger than what any limit in one's place
// will ever be, if it is more than 0.
func (m *model) isAlwaysTooLarge(key *modelKey, q *question, now time.Time) bool {
	var sizes []int64
	for _, event := range m.events(key, now, false) {
		limits := slices.DeleteFunc(m.limits(key, event), func(l ration.Limit) bool { return !onWhat(q.limit)(l) })
		if len(limits) == 0 {
			return false
		}
		sizes = append(sizes, bucket{limit: limits[0]}.size())
	}
	return slices.Max(sizes) > 0 && q.units > slices.Max(sizes)
}

// onWhat counts the limits in the place of one.
func onWhat(limit ration.Limit) func(ration.Limit) bool {
	return func(other ration.Limit) bool { return other.Meter == limit.Meter && other.Period == limit.Period }
}

// tellEarlier says of limits when there is more, where that is before their period ends
// or the rate gives back: for the charge that was refused, or for one more unit.
func (m *model) tellEarlier(key *modelKey, charge item, decision *ration.Decision, questions []question, now time.Time, zone *time.Location) {
	after := key.clone()
	if decision.Code == ration.CodeOK {
		charge.DryRun = false
		after.remember(charge, &ration.Decision{Code: ration.CodeOK, DecidedAt: now}, questions, now, zone)
	}
	for i := range decision.Limits {
		status := &decision.Limits[i]
		at := questions[i].opensAt
		if !status.Exceeded {
			if status.Kind == ration.KindRate {
				continue
			}
			more := item{Charge: ration.Charge{KeyID: key.ID, Amounts: []ration.Amount{{Meter: status.Meter, Units: status.Remaining + 1}}}}
			at, _ = m.future(after, more, now, onWhat(status.Limit), false)
		}
		if at.IsZero() {
			continue
		}
		if status.AvailableAt.IsZero() || at.Before(status.AvailableAt) {
			status.AvailableAt = at
		}
		if status.ResetsAt.IsZero() || at.Before(status.ResetsAt) && status.Kind != ration.KindRate {
			status.ResetsAt = at
		}
	}
}
