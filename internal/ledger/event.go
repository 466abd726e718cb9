package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// EventKind says what an [Event] tells.
type EventKind string

// The kinds of events that a decision can cause.
const (
	LimitReached     EventKind = "limit_reached"     // use has reached a threshold of a quota
	RefundsExhausted EventKind = "refunds_exhausted" // what a period may give back leaves no room for another refund like the last one
)

// DefaultThresholds are the thresholds that are told unless somebody says otherwise.
func DefaultThresholds() []int { return []int{80, 100} }

// RememberUntil returns until when a store remembers that an event was told, so that it
// isn't told again: until nothing can be posted to its period any more, by the clock or
// by one that is set back. The zero time means for ever, as of a lifetime.
func (e *Event) RememberUntil() time.Time {
	switch {
	case e.Limit.Period == ration.PeriodLifetime:
		return time.Time{}
	case e.Kind == RefundsExhausted || e.EndsAt.IsZero():
		return e.At.Add(RefundRetention) // a receipt has no end
	}
	return e.EndsAt.Add(ration.MaxReservationTTL + ration.LateSettlement)
}

// Event is a fact about a key that one of its items has caused. It is to be told once,
// even if use falls and rises again: a store remembers which ones it has told.
type Event struct {
	Kind      EventKind
	At        time.Time
	Limit     ration.Limit    // the quota; for refunds that no quota bounds it has only the meter and the day
	Threshold int             // of LimitReached: percent of the quota
	Units     int64           // used, or given back
	Most      int64           // of RefundsExhausted: units, or without a quota charges, that may be given back
	Period    ration.PeriodID // the period of the quota; 0 for a lifetime
	EndsAt    time.Time       // of the period; zero: it never ends, or its end is not known
	Epoch     int64           // the reset since which the quota counts; 0: none
}

// Tell makes the account note events. Thresholds are percents of a quota, from 1 to 100.
// Call it before the first item.
func (a *Account) Tell(thresholds []int) { a.thresholds, a.telling = thresholds, true }

// Events returns what the items have caused, each once, in the order of the items; and
// the key. For nearly all batches there is nothing.
func (a *Account) Events() (key *ration.Key, events []Event) { return &a.policy.Key, a.events }

// tellUse notes the thresholds that an admitted charge has reached. What it only reserves
// is not used yet.
func (a *Account) tellUse(decision *ration.Decision, changes *Changes) {
	if !a.telling || changes.Held {
		return
	}
	for i := range changes.Meters {
		change := &changes.Meters[i]
		if change.Units == 0 {
			continue
		}
		for l := range decision.Limits {
			if status := &decision.Limits[l]; status.Meter == change.Meter && status.Kind == ration.KindQuota {
				a.tellReached(&status.Limit, status.Used-change.Units, status.Used)
			}
		}
	}
}

// tellPosted notes the thresholds that units posted to a meter have reached. A window that
// began with them was at 0. Of a period that is over it tells nothing: nobody knows which
// limits the key had then.
func (a *Account) tellPosted(before, after *MeterUsage) {
	if !a.telling {
		return
	}
	for i := range a.policy.Limits {
		limit := &a.policy.Limits[i]
		if limit.Meter != after.Meter || limit.Kind != ration.KindQuota {
			continue
		}
		from, _ := before.quotaWindow(limit.Period)
		to, _ := after.quotaWindow(limit.Period)
		if from.ID != to.ID {
			from.Used = 0
		}
		if limit.Period != ration.PeriodLifetime {
			if running, _ := to.at(limit.Period, a.now, a.policy.Zone); running.ID != to.ID {
				continue
			}
		}
		a.tellReached(limit, from.Used, to.Used)
	}
}

// tellReached notes the thresholds of a quota that lie between two counts.
func (a *Account) tellReached(limit *ration.Limit, before, after int64) {
	for _, threshold := range a.thresholds {
		if units := thresholdUnits(limit.Quantity, threshold); before < units && units <= after {
			a.tell(Event{Kind: LimitReached, Limit: *limit, Threshold: threshold, Units: after})
		}
	}
}

// thresholdUnits returns the fewest units that are a percentage of a quantity. For a
// quantity of 0 it is 0, which no count is below: such a quota tells nothing.
func thresholdUnits(quantity int64, percent int) int64 {
	p := int64(percent)
	return quantity/100*p + (quantity%100*p+99)/100
}

// tell completes an event with the period of its quota as it is now, and notes it unless
// it was noted before.
func (a *Account) tell(event Event) {
	event.At = a.now
	if event.Kind == LimitReached {
		var window Window
		window, event.Epoch = a.after.meterOrUnused(event.Limit.Meter).quotaWindow(event.Limit.Period)
		event.Period, event.EndsAt = window.ID, window.EndsAt
	}
	same := func(e Event) bool {
		return e.Kind == event.Kind && e.Limit.Key() == event.Limit.Key() && e.Threshold == event.Threshold && e.Period == event.Period && e.Epoch == event.Epoch
	}
	if !slices.ContainsFunc(a.events, same) {
		a.events = append(a.events, event)
	}
}

// quotaWindow returns what a quota reads of the meter, and the epoch of the reset since
// which it counts; 0: there was none in this period. A shifted period always has an epoch.
func (m *MeterUsage) quotaWindow(period ration.Period) (window Window, epoch int64) {
	if period.IsShifted() {
		if s := shiftedOf(m.Shifted, period); s != nil {
			return s.Window, s.Epoch
		}
		return Window{}, 0
	}
	index := slices.Index(ration.WindowPeriods[:], period)
	if index < 0 {
		index, window = lifetime, Window{Used: m.Used, Reserved: m.Reserved}
	} else {
		window = m.Windows[index]
	}
	if reset := &m.Resets.Periods[index]; reset.Epoch > 0 && reset.ID == window.ID {
		epoch = reset.Epoch
	}
	return m.Resets.since(index, window), epoch
}

// tellRefunds notes that what a receipt was given back from has no room for another one
// like it.
func (a *Account) tellRefunds(receipt *ration.Receipt) {
	if !a.telling {
		return
	}
	for _, full := range a.fullFor(receipt) {
		full.Kind = RefundsExhausted
		a.tell(full)
	}
}
