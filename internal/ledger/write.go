package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// MeterWrite is what a batch changes on one meter of a key: amounts to add, so
// that a wrong rule could break a decision but never a count, and the state of
// the running periods.
type MeterWrite struct {
	Meter          string
	Used           int64     // units to add to the lifetime count
	Reserved       int64     // likewise
	Denied         int64     // charges to add
	FirstRequestAt time.Time // to set where there is none; zero: nothing was admitted
	LastRequestAt  time.Time // to set; zero: nothing was admitted
	// Windows to set ID and EndsAt of. Used and Reserved are to be added where
	// the row has the same id, and to be set where it has another.
	Windows [len(ration.WindowPeriods)]Window
	Rates   [len(RatePeriods)]RateState // to set, also where nothing was admitted

	// Posted says that units were reserved, settled or given back. Without it Used
	// is what every window that runs on gets, and the day's, nothing is negative,
	// and nothing is reserved.
	Posted bool

	Day       DayWrite   // of the history; nothing where it is zero
	OtherDays []DayWrite // of the history; only where Posted
}

// DayWrite is what is to be added to a day of a meter's history. Nothing in it is
// negative.
type DayWrite struct {
	Date          ration.PeriodID
	Used          int64     // units
	GivenBack     int64     // units to be taken off what was used, down to 0, and to be counted as given back
	Denied        int64     // charges
	Refunds       int64     // charges given back, of meter requests
	LastRequestAt time.Time // to set; zero: nothing was admitted
}

// Days returns all that is to be written of the history, each day once.
func (w *MeterWrite) Days() []DayWrite {
	if w.Day == (DayWrite{}) {
		return w.OtherDays
	}
	return append([]DayWrite{w.Day}, w.OtherDays...)
}

// day returns the entry of a day, the first in place of which most writes have
// the only one.
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
