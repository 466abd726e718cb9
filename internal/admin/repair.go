package admin

import (
	"time"

	"github.com/ration-dev/ration"
)

// A clock from the future leaves labels that no right clock reaches for a long
// time: until then its periods run on, and who has used them up waits. Labels go
// up by themselves and never down, so this is the one place that takes them
// back. An hour is UTC's, so no change of a time zone explains one that has not
// begun: a row with such an hour was charged by a clock that was ahead, and what
// else of it has not begun is taken back with the hour.
//
// Nothing is given twice: the running period has used what was counted in it and
// all that was counted in the future.

const windowHour, windowDay = 0, 1 // in ration.WindowPeriods

// repairMeter puts right what a clock from the future left on a meter. The days
// of the future are folded into the running one. Its periods that have not begun
// become those that hold now, which have used what the history has since their
// first date: of an hour, which the history does not know, since the date on
// which it began, so that it is never less than was used. What was ever used
// does not change, nor what is reserved. A rate needs no repair: it reads a time
// that is too late as one burst from now.
func repairMeter(meter *MeterRecord, zone *time.Location, now time.Time) {
	latestHour, latestDate := LatestLabels(now)
	ahead := meter.Windows[windowHour].Label > latestHour
	today := runningDay(meter.Windows[windowDay], ahead, zone, now)
	meter.fold(today, now, func(date ration.Label) bool {
		return date > today && (ahead || date > latestDate)
	})
	if !ahead {
		return // or a day that a changed zone lengthens would end early
	}
	meter.FirstRequestAt, meter.LastRequestAt = notAfter(meter.FirstRequestAt, now), notAfter(meter.LastRequestAt, now)
	for i, period := range ration.WindowPeriods {
		window := &meter.Windows[i]
		label, ends := ration.PeriodAt(period, now, zone)
		if window.Label > label {
			window.Label, window.EndsAt = label, ends
			window.Used = meter.usedSince(firstDate(period, label, zone))
		}
	}
}

// runningDay returns the day to whose history a charge belongs now, once the
// repair is made.
func runningDay(window ration.Window, ahead bool, zone *time.Location, now time.Time) ration.Label {
	today, _ := ration.PeriodAt(ration.PeriodDay, now, zone)
	if ahead && window.Label > today || window.Label < today && !now.Before(window.EndsAt) {
		return today
	}
	return window.Label
}

// firstDate returns the local date on which a period began.
func firstDate(period ration.Period, label ration.Label, zone *time.Location) ration.Label {
	if period == ration.PeriodHour {
		label, _ = ration.PeriodAt(ration.PeriodDay, label.Hour(), zone)
	}
	return label
}

// fold moves some days of the history into another.
func (m *MeterRecord) fold(into ration.Label, now time.Time, isToMove func(ration.Label) bool) {
	m.Fold = Fold{}
	for _, day := range m.Days {
		if !isToMove(day.Date) {
			continue
		}
		m.Fold.From = append(m.Fold.From, day.Date)
		m.Fold.Into.Used += day.Used
		m.Fold.Into.Denied += day.Denied
		if day.LastRequestAt.After(m.Fold.Into.LastRequestAt) {
			m.Fold.Into.LastRequestAt = notAfter(day.LastRequestAt, now)
		}
	}
	if len(m.Fold.From) > 0 {
		m.Fold.Into.Date = into
	}
}

// usedSince adds up the history from a date on, that of the future included.
func (m *MeterRecord) usedSince(first ration.Label) (used int64) {
	for _, day := range m.Days {
		if day.Date >= first {
			used += day.Used
		}
	}
	return used
}

// repairKey puts right all meters of a key and completes the audit entry. It
// returns ErrUnchanged if nothing was wrong.
func repairKey(actor string, repair *UsageRepair) error {
	zone, err := ration.LoadZone(repair.TimeZone)
	if err != nil {
		return err
	}
	before := usageFields(repair.Meters)
	for i := range repair.Meters {
		repairMeter(&repair.Meters[i], zone, repair.Now)
	}
	repair.Audit, err = auditOf(actor, "key.repair", repair.KeyID.String(), before, usageFields(repair.Meters))
	return err
}

// usageFields describes what a repair may change.
func usageFields(meters []MeterRecord) fields {
	all := fields{}
	for i := range meters {
		meter := &meters[i]
		for w, window := range meter.Windows {
			period := ration.WindowPeriods[w]
			all[meter.Meter+"."+string(period)] = fields{"begins": labelText(period, window.Label), "used": window.Used}
		}
		fold := meter.Fold
		moved := fields{"from": dateTexts(fold.From), "to": dateText(fold.Into.Date), "used": fold.Into.Used, "denied": fold.Into.Denied}
		all.add(meter.Meter+".history", moved, len(fold.From) > 0)
	}
	return all
}

func labelText(period ration.Period, label ration.Label) string {
	if period == ration.PeriodHour {
		return label.Hour().Format(time.RFC3339)
	}
	return dateText(label)
}

func dateTexts(labels []ration.Label) []string {
	texts := make([]string, len(labels))
	for i, label := range labels {
		texts[i] = dateText(label)
	}
	return texts
}

func notAfter(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}
