package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// MeterWrite is what a batch changes on one meter of a key: amounts to add, and the
// state of the current periods. Amounts are added and not set, so that a fault in the
// rule could break a decision but never a count.
type MeterWrite struct {
	Meter          string
	Used           int64     // units to add to the lifetime count
	Reserved       int64     // likewise
	Denied         int64     // charges to add
	FirstRequestAt time.Time // to set if there is none yet; zero: nothing was admitted
	LastRequestAt  time.Time // to set; zero: nothing was admitted, and no clock stepped back
	// Windows are the current periods. Set their ID and EndsAt. Add Used and Reserved
	// if the row has the same id, and set them if it has another.
	Windows [len(ration.WindowPeriods)]Window
	Rates   [len(RatePeriods)]RateState // to set, even if nothing was admitted
	Resets  *Resets                     // to set together with Shifted; nil: both stay as they are
	Shifted []ShiftedWindow

	// Posted says that units were reserved, settled or given back. Without it, Used
	// is added to every window that runs on and to the day, nothing is negative, and
	// nothing is reserved.
	Posted bool

	Day       DayWrite   // of the history; zero: nothing to write
	OtherDays []DayWrite // of the history; only if Posted

	// Counted is the latest hour that was counted in, which the row holds. Add its
	// counts if the row has the same hour, and set them if it has another. Without
	// Posted, Used and Denied are those of the write, and nothing is given back.
	Counted    HourCount
	OtherHours []HourCount // of the history, to be added

	// RunsOn says that the meter has a row and all its periods and its hour run on: then
	// Used is to be added to each, Denied to the row and the hour, LastRequestAt to be
	// set, and Rates if they move. That is so for nearly all charges.
	RunsOn     bool
	RatesMoved bool // Rates are not those of the row
}

// compare sets RunsOn and RatesMoved by what was read of the row, which is nil if there
// is none. Call it when the rest of the write is complete.
func (w *MeterWrite) compare(row *MeterUsage) {
	if row == nil {
		w.RatesMoved = true
		return
	}
	w.RatesMoved = w.Rates != row.Rates
	w.RunsOn = !w.Posted && w.Resets == nil && len(w.OtherHours) == 0 && w.Counted.Hour == row.Counted.Hour &&
		(w.FirstRequestAt.IsZero() || !row.FirstRequestAt.IsZero())
	for i := range w.Windows {
		w.RunsOn = w.RunsOn && w.Windows[i].ID == row.Windows[i].ID && w.Windows[i].EndsAt.Equal(row.Windows[i].EndsAt)
	}
}

// DayWrite is what has to be added to a day of a meter's history. None of its numbers
// is negative.
type DayWrite struct {
	Date          ration.PeriodID
	Used          int64     // units
	GivenBack     int64     // units to take off what was used, down to 0, and to count as given back
	Denied        int64     // charges
	Refunds       int64     // charges given back, of meter requests
	LastRequestAt time.Time // to set; zero: nothing was admitted
}

// Days returns everything that has to be written to the history, each day once.
func (w *MeterWrite) Days() []DayWrite {
	if w.Day == (DayWrite{}) {
		return w.OtherDays
	}
	return append([]DayWrite{w.Day}, w.OtherDays...)
}

// day returns the entry of a day. Most writes have only one day, whose entry is Day.
func (w *MeterWrite) day(date ration.PeriodID) *DayWrite {
	if w.Day.Date == date || w.Day == (DayWrite{}) {
		w.Day.Date = date
		return &w.Day
	}
	i := slices.IndexFunc(w.OtherDays, func(d DayWrite) bool { return d.Date == date })
	if i < 0 {
		w.Posted = true // several days in one batch
		w.OtherDays = append(w.OtherDays, DayWrite{Date: date})
		i = len(w.OtherDays) - 1
	}
	return &w.OtherDays[i]
}
