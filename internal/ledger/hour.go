package ledger

import (
	"slices"

	"github.com/ration-dev/ration"
)

// HourCount is what was counted in one UTC hour of a meter's history, or what has to
// be added to it: its counts only grow. The zero HourCount is no hour.
type HourCount struct {
	Hour      ration.PeriodID
	Used      int64 // units, with those that were given back since; the count stops at MaxTotalUnits
	GivenBack int64 // units of those used; an addition may give back what was used before
	Denied    int64 // charges
}

// Net returns the units that still count as used.
func (c HourCount) Net() int64 { return max(0, c.Used-c.GivenBack) }

// Count returns the count after an addition. No more is given back than was used.
func (c HourCount) Count(addition HourCount) HourCount {
	c = c.Add(addition)
	c.GivenBack = min(c.GivenBack, c.Used)
	return c
}

// Add returns the sum of two additions, with the hour of c.
func (c HourCount) Add(other HourCount) HourCount {
	c.Used += min(other.Used, ration.MaxTotalUnits-c.Used)
	c.GivenBack += min(other.GivenBack, ration.MaxTotalUnits-c.GivenBack)
	c.Denied += other.Denied
	return c
}

// isEmpty reports whether nothing was counted, or nothing has to be added.
func (c HourCount) isEmpty() bool { return c.Used == 0 && c.GivenBack == 0 && c.Denied == 0 }

// CountHour adds to what has to be written to an hour of the history. Most writes have
// only one hour, which is Counted until TurnHour is called.
func (w *MeterWrite) CountHour(count HourCount) {
	if w.Counted.Hour == count.Hour || w.Counted == (HourCount{}) {
		w.Counted.Hour = count.Hour
		w.Counted = w.Counted.Add(count)
		return
	}
	w.OtherHours = addHour(w.OtherHours, count)
}

// TurnHour says where the hours of the write belong, given the hour that the row
// counts: the row goes on counting the latest hour, and all others belong to the
// history, with what the row had counted of its own if that is over.
func (w *MeterWrite) TurnHour(row HourCount) {
	if w.Counted.Hour == row.Hour && len(w.OtherHours) == 0 {
		return
	}
	added := w.OtherHours
	if !w.Counted.isEmpty() {
		added = append(added, w.Counted)
	}
	w.Counted, w.OtherHours = HourCount{Hour: row.Hour}, nil
	for _, count := range added {
		w.Counted.Hour = max(w.Counted.Hour, count.Hour)
	}
	if w.Counted.Hour > row.Hour {
		w.OtherHours = addHour(nil, row)
	}
	for _, count := range added {
		if count.Hour == w.Counted.Hour {
			w.Counted = w.Counted.Add(count)
			continue
		}
		w.Posted = true // not all that was used belongs to the hour that the row counts
		w.OtherHours = addHour(w.OtherHours, count)
	}
}

// addHour adds a count to that of its hour. Nothing is added of an empty one.
func addHour(hours []HourCount, count HourCount) []HourCount {
	if count.isEmpty() {
		return hours
	}
	if i := slices.IndexFunc(hours, func(h HourCount) bool { return h.Hour == count.Hour }); i >= 0 {
		hours[i] = hours[i].Add(count)
		return hours
	}
	return append(hours, count)
}
