package admin_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// wandering is a key that is charged while its clock is wrong now and then.
type wandering struct {
	zone     string
	now      time.Time     // the truth
	offset   time.Duration // of the clock
	policy   ledger.Policy
	usage    ledger.Usage
	days     map[ration.PeriodID]admin.MeterDay
	before   []admin.MeterDay // the days at the last repair
	admitted []admission
}

// admission is what was let through, at its true time.
type admission struct {
	at    time.Time
	units int64
}

func newWandering(zone string, now time.Time) *wandering {
	w := &wandering{now: now, days: map[ration.PeriodID]admin.MeterDay{}}
	w.policy.Key.Status = ration.StatusActive
	w.policy.Limits = []ration.Limit{{Name: "day", Meter: ration.MeterRequests, Kind: ration.KindQuota, Quantity: 40, Period: ration.PeriodDay}}
	w.move(zone)
	return w
}

func (w *wandering) move(zone string) {
	location, err := ration.LoadZone(zone)
	if err != nil {
		panic(err) // tests give only zones that exist
	}
	w.zone, w.policy.Zone = zone, location
}

func (w *wandering) charge(units int64) ration.Decision {
	charge := ration.Charge{Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: units}}}
	clock := ledger.Clock{Now: w.now.Add(w.offset)}
	decision, changes := ledger.Decide(&w.policy, w.usage, &charge, ration.SecretID{}, clock)
	w.usage = w.usage.Apply(changes)
	change := changes.Meters[0]
	day := w.days[change.Day]
	day.Date = change.Day
	day.Denied += change.Denied
	if decision.Allowed() {
		day.Used += units
		day.LastRequestAt = clock.Now
		w.admitted = append(w.admitted, admission{w.now, units})
	}
	w.days[change.Day] = day
	return decision
}

// repair repairs with a right clock, as a store does.
func (w *wandering) repair(t rapid.TB) (changed bool) {
	record := admin.MeterRecord{MeterUsage: *w.usage.Meter(ration.MeterRequests)}
	for _, day := range w.days {
		if day.Date >= admin.RepairFrom(w.now) {
			record.Days = append(record.Days, day)
		}
	}
	slices.SortFunc(record.Days, func(a, b admin.MeterDay) int { return int(a.Date) - int(b.Date) })
	w.before = record.Days
	repair := admin.UsageRepair{Now: w.now, TimeZone: w.zone, Meters: []admin.MeterRecord{record}}
	err := admin.RepairKey("test", &repair)
	if errors.Is(err, admin.ErrUnchanged) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	*w.usage.Meter(ration.MeterRequests) = repair.Meters[0].MeterUsage
	w.fold(repair.Meters[0].Fold)
	return true
}

func (w *wandering) fold(fold admin.Fold) {
	for _, date := range fold.From {
		delete(w.days, date)
	}
	if len(fold.From) == 0 {
		return
	}
	day := w.days[fold.Into.Date]
	day.Date = fold.Into.Date
	day.Used += fold.Into.Used
	day.Denied += fold.Into.Denied
	if !fold.Into.LastRequestAt.IsZero() {
		day.LastRequestAt = fold.Into.LastRequestAt
	}
	w.days[fold.Into.Date] = day
}

func (w *wandering) window(period ration.Period) ledger.Window {
	return w.usage.Meter(ration.MeterRequests).Windows[slices.Index(ration.WindowPeriods[:], period)]
}

func (w *wandering) history(belongs func(ration.PeriodID) bool) (used, denied int64) {
	for _, day := range w.days {
		if belongs(day.Date) {
			used, denied = used+day.Used, denied+day.Denied
		}
	}
	return used, denied
}

func all(ration.PeriodID) bool { return true }

var repairZones = []string{"", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns"}

func drawWandering(rt *rapid.T) *wandering {
	later := time.Duration(rapid.Int64Range(0, int64(70*24*time.Hour/time.Microsecond)).Draw(rt, "start")) * time.Microsecond
	return newWandering(rapid.SampledFrom(repairZones).Draw(rt, "zone"), noon.Add(later))
}

var drawOffset = rapid.OneOf(
	rapid.Just(time.Duration(0)),
	rapid.SampledFrom([]time.Duration{time.Second, 9 * time.Minute, time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 35 * 24 * time.Hour, 3652 * 24 * time.Hour}),
)

var drawPause = rapid.SampledFrom([]time.Duration{0, time.Second, 7 * time.Minute, 50 * time.Minute, 5 * time.Hour, 30 * time.Hour})

// TestRepairGivesNoSecondQuota: after a clock was ahead, each running period has
// used at least what was let through in it, whatever the clock showed then.
func TestRepairGivesNoSecondQuota(t *testing.T) {
	repaired := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWandering(rt)
		for range rapid.IntRange(1, 30).Draw(rt, "charges") {
			w.now = w.now.Add(drawPause.Draw(rt, "pause"))
			w.offset = drawOffset.Draw(rt, "ahead")
			w.charge(rapid.Int64Range(0, 9).Draw(rt, "units"))
		}
		w.offset = 0
		reserved := reserve(w)
		used, denied := w.history(all)
		lifetime := w.usage.Meter(ration.MeterRequests).Used
		if w.repair(rt) {
			repaired++
		}
		if nowUsed, nowDenied := w.history(all); nowUsed != used || nowDenied != denied || used != lifetime || w.usage[0].Used != lifetime {
			rt.Fatalf("history of %d used and %d denied, was %d and %d; used %d ever, was %d", nowUsed, nowDenied, used, denied, w.usage[0].Used, lifetime)
		}
		w.wantRunning(rt)
		w.wantReserved(rt, reserved)
		w.wantOpen(rt)
		if w.repair(rt) {
			rt.Fatal("the repair finds something to repair in what it left")
		}
	})
	if repaired == 0 {
		t.Error("nothing was ever repaired")
	}
}

// reserve holds something in every window and returns what it was held in.
func reserve(w *wandering) (reserved [len(ration.WindowPeriods)]ration.PeriodID) {
	for i := range w.usage[0].Windows {
		w.usage[0].Windows[i].Reserved = 7
		reserved[i] = w.usage[0].Windows[i].ID
	}
	return reserved
}

// wantReserved: a window that was moved has nothing reserved any more.
func (w *wandering) wantReserved(rt *rapid.T, before [len(ration.WindowPeriods)]ration.PeriodID) {
	for i, window := range w.usage[0].Windows {
		want := int64(7)
		if window.ID != before[i] {
			want = 0
		}
		if window.Reserved != want {
			rt.Fatalf("of the %s %d are reserved, want %d", ration.WindowPeriods[i], window.Reserved, want)
		}
	}
}

// wantRunning compares the windows with the truth.
func (w *wandering) wantRunning(rt *rapid.T) {
	for _, period := range ration.WindowPeriods {
		periodID, ends := ration.PeriodAt(period, w.now, w.policy.Zone)
		soon := w.latest(period)
		window := w.window(period)
		var truth int64
		for _, a := range w.admitted {
			if then, _ := ration.PeriodAt(period, a.at, w.policy.Zone); then == periodID {
				truth += a.units
			}
		}
		switch {
		case window.ID > soon:
			rt.Fatalf("the %s %d is from the future, it is %d", period, window.ID, periodID)
		case window.ID < periodID && truth > 0:
			rt.Fatalf("the %s %d is over and %d were let through in this one", period, window.ID, truth)
		case window.ID == periodID && window.Used < truth:
			rt.Fatalf("the %s has used %d, and %d were let through in it", period, window.Used, truth)
		case window.ID == periodID && window.EndsAt.After(ends):
			rt.Fatalf("the %s ends at %s, want %s at the latest", period, window.EndsAt, ends)
		}
		if period == ration.PeriodHour {
			continue // the history does not know hours
		}
		if counted, _ := w.history(func(date ration.PeriodID) bool { return date >= window.ID }); counted != window.Used {
			rt.Fatalf("the %s has used %d, its history %d", period, window.Used, counted)
		}
	}
	latest := slices.MaxFunc(slices.Collect(maps.Values(w.days)), func(a, b admin.MeterDay) int { return int(a.Date) - int(b.Date) })
	if _, date := admin.LatestPeriods(w.now); latest.Date > date {
		rt.Fatalf("the history goes on until %s, it is %s", latest.Date.Date(), w.now)
	}
}

// latest returns the last period that a repair may leave: that of an hour which
// was tolerated, or of a date on which the key was used when the clock was right,
// since that may have begun in another zone.
func (w *wandering) latest(period ration.Period) ration.PeriodID {
	latest, _ := ration.PeriodAt(period, w.now.Add(70*time.Minute), w.policy.Zone)
	_, date := admin.LatestPeriods(w.now)
	for _, day := range w.before {
		if period != ration.PeriodHour && day.Date <= date && !day.LastRequestAt.IsZero() && !day.LastRequestAt.After(w.now.Add(10*time.Minute)) {
			periodID, _ := ration.PeriodAt(period, day.Date.Date(), time.UTC)
			latest = max(latest, periodID)
		}
	}
	return latest
}

// wantOpen wants the key's next day to be open to it.
func (w *wandering) wantOpen(rt *rapid.T) {
	next := *w
	next.usage, next.days = w.usage.Clone(), map[ration.PeriodID]admin.MeterDay{}
	for periodID := ration.PeriodID(0); periodID <= w.latest(ration.PeriodDay); {
		periodID, next.now = ration.PeriodAt(ration.PeriodDay, next.now, w.policy.Zone)
	}
	if decision := next.charge(1); !decision.Allowed() {
		rt.Fatalf("on the next day: %s, %+v", decision.Code, decision.Limits)
	}
}

// TestRepairKeepsCounts: whatever the clock and the zone did, a repair loses no
// count, and the running periods have used what the history has.
func TestRepairKeepsCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWandering(rt)
		for range rapid.IntRange(1, 30).Draw(rt, "charges") {
			w.now = w.now.Add(drawPause.Draw(rt, "pause"))
			w.offset = drawOffset.Draw(rt, "offset")
			if rapid.Bool().Draw(rt, "behind") {
				w.offset = -w.offset
			}
			if rapid.IntRange(0, 4).Draw(rt, "moves") == 0 {
				w.move(rapid.SampledFrom(repairZones).Draw(rt, "to"))
			}
			w.charge(rapid.Int64Range(0, 9).Draw(rt, "units"))
		}
		w.offset = 0
		used, denied := w.history(all)
		before := w.usage.Clone()
		changed := w.repair(rt)
		if nowUsed, nowDenied := w.history(all); nowUsed != used || nowDenied != denied {
			rt.Fatalf("history of %d used and %d denied, was %d and %d", nowUsed, nowDenied, used, denied)
		}
		for i, period := range ration.WindowPeriods {
			was, is := before[0].Windows[i], w.usage[0].Windows[i]
			counted, _ := w.history(func(date ration.PeriodID) bool { return date >= is.ID })
			if is.ID != was.ID && period != ration.PeriodHour && is.Used < counted || is.ID == was.ID && is != was {
				rt.Fatalf("the %s was %+v and is %+v; the history has %d", period, was, is, counted)
			}
		}
		if changed && w.repair(rt) {
			rt.Fatal("the repair finds something to repair in what it left")
		}
	})
}

// TestRepairOfTenYears is an example to look at.
func TestRepairOfTenYears(t *testing.T) {
	w := newWandering("Europe/Berlin", time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC))
	w.charge(3)
	w.offset = 3652 * 24 * time.Hour
	w.charge(4)
	w.charge(99)
	future := ration.DateID(2040, 6, 14)
	record := admin.MeterRecord{MeterUsage: w.usage[0], Days: []admin.MeterDay{w.days[ration.DateID(2030, 6, 15)], w.days[future]}}
	repair := admin.UsageRepair{Now: w.now, KeyID: ration.KeyID{}, TimeZone: "Europe/Berlin", Meters: []admin.MeterRecord{record}}
	if err := admin.RepairKey("cli:ann", &repair); err != nil {
		t.Fatal(err)
	}
	want := record
	want.LastRequestAt = w.now
	want.Windows = [4]ledger.Window{
		{ID: ration.HourID(w.now), EndsAt: w.now.Add(time.Hour), Used: 7},
		{ID: ration.DateID(2030, 6, 15), EndsAt: time.Date(2030, 6, 15, 22, 0, 0, 0, time.UTC), Used: 7},
		{ID: ration.DateID(2030, 6, 10), EndsAt: time.Date(2030, 6, 16, 22, 0, 0, 0, time.UTC), Used: 7},
		{ID: ration.DateID(2030, 6, 1), EndsAt: time.Date(2030, 6, 30, 22, 0, 0, 0, time.UTC), Used: 7},
	}
	want.Fold = admin.Fold{
		From: []ration.PeriodID{future},
		Into: admin.MeterDay{Date: ration.DateID(2030, 6, 15), Used: 4, Denied: 1, LastRequestAt: w.now},
	}
	if diff := cmp.Diff(want, repair.Meters[0]); diff != "" {
		t.Errorf("repaired (-want +got):\n%s", diff)
	}
	const details = `{"requests.day":{"old":{"begins":"2040-06-14","used":4},"new":{"begins":"2030-06-15","used":7}},` +
		`"requests.history":{"new":{"denied":1,"from":["2040-06-14"],"to":"2030-06-15","used":4}},` +
		`"requests.hour":{"old":{"begins":"2040-06-14T12:00:00Z","used":4},"new":{"begins":"2030-06-15T12:00:00Z","used":7}},` +
		`"requests.month":{"old":{"begins":"2040-06-01","used":4},"new":{"begins":"2030-06-01","used":7}},` +
		`"requests.week":{"old":{"begins":"2040-06-11","used":4},"new":{"begins":"2030-06-10","used":7}}}`
	if got := repair.Audit; got.Actor != "cli:ann" || got.Action != "key.repair" || got.Target != repair.KeyID.String() || string(got.Details) != details {
		t.Errorf("audit entry %+v", got)
	}
}

// TestDayThatAZoneLengthensIsLeftAlone: a key that moved far west has a date that
// its new zone has yet to reach. No clock was wrong.
func TestDayThatAZoneLengthensIsLeftAlone(t *testing.T) {
	w := newWandering("Pacific/Kiritimati", time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC))
	w.charge(40)
	w.move("Pacific/Pago_Pago") // 25 hours behind
	record := admin.MeterRecord{MeterUsage: w.usage[0], Days: []admin.MeterDay{w.days[ration.DateID(2030, 6, 16)]}}
	w.before = record.Days
	repair := admin.UsageRepair{Now: w.now, TimeZone: w.zone, Meters: []admin.MeterRecord{record}}
	if err := admin.RepairKey("test", &repair); !errors.Is(err, admin.ErrUnchanged) {
		t.Errorf("repaired to %+v, %v", repair.Meters[0], err)
	}
}
