package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// lifetime is the index of lifetimes in [Resets.Periods].
const lifetime = len(ration.WindowPeriods)

// Resets are the resets by hand of a meter. A reset begins the count that limits read
// anew, within a period. What was counted stays counted: [MeterUsage.Used] and the
// windows go on, and what limits read is their units less those from before the reset.
type Resets struct {
	Epoch   int64               // how often something began anew: resets, and windows of shifted periods
	Periods [lifetime + 1]Reset // the last one of each period, in the order of WindowPeriods; then of lifetimes
}

// Reset is the last reset of one of a meter's periods. It says nothing about any other
// period.
type Reset struct {
	ID       ration.PeriodID // of the period; 0 for a lifetime
	Epoch    int64           // the epoch that it began; 0: there was none
	Used     int64           // units that the period counts as used, from before the reset
	Reserved int64           // units held by open reservations that were made before the reset
}

// since returns what limits read of a window, by its index in Periods: what was
// counted in it since its last reset.
func (r *Resets) since(index int, window Window) Window {
	if reset := &r.Periods[index]; reset.Epoch > 0 && reset.ID == window.ID {
		window.Used, window.Reserved = max(0, window.Used-reset.Used), max(0, window.Reserved-reset.Reserved)
	}
	return window
}

// post adds units of a posting from before a reset to what is set aside, as they are
// added to the window: then what limits read doesn't change.
func (r *Resets) post(p *ration.Posting, used, reserved int64) {
	for i := range r.Periods {
		reset := &r.Periods[i]
		if p.Epoch < reset.Epoch && (i == lifetime || reset.ID == p.Periods[i]) {
			reset.Used, reset.Reserved = max(0, reset.Used+used), max(0, reset.Reserved+reserved)
		}
	}
}

// Reset begins what some limits on the meter read anew: the current period of each
// quota, and the bucket of each rate. A period that has ended is left alone; the next
// one begins at 0 by itself. It returns false if nothing was counted yet.
func (m *MeterUsage) Reset(limits []ration.Limit, now time.Time, zone *time.Location) (changed bool) {
	before, shifted := m.Resets, m.Shifted
	rates := m.Rates
	epoch := m.Resets.Epoch + 1
	for i := range limits {
		switch limit := &limits[i]; {
		case limit.Kind == ration.KindRate:
			m.Rates[rateIndex(limit.Period)] = RateState{}
		case limit.Period == ration.PeriodLifetime:
			m.Resets.Periods[lifetime] = Reset{Epoch: epoch, Used: m.Used, Reserved: m.Reserved}
		case limit.Period.IsShifted():
			m.resetShifted(limit.Period, epoch, now, zone)
		default:
			w := slices.Index(ration.WindowPeriods[:], limit.Period)
			if window, _ := m.Windows[w].at(limit.Period, now, zone); window.ID == m.Windows[w].ID {
				m.Resets.Periods[w] = Reset{ID: window.ID, Epoch: epoch, Used: window.Used, Reserved: window.Reserved}
			}
		}
	}
	counted := m.Resets != before || !slices.Equal(m.Shifted, shifted)
	if counted {
		m.Resets.Epoch = epoch
	}
	return counted || m.Rates != rates
}

// Counts reports whether a posting is part of what a quota of the meter reads.
func (m *MeterUsage) Counts(p *ration.Posting, period ration.Period) bool {
	if period.IsShifted() {
		s := shiftedOf(m.Shifted, period)
		return s != nil && p.Epoch >= s.Epoch
	}
	index := slices.Index(ration.WindowPeriods[:], period)
	if index >= 0 && p.Periods[index] != m.Windows[index].ID {
		return false
	}
	if index < 0 {
		index = lifetime
	}
	reset := &m.Resets.Periods[index]
	return p.Epoch >= reset.Epoch || index != lifetime && reset.ID != p.Periods[index]
}
