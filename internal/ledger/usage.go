package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// RatePeriods are the periods of [MeterUsage.Rates].
var RatePeriods = [...]ration.Period{ration.PeriodSecond, ration.PeriodMinute}

// windowHour and windowDay are the indices of the hour and the day in WindowPeriods.
var (
	windowHour = slices.Index(ration.WindowPeriods[:], ration.PeriodHour)
	windowDay  = slices.Index(ration.WindowPeriods[:], ration.PeriodDay)
)

// Usage is what a key has used, with at most one entry per meter. A meter without an
// entry has not been used.
type Usage []MeterUsage

// MeterUsage is what a key has used on one meter. If everything except the name is
// zero, the meter was never used.
type MeterUsage struct {
	Meter          string
	Used           int64 // units, in all time
	Reserved       int64 // units held by open reservations
	Denied         int64 // charges, in all time
	InFlight       int64 // charges whose leases hold a slot; see [CountLeases]
	FirstRequestAt time.Time
	LastRequestAt  time.Time // of admitted charges
	Windows        [len(ration.WindowPeriods)]Window
	Rates          [len(RatePeriods)]RateState
	Resets         Resets
	Shifted        []ShiftedWindow // of periods that don't begin with their unit; never changed in place
	Counted        HourCount       // the latest hour that was counted in; the history has the earlier ones
}

// Window is the current period of one length, such as the current day. It runs until
// EndsAt. The zero Window ended long ago.
type Window struct {
	ID       ration.PeriodID
	EndsAt   time.Time
	Used     int64 // units
	Reserved int64 // units held by open reservations
}

// RateState is GCRA's memory: the theoretical arrival time at which the bucket
// will be whole again if the rate gives back Quantity per period. TAT has
// microseconds, and Rest the fraction of the next one in units of 1/Quantity, so that
// any whole rate is kept exactly, and its units are known under any other.
type RateState struct {
	TAT      time.Time
	Rest     int64
	Quantity int64 // 0: not known, or nothing was counted yet
}

// Meter returns the entry of a meter, or nil.
func (u Usage) Meter(name string) *MeterUsage {
	for i := range u {
		if u[i].Meter == name {
			return &u[i]
		}
	}
	return nil
}

func (u Usage) meterOrUnused(name string) *MeterUsage {
	if entry := u.Meter(name); entry != nil {
		return entry
	}
	return &MeterUsage{Meter: name}
}

// At returns the usage at an instant: periods that have ended by then are replaced by
// the periods that run then, as a charge would do.
func (m MeterUsage) At(now time.Time, zone *time.Location) MeterUsage {
	for i, period := range ration.WindowPeriods {
		m.Windows[i], _ = m.Windows[i].at(period, now, zone)
	}
	limits := make([]ration.Limit, len(m.Shifted))
	for i := range m.Shifted {
		limits[i] = ration.Limit{Meter: m.Meter, Period: m.Shifted[i].Period}
	}
	m.Shifted, m.Resets.Epoch, _ = m.shiftedAt(limits, &m.Windows, now, zone)
	return m
}

// StepBack takes back what a clock that was ahead has left on the meter's rates, and
// does nothing where the last request is not later than now: they owe what they owed at
// the last request, which was no later than now.
func (m *MeterUsage) StepBack(now time.Time) {
	if !m.LastRequestAt.After(now) {
		return
	}
	for i := range m.Rates {
		switch rate := &m.Rates[i]; {
		case rate.TAT.IsZero():
		case rate.TAT.Before(m.LastRequestAt):
			rate.TAT, rate.Rest = now, 0
		default:
			rate.TAT = time.UnixMicro(now.UnixMicro() + microsBetween(m.LastRequestAt, rate.TAT)).UTC()
		}
	}
	m.LastRequestAt = now
}

// Clock is the time of a decision.
type Clock struct {
	Now     time.Time // the store's clock, read after the key was locked; microseconds
	Suspect bool      // it disagrees with the instance's clock, or has just stepped, so no period may begin
}

// at returns the window at an instant, and whether it had to change for that. Period
// ids only go up. After its end, a window gives way to a later period. If the period
// that now holds is not later, because the clock stepped back or the zone changed,
// the window runs on to the end of that period.
func (w Window) at(period ration.Period, now time.Time, zone *time.Location) (Window, bool) {
	if now.Before(w.EndsAt) {
		return w, false
	}
	periodID, endsAt := ration.PeriodAt(period, now, zone)
	if periodID > w.ID {
		return Window{ID: periodID, EndsAt: endsAt}, true
	}
	w.EndsAt = endsAt
	return w, true
}

// Changes is what an admitted or denied charge changes. The zero Changes changes
// nothing.
type Changes struct {
	At   time.Time
	Held bool // units are reserved, not used
	// TakesSlots says that the charge takes a slot of each concurrent limit.
	TakesSlots bool
	Meters     []MeterChange
}

// MeterChange is the change of one meter.
type MeterChange struct {
	Meter    string
	Units    int64                             // added to all windows and the lifetime count, as used or reserved
	InFlight int64                             // slots taken of a concurrent limit: 1 or 0
	Denied   int64                             // 1 if the charge was denied; then only Denied, Day and Hour apply
	Day      ration.PeriodID                   // the day in whose history the charge is counted
	Hour     ration.PeriodID                   // the hour in whose history it is counted
	Window   [len(ration.WindowPeriods)]Window // the windows before Units are added
	Rates    [len(RatePeriods)]RateState       // the rates after the charge
	Epoch    int64                             // the meter's epoch that the charge belongs to
	Shifted  []ShiftedWindow                   // the shifted windows before Units are added
}

// Apply returns the usage after the changes. It may change the entries of u in place.
func (u Usage) Apply(changes Changes) Usage {
	for i := range changes.Meters {
		change := &changes.Meters[i]
		entry := u.Meter(change.Meter)
		if entry == nil {
			u = append(u, MeterUsage{Meter: change.Meter})
			entry = &u[len(u)-1]
		}
		entry.apply(change, &changes)
	}
	return u
}

// Clone returns a copy that shares nothing with u.
func (u Usage) Clone() Usage { return slices.Clone(u) }

func (m *MeterUsage) apply(change *MeterChange, changes *Changes) {
	m.StepBack(changes.At)
	if change.Denied > 0 {
		m.Denied += change.Denied
		return
	}
	m.InFlight += change.InFlight
	used, reserved := change.Units, int64(0)
	if changes.Held {
		used, reserved = 0, change.Units
	}
	m.Used, m.Reserved = m.Used+used, m.Reserved+reserved
	m.Windows = change.Window
	for i := range m.Windows {
		window := &m.Windows[i]
		window.Used, window.Reserved = window.Used+used, window.Reserved+reserved
	}
	m.Rates = change.Rates
	m.Shifted, m.Resets.Epoch = change.Shifted, change.Epoch
	m.addShifted(change.Epoch, used, reserved)
	if m.FirstRequestAt.IsZero() {
		m.FirstRequestAt = changes.At
	}
	m.LastRequestAt = changes.At
}

// post adds units, which may be negative, to the periods that they belong to. A
// window of an earlier period gives way to theirs; the next charge then finds it
// ended, or lets it run on. A window of a later period is not changed. Nothing falls
// below 0, even if usage was repaired in between.
func (m *MeterUsage) post(p *ration.Posting, used, reserved int64) {
	m.Resets.post(p, used, reserved)
	m.addShifted(p.Epoch, used, reserved)
	m.Used, m.Reserved = max(0, m.Used+used), max(0, m.Reserved+reserved)
	for i := range m.Windows {
		window := &m.Windows[i]
		if p.Periods[i] > window.ID && used > 0 {
			*window = Window{ID: p.Periods[i]}
		}
		if window.ID == p.Periods[i] {
			window.Used, window.Reserved = max(0, window.Used+used), max(0, window.Reserved+reserved)
		}
	}
}
