package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// windowOf returns the count that a quota reads: for a calendar period the window of
// the change, and for a lifetime everything that was ever counted; of both, what was
// counted since the last reset.
func windowOf(period ration.Period, entry *MeterUsage, change *MeterChange) Window {
	if period == ration.PeriodLifetime {
		return entry.Resets.since(lifetime, Window{Used: entry.Used, Reserved: entry.Reserved})
	}
	if period.IsShifted() {
		return shiftedOf(change.Shifted, period).Window
	}
	i := slices.Index(ration.WindowPeriods[:], period)
	return entry.Resets.since(i, change.Window[i])
}

// quotaRefuses admits units as long as they fit into the quantity, together with what
// is used and reserved.
func quotaRefuses(limit *ration.Limit, window Window, units int64, now time.Time) refusal {
	if units <= remaining(limit.Quantity, window) {
		return refusal{}
	}
	if limit.Period == ration.PeriodLifetime {
		return refusal{code: ration.CodeQuotaExceeded}
	}
	return refusal{code: ration.CodeQuotaExceeded, wait: window.EndsAt.Sub(now), passes: true}
}

// describeQuota completes a status after units were used or held in its window.
func describeQuota(s *ration.LimitStatus, window Window, units int64, held bool) {
	if held {
		window.Reserved += units
	} else {
		window.Used += units
	}
	s.Used, s.Reserved = window.Used, window.Reserved
	s.Remaining = remaining(s.Quantity, window)
	if s.Quantity > 0 { // a limit of 0 never has more
		s.ResetsAt, s.AvailableAt = window.EndsAt, window.EndsAt
	}
}

// remaining never falls below 0: a quantity may have been lowered below what
// was used. Counts are at most 2^62, so a quantity less two of them doesn't wrap.
func remaining(quantity int64, window Window) int64 {
	return max(0, quantity-window.Used-window.Reserved)
}
