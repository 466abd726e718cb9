package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// ShiftedWindow is the current period of a quota whose periods don't begin with their
// unit, such as "day from 06:00". A meter has one for each such period that limits it,
// or has limited it in that period.
//
// Windows of calendar periods are known by their ids, in the history and in postings.
// A shifted one is known by the epoch of the meter that it began: it counts the postings
// of its own epoch and of later ones.
type ShiftedWindow struct {
	Window
	Period   ration.Period
	Epoch    int64
	Refunded int64 // units that were given back of what it counted; at most MaxTotalUnits
}

// shiftedAt returns the meter's shifted windows at an instant, the epoch that a charge
// then belongs to, and whether a window began or was moved. What no longer limits the
// meter ends with its period. Windows are the meter's calendar windows at that instant.
func (m *MeterUsage) shiftedAt(limits []ration.Limit, windows *[len(ration.WindowPeriods)]Window, now time.Time, zone *time.Location) (shifted []ShiftedWindow, epoch int64, turned bool) {
	next := m.Resets.Epoch + 1
	epoch = m.Resets.Epoch
	for i := range m.Shifted {
		if s := m.Shifted[i]; now.Before(s.EndsAt) {
			shifted = append(shifted, s)
		}
	}
	for i := range limits {
		period := limits[i].Period
		if limits[i].Meter != m.Meter || !period.IsShifted() || shiftedOf(shifted, period) != nil {
			continue
		}
		turned = true
		before := shiftedOf(m.Shifted, period)
		if before == nil {
			before = &ShiftedWindow{Period: period}
		}
		s := *before
		s.Window, _ = s.at(period, now, zone)
		if s.ID != before.ID {
			s.Epoch, s.Refunded, epoch = next, 0, next
		}
		if before.Epoch == 0 {
			s.Used = m.knownIn(&s, windows, zone)
		}
		shifted = append(shifted, s)
	}
	return shifted, epoch, turned
}

// knownIn returns what was certainly used in a period that is counted from now on: what
// was used in the longest calendar period that lies within it so far.
func (m *MeterUsage) knownIn(s *ShiftedWindow, windows *[len(ration.WindowPeriods)]Window, zone *time.Location) (used int64) {
	begin := ration.PeriodBegin(s.Period, s.ID, zone)
	for i, period := range ration.WindowPeriods {
		if !ration.PeriodBegin(period, windows[i].ID, zone).Before(begin) {
			used = max(used, m.Resets.since(i, windows[i]).Used)
		}
	}
	return used
}

// shiftedOf returns the window of a period, or nil.
func shiftedOf(windows []ShiftedWindow, period ration.Period) *ShiftedWindow {
	for i := range windows {
		if windows[i].Period == period {
			return &windows[i]
		}
	}
	return nil
}

// addShifted adds units of an epoch to the shifted windows that count it. It leaves the
// windows that others may see as they are.
func (m *MeterUsage) addShifted(epoch, used, reserved int64) {
	if len(m.Shifted) == 0 {
		return
	}
	m.Shifted = slices.Clone(m.Shifted)
	for i := range m.Shifted {
		if s := &m.Shifted[i]; epoch >= s.Epoch {
			s.Used, s.Reserved = max(0, s.Used+used), max(0, s.Reserved+reserved)
		}
	}
}

// resetShifted begins the count of a shifted window anew, in an epoch of its own.
func (m *MeterUsage) resetShifted(period ration.Period, epoch int64, now time.Time, zone *time.Location) {
	s := ShiftedWindow{Period: period, Epoch: epoch}
	if before := shiftedOf(m.Shifted, period); before != nil {
		if s.Window, _ = before.at(period, now, zone); s.ID == before.ID {
			s.Refunded = before.Refunded
		}
	} else {
		s.Window, _ = s.at(period, now, zone)
	}
	s.Used, s.Reserved = 0, 0
	m.Shifted = append(slices.DeleteFunc(slices.Clone(m.Shifted), func(other ShiftedWindow) bool { return other.Period == period }), s)
}

// fullShifted returns which quotas forbid that units of a posting are given back, of those
// whose current periods count it. Bounded says whether there is any that does.
func (a *Account) fullShifted(p *ration.Posting) (full []Event, bounded bool) {
	entry := a.after.Meter(p.Meter)
	if entry == nil || p.Units == 0 {
		return nil, false
	}
	for i := range a.policy.Limits {
		limit := &a.policy.Limits[i]
		if limit.Meter != p.Meter || !limit.Period.IsShifted() {
			continue
		}
		if s := shiftedOf(entry.Shifted, limit.Period); s != nil && p.Epoch >= s.Epoch {
			bounded = true
			if most := mostRefunded(limit); p.Units > most-s.Refunded {
				full = append(full, Event{Limit: *limit, Period: s.ID, EndsAt: s.EndsAt, Epoch: s.Epoch, Most: most, Units: s.Refunded})
			}
		}
	}
	return full, bounded
}

// countRefundShifted counts units that were given back in the periods that counted them.
func (a *Account) countRefundShifted(p *ration.Posting) {
	entry := a.after.Meter(p.Meter)
	if entry == nil || len(entry.Shifted) == 0 || p.Units == 0 {
		return
	}
	a.write(p.Meter).Posted = true
	entry.Shifted = slices.Clone(entry.Shifted)
	for i := range entry.Shifted {
		if s := &entry.Shifted[i]; p.Epoch >= s.Epoch {
			s.Refunded += min(p.Units, ration.MaxTotalUnits-s.Refunded)
		}
	}
}
