package admin

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// A clock from the future leaves periods that no right clock reaches for a long
// time: until then its periods run on, and who has used them up waits. Their ids go
// up by themselves and never down, so this is the one place that takes them
// back. An hour is UTC's, so no change of a time zone explains one that has not
// begun: a row with such an hour was charged by a clock that was ahead, and what
// else of it has not begun is taken back with the hour.
//
// Nothing is given twice: the running period has used what was counted in it and
// all that was counted in the future. A day that a changed time zone lengthens
// runs on under its own period, in which the history has what it used. Of the
// other periods the history knows days only, so what was used on a day that
// reaches into them counts as used in them.

const windowHour, windowDay = 0, 1 // in ration.WindowPeriods

// repairMeter puts right what a clock from the future left on a meter. The days
// of the future are folded into the running one. Its periods that have not begun
// become those that hold now, which have used at least what was used in them.
// What was ever used does not change, nor what is reserved for good. Of a period
// that is moved is reserved what open reservations were charged to: what ends one is
// posted to its own period, and would never free another's. A rate owes what it owed
// at the last request.
func repairMeter(meter *MeterRecord, open []ration.Reservation, zone *time.Location, now time.Time) {
	latestHour, latestDate := LatestPeriods(now)
	ahead := meter.Windows[windowHour].ID > latestHour
	day := meter.runningDay(ahead, zone, now)
	meter.foldHours(now)
	meter.fold(day, now, func(date ration.PeriodID) bool {
		return date > day && (ahead || date > latestDate)
	})
	if !ahead {
		return // or a day that a changed zone lengthens would end early
	}
	meter.FirstRequestAt = notAfter(meter.FirstRequestAt, now)
	meter.StepBack(now)
	for i, period := range ration.WindowPeriods {
		window := &meter.Windows[i]
		if periodID, ends := periodOf(period, day, zone, now); window.ID > periodID {
			window.ID, window.EndsAt = periodID, ends
			window.Used, window.Reserved = meter.usedIn(period, window.ID, zone), reservedIn(open, meter.Meter, i, periodID)
			meter.moveReset(open, i)
			meter.moveRefunds(ledger.RefundPeriod{Meter: meter.Meter, Period: period, ID: periodID})
		}
	}
	meter.moveShifted(open, zone, now)
}

// moveShifted takes back shifted periods that have not begun. What is open counts as
// used: nobody knows which of it was charged to the period that now holds. What was
// charged before doesn't change the new count.
func (m *MeterRecord) moveShifted(open []ration.Reservation, zone *time.Location, now time.Time) {
	m.Shifted = slices.Clone(m.Shifted)
	moved := false
	for i := range m.Shifted {
		s := &m.Shifted[i]
		periodID, ends := ration.PeriodAt(s.Period, now, zone)
		if s.ID <= periodID {
			continue
		}
		moved = true
		s.Window = ledger.Window{ID: periodID, EndsAt: ends, Used: m.usedIn(s.Period, periodID, zone)}
		for r := range open {
			for _, held := range open[r].Held {
				if held.Meter == m.Meter {
					s.Used += held.Units
				}
			}
		}
		s.Epoch = m.Resets.Epoch + 1
	}
	if moved {
		m.Resets.Epoch++
	}
}

// reservedIn adds up what open reservations hold on a meter of a period, by its
// index and id.
func reservedIn(open []ration.Reservation, meter string, window int, periodID ration.PeriodID) (reserved int64) {
	for i := range open {
		for _, held := range open[i].Held {
			if held.Meter == meter && held.Periods[window] == periodID {
				reserved += held.Units
			}
		}
	}
	return reserved
}

// moveReset keeps what a reset has set aside of a period, or of later ones that give
// way to it: what was counted in them counts in it.
func (m *MeterRecord) moveReset(open []ration.Reservation, window int) {
	reset := &m.Resets.Periods[window]
	if reset.Epoch == 0 || reset.ID < m.Windows[window].ID {
		return
	}
	reset.ID, reset.Reserved = m.Windows[window].ID, 0
	for i := range open {
		for _, held := range open[i].Held {
			if held.Meter == m.Meter && held.Periods[window] == reset.ID && held.Epoch < reset.Epoch {
				reset.Reserved += held.Units
			}
		}
	}
}

// moveRefunds lets what was given back in later periods count in the one that they
// give way to, as what they used does: or failing on purpose would be free there.
func (m *MeterRecord) moveRefunds(into ledger.RefundPeriod) {
	move := RefundMove{Into: ledger.PeriodRefunds{RefundPeriod: into}}
	for _, refunded := range m.Refunded {
		if refunded.Period == into.Period && refunded.ID > into.ID {
			move.From = append(move.From, refunded.RefundPeriod)
			move.Into.Units = addUpTo(move.Into.Units, refunded.Units)
		}
	}
	if len(move.From) > 0 {
		m.Moved = append(m.Moved, move)
	}
}

// addUpTo adds two counts that stop at MaxTotalUnits.
func addUpTo(a, b int64) int64 { return a + min(b, ration.MaxTotalUnits-a) }

// runningDay returns the day to whose history a charge belongs now, once the
// repair is made.
func (m *MeterRecord) runningDay(ahead bool, zone *time.Location, now time.Time) ration.PeriodID {
	window, today := m.Windows[windowDay], labelAt(ration.PeriodDay, now, zone)
	switch {
	case ahead && window.ID > today:
		return m.dayBefore(today, zone, now)
	case window.ID < today && !now.Before(window.EndsAt):
		return today
	}
	return window.ID
}

// dayBefore returns the day that would run if no clock had been ahead, as far as
// the history shows: today, unless it was last used on a later day, which a zone
// to the east may have begun, or on an earlier one after its end in this zone,
// which a zone to the west has yet to end.
func (m *MeterRecord) dayBefore(today ration.PeriodID, zone *time.Location, now time.Time) ration.PeriodID {
	_, latestDate := LatestPeriods(now)
	var last MeterDay
	for _, day := range m.Days {
		if day.Date <= latestDate && !day.LastRequestAt.IsZero() && !day.LastRequestAt.After(now.Add(clockTolerance)) {
			last = day // they are in order
		}
	}
	outlived := labelAt(ration.PeriodDay, last.LastRequestAt, zone) > last.Date && now.Before(endsEverywhere(last.Date))
	if last.Date > today || outlived {
		return last.Date
	}
	return today
}

// endsEverywhere returns when a date ends in the zone in which it ends last.
func endsEverywhere(date ration.PeriodID) time.Time { return (date + 1).Date().Add(farthestWest) }

// periodOf returns the period that runs while a day does, and when to look again
// whether it has ended. A week or a month is never one that this zone has ended.
func periodOf(period ration.Period, day ration.PeriodID, zone *time.Location, now time.Time) (ration.PeriodID, time.Time) {
	periodID, ends := ration.PeriodAt(period, now, zone)
	switch {
	case period == ration.PeriodHour:
		return periodID, ends
	case period == ration.PeriodDay && day < periodID:
		return day, endsEverywhere(day)
	}
	return max(periodID, labelAt(period, day.Date(), time.UTC)), ends
}

func labelAt(period ration.Period, t time.Time, zone *time.Location) ration.PeriodID {
	periodID, _ := ration.PeriodAt(period, t, zone)
	return periodID
}

// fold moves some days of the history into another.
func (m *MeterRecord) fold(into ration.PeriodID, now time.Time, isToMove func(ration.PeriodID) bool) {
	m.Fold = Fold{}
	for _, day := range m.Days {
		if !isToMove(day.Date) {
			continue
		}
		m.Fold.From = append(m.Fold.From, day.Date)
		m.Fold.Into.Used += day.Used
		m.Fold.Into.Denied += day.Denied
		m.Fold.Into.GivenBack = addUpTo(m.Fold.Into.GivenBack, day.GivenBack)
		m.Fold.Into.Refunds += day.Refunds
		if day.LastRequestAt.After(m.Fold.Into.LastRequestAt) {
			m.Fold.Into.LastRequestAt = notAfter(day.LastRequestAt, now)
		}
	}
	if len(m.Fold.From) > 0 {
		m.Fold.Into.Date = into
	}
}

// foldHours moves hours of the history that have not begun into the one that runs.
// The row counts the latest hour, so there are none if that has begun.
func (m *MeterRecord) foldHours(now time.Time) {
	m.HoursFrom = nil
	if latest, _ := LatestPeriods(now); m.Counted.Hour <= latest {
		return
	}
	m.Counted.Hour = ration.HourID(now)
	for _, hour := range m.Hours {
		m.HoursFrom = append(m.HoursFrom, hour.Hour)
		m.Counted = m.Counted.Add(hour)
	}
}

// usedIn adds up the history of a period and of the future. A day's is what has
// its id. Of the others it is what was used since their first date, and on
// days before it that were used after the period began: until a day ends that a
// changed zone lengthens, what is used belongs to its id.
func (m *MeterRecord) usedIn(period ration.Period, periodID ration.PeriodID, zone *time.Location) (used int64) {
	first := periodID
	if period == ration.PeriodHour {
		first = labelAt(ration.PeriodDay, periodID.Hour(), zone)
	}
	for _, day := range m.Days {
		if day.Date >= first || period != ration.PeriodDay && labelAt(period, day.LastRequestAt, zone) >= periodID {
			used += day.Used
		}
	}
	return used
}

// repairKey puts right all meters of a key and completes the audit entry. It
// returns ErrUnchanged if nothing was wrong.
func repairKey(by author, repair *UsageRepair) error {
	zone, err := ration.LoadZone(repair.TimeZone)
	if err != nil {
		return err
	}
	before := usageFields(repair.Meters)
	for i := range repair.Meters {
		repairMeter(&repair.Meters[i], repair.Open, zone, repair.Now)
	}
	repair.Audit, err = by.audit("key.repair", repair.KeyID.String(), before, usageFields(repair.Meters))
	return err
}

// usageFields describes what a repair may change.
func usageFields(meters []MeterRecord) fields {
	all := fields{}
	for i := range meters {
		meter := &meters[i]
		for w, window := range meter.Windows {
			period := ration.WindowPeriods[w]
			all[meter.Meter+"."+string(period)] = fields{"begins": labelText(period, window.ID), "used": window.Used}
		}
		all[meter.Meter+".history.hour"] = fields{"begins": labelText(ration.PeriodHour, meter.Counted.Hour), "used": meter.Counted.Net()}
		fold := meter.Fold
		moved := fields{"from": dateTexts(fold.From), "to": dateText(fold.Into.Date), "used": fold.Into.Used, "denied": fold.Into.Denied}
		moved.add("given_back", fold.Into.GivenBack, fold.Into.GivenBack > 0)
		all.add(meter.Meter+".history", moved, len(fold.From) > 0)
	}
	return all
}

func labelText(period ration.Period, periodID ration.PeriodID) string {
	if period == ration.PeriodHour {
		return periodID.Hour().Format(time.RFC3339)
	}
	return dateText(periodID)
}

func dateTexts(periodIDs []ration.PeriodID) []string {
	texts := make([]string, len(periodIDs))
	for i, periodID := range periodIDs {
		texts[i] = dateText(periodID)
	}
	return texts
}

func notAfter(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}
