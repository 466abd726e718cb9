package admin

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// DayKey identifies a row of the history.
type DayKey struct {
	KeyID ration.KeyID
	Meter string
	Date  ration.PeriodID
}

// UsageRaise is what a key has used, within a transaction that adds to it.
type UsageRaise struct {
	Now       time.Time // the store's time
	KeyID     ration.KeyID
	TimeZone  string              // of its periods: the key's own, else its plan's, else empty
	Usage     ledger.Usage        // on all meters
	Units     ledger.Units        // of the meters of the days
	Days      map[DayKey]MeterDay // the rows that were asked for; a day without a row has counted nothing
	Since     ration.PeriodID     // from which on the history is complete, and no row was deleted; 0: from the beginning
	Additions []MeterAddition     // to be filled in, one for each meter
	Audit     AuditEntry          // to be filled in
}

// MeterAddition is what has to be added on a meter. The meter's row may not exist
// yet.
type MeterAddition struct {
	// MeterWrite is written like that of a charge, whether or not it is Posted, with two differences: Days say to
	// which days of the history Used belongs, and FirstRequestAt is also set if it is
	// earlier than the stored one.
	ledger.MeterWrite
	Days []MeterDay // Used has to be added, and LastRequestAt set unless it is zero
}

// DayKeys returns the keys of days, each once, in the order in which they are locked.
// Error: [ration.InvalidError] if they are more than MaxKeysAtOnce.
func DayKeys(days []DayKey) ([]ration.KeyID, error) {
	ids := make([]ration.KeyID, len(days))
	for i, day := range days {
		ids[i] = day.KeyID
	}
	return LockOrder(ids)
}

// MetersOf returns the meters of days, each once and in the order of their names.
func MetersOf(days []DayKey) []string {
	meters := make([]string, len(days))
	for i, day := range days {
		meters[i] = day.Meter
	}
	slices.Sort(meters)
	return slices.Compact(meters)
}

// What another system counted on a day is not added to what was counted here but
// compared with it: so the same file can be taken over again, also after charges
// here. What is missing is added as if it had been charged on that day: to its
// history, and to those of the running periods that the day belongs to. Which hours
// it was used in nobody knows, so the running hour gets nothing, and the history has it
// at noon.

// raising is the raise of one key.
type raising struct {
	*UsageRaise
	zone *time.Location
	sum  UsageImported
}

// raiseKey raises a key's days to what was counted elsewhere and completes the
// audit entry. It returns ErrUnchanged if none was lower.
func raiseKey(by author, raise *UsageRaise, days []ImportedDay) (UsageImported, error) {
	zone, err := ration.LoadZone(raise.TimeZone)
	if err != nil {
		return UsageImported{}, err
	}
	raise.Additions = nil
	r := raising{UsageRaise: raise, zone: zone}
	for i := range days {
		if err := r.raiseDay(&days[i]); err != nil {
			return UsageImported{}, inRow(days[i].Row, err)
		}
	}
	for i := range raise.Additions {
		r.subtractStored(&raise.Additions[i])
	}
	raise.Audit, err = by.audit("usage.import", raise.KeyID.String(), r.before(), r.after())
	return r.sum, err
}

// raiseDay adds what a day here has less than the imported one.
func (r *raising) raiseDay(day *ImportedDay) error {
	unit := r.Units[day.Meter]
	counted, _, err := ration.Amount{Meter: day.Meter, Units: day.Used, Unit: day.Unit}.In(unit)
	if err != nil {
		return err
	}
	standing := r.standing(day.Meter)
	if err := r.checkTime(day, &standing); err != nil {
		return err
	}
	recorded := r.Days[DayKey{r.KeyID, day.Meter, day.Date}]
	missing := counted.Units - recorded.Used
	if missing <= 0 {
		return nil
	}
	if standing.Used > ration.MaxTotalUnits-missing {
		return &ration.InvalidError{Field: "request_count", Value: counted.Text(), Reason: "the lifetime count would pass " + unit.Text(ration.MaxTotalUnits)}
	}
	last := notAfter(day.LastRequestAt, r.Now)
	addition := r.addition(day.Meter, &standing)
	addition.Used += missing
	addition.FirstRequestAt = earlier(addition.FirstRequestAt, last)
	addition.LastRequestAt = later(addition.LastRequestAt, last)
	addition.CountHour(ledger.HourCount{Hour: r.hourOf(day.Date), Used: missing})
	addition.Days = append(addition.Days, MeterDay{Date: day.Date, Used: missing, LastRequestAt: later(recorded.LastRequestAt, last)})
	for i, period := range ration.WindowPeriods {
		window := &addition.Windows[i]
		if period != ration.PeriodHour && labelAt(period, day.Date.Date(), time.UTC) >= window.ID {
			window.Used += missing
		}
	}
	addition.Shifted = slices.Clone(addition.Shifted)
	for i := range addition.Shifted {
		if window := &addition.Shifted[i]; day.Date >= window.ID {
			window.Used += missing
		}
	}
	r.sum.Raised++
	addImported(&r.sum, UsageImported{Added: missing, Unit: unit})
	return nil
}

// checkTime refuses what has not happened yet, and what may have been counted and
// deleted. The day that runs is the key's last,
// also where a changed zone lengthens it: what belongs to the next would be
// forgotten when that begins.
func (r *raising) checkTime(day *ImportedDay, standing *ledger.MeterUsage) error {
	if day.Date < r.Since {
		return &ration.InvalidError{
			Field: "date", Value: dateText(day.Date),
			Reason: "history from before " + dateText(r.Since) + " was deleted (history_days), so what was counted on that day can't be compared: leave this row out",
		}
	}
	_, latestDate := LatestPeriods(r.Now)
	if today := min(standing.Windows[windowDay].ID, latestDate); day.Date > today {
		return &ration.InvalidError{Field: "date", Value: dateText(day.Date), Reason: "it is in the future: for this key it is " + dateText(today)}
	}
	if day.LastRequestAt.After(r.Now.Add(clockTolerance)) {
		return &ration.InvalidError{
			Field: "last_request_at", Value: day.LastRequestAt.UTC().Format(time.RFC3339), Reason: "it is in the future: it is " + r.Now.UTC().Format(time.RFC3339),
		}
	}
	return nil
}

// standing returns a meter as it stands now; what was added so far is in Used alone.
func (r *raising) standing(meter string) ledger.MeterUsage {
	standing := ledger.MeterUsage{Meter: meter}
	if stored := r.Usage.Meter(meter); stored != nil {
		standing = *stored
	}
	standing = standing.At(r.Now, r.zone)
	for i := range r.Additions {
		if r.Additions[i].Meter == meter {
			standing.Used += r.Additions[i].Used
		}
	}
	return standing
}

// addition returns the addition to a meter, whose windows are, until all is added,
// as they will stand.
func (r *raising) addition(meter string, standing *ledger.MeterUsage) *MeterAddition {
	for i := range r.Additions {
		if r.Additions[i].Meter == meter {
			return &r.Additions[i]
		}
	}
	r.Additions = append(r.Additions, MeterAddition{MeterWrite: ledger.MeterWrite{
		Meter: meter, FirstRequestAt: standing.FirstRequestAt, LastRequestAt: standing.LastRequestAt,
		Windows: standing.Windows, Rates: standing.Rates,
	}})
	if len(standing.Shifted) > 0 {
		addition := &r.Additions[len(r.Additions)-1]
		addition.Resets, addition.Shifted = &standing.Resets, standing.Shifted
	}
	return &r.Additions[len(r.Additions)-1]
}

// hourOf returns the hour in whose history a day's units are counted, since nobody
// knows the right ones: that of its noon, which zones near the key's have on the same
// date, and which has begun.
func (r *raising) hourOf(date ration.PeriodID) ration.PeriodID {
	year, month, day := date.Date().Date()
	noon := time.Date(year, month, day, 12, 0, 0, 0, r.zone)
	return ration.HourID(notAfter(noon, r.Now))
}

// subtractStored leaves in the windows what is to be added to those stored.
func (r *raising) subtractStored(addition *MeterAddition) {
	stored := r.Usage.Meter(addition.Meter)
	var counted ledger.HourCount
	if stored != nil {
		counted = stored.Counted
	}
	addition.TurnHour(counted)
	for i := range addition.Windows {
		if stored != nil && stored.Windows[i].ID == addition.Windows[i].ID {
			addition.Windows[i].Used -= stored.Windows[i].Used
			addition.Windows[i].Reserved -= stored.Windows[i].Reserved
		}
	}
}

// before and after describe what the raise changes: sums, and not every day.
func (r *raising) before() fields {
	all := fields{}
	for i := range r.Additions {
		if stored := r.Usage.Meter(r.Additions[i].Meter); stored != nil {
			all[stored.Meter+".used"] = r.count(stored.Meter, stored.Used)
		}
	}
	return all
}

func (r *raising) after() fields {
	all := fields{}
	for i := range r.Additions {
		addition := &r.Additions[i]
		stored, first, last := int64(0), addition.Days[0].Date, addition.Days[0].Date
		if meter := r.Usage.Meter(addition.Meter); meter != nil {
			stored = meter.Used
		}
		for _, day := range addition.Days {
			first, last = min(first, day.Date), max(last, day.Date)
		}
		all[addition.Meter+".used"] = r.count(addition.Meter, stored+addition.Used)
		all[addition.Meter+".history"] = fields{"days": len(addition.Days), "from": dateText(first), "to": dateText(last), "used": r.count(addition.Meter, addition.Used)}
	}
	return all
}

// count writes a number of units as a JSON number.
func (r *raising) count(meter string, units int64) json.Number {
	return json.Number(r.Units[meter].Text(units))
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
