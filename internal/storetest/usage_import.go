package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

var importTests = []contractTest{
	{"days are raised to what was counted elsewhere, once", testImport},
	{"the running day is the same in usage and in history", testImportedRunningDay},
	{"an import counts in the periods that run", testImportIntoPeriods},
	{"an import turns the periods that have ended", testImportAfterMidnight},
	{"days are those of the key's zone", testImportInZones},
	{"a day that a changed zone lengthens has no next day yet", testImportIntoLengthenedDay},
	{"a day that a changed zone has begun early is raised", testImportIntoEarlyDay},
	{"a key that was never used gets its first usage", testImportForUnusedKey},
	{"a meter that was never used gets its first usage", testImportOnNewMeter},
	{"an import leaves rates, denials and other keys alone", testImportLeaves},
	{"no usage is imported while the clocks disagree", testImportSuspect},
	{"an import of many keys fails as a whole", testFailedImport},
	{"a waiting batch sees what was imported", testWaitingSeesImport},
	{"charges while usage is imported are counted once", testImportWhileCharging},
}

// today is the date of noon in UTC, a Wednesday.
var today = ration.DateID(2026, 7, 15)

func counted(id ration.KeyID, date ration.PeriodID, used int64) admin.ImportedDay {
	return admin.ImportedDay{KeyID: id, Meter: ration.MeterRequests, Date: date, Used: used}
}

// importDays imports days and wants so many of them raised by so many units.
func (f *fixture) importDays(raised int, added int64, days ...admin.ImportedDay) {
	f.Helper()
	got, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: days})
	if err != nil {
		f.Fatalf("importing usage: %v", err)
	}
	f.want("imported", admin.UsageImported{Rows: len(days), Raised: raised, Added: added}, got)
}

// wantUsed wants counts of a meter: ever, and in the hour, the day, the week and the month.
func (f *fixture) wantUsed(id ration.KeyID, meter string, want ...int64) {
	f.Helper()
	entry := f.meter(id, meter)
	got := []int64{entry.Used}
	for _, window := range entry.Windows {
		got = append(got, window.Used)
	}
	f.want(meter+" used ever, in the hour, day, week and month", want, got)
}

func (f *fixture) imports(id ration.KeyID) (count int) {
	f.Helper()
	for _, entry := range f.audit(admin.AuditFilter{Target: id.String()}) {
		if entry.Action == "usage.import" {
			count++
		}
	}
	return count
}

func testImport(f *fixture) {
	id := f.key(f.plan("50/day").Name)
	f.batch(repeat(5, chargeOf(id))...)
	now, yesterday := counted(id, today, 30), counted(id, today-1, 7)
	now.LastRequestAt, yesterday.LastRequestAt = noon.Add(-time.Minute), noon.Add(-20*time.Hour)
	f.importDays(2, 32, now, yesterday)
	f.want("history", []admin.UsageDay{
		{KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: today - 1, Used: 7, LastRequestAt: yesterday.LastRequestAt},
		{KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: today, Used: 30, LastRequestAt: noon},
	}, f.days(id))
	entry := f.meter(id, ration.MeterRequests)
	if !entry.FirstRequestAt.Equal(yesterday.LastRequestAt) || !entry.LastRequestAt.Equal(noon) {
		f.Errorf("used from %s to %s, want from %s to %s", entry.FirstRequestAt, entry.LastRequestAt, yesterday.LastRequestAt, noon)
	}
	f.wantUsed(id, ration.MeterRequests, 37, 5, 30, 37, 37)
	before := f.state(id)
	f.importDays(0, 0, now, yesterday)
	f.want("state after the same import", before, f.state(id))
	if count := f.imports(id); count != 1 {
		f.Errorf("%d entries in the audit log, want 1", count)
	}
	f.allow(id, requests(4), 16)
	f.importDays(0, 0, now, yesterday) // 34 are more than the file has
	now.Used = 40
	f.importDays(1, 6, now)
	f.deny(id, requests(11), ration.CodeQuotaExceeded, 12*time.Hour)
	f.allow(id, requests(10), 0)
}

func testImportedRunningDay(f *fixture) {
	id := f.key("")
	f.batch(chargeOf(id, requests(3), units("tokens", 30)))
	f.importDays(2, 32, counted(id, today, 25), admin.ImportedDay{KeyID: id, Meter: "tokens", Date: today, Used: 40})
	f.batch(chargeOf(id, requests(2), units("tokens", 1)))
	for i, entry := range f.usage(id) {
		window, day := entry.Windows[1], f.days(id)[i]
		if window.ID != day.Date || window.Used != day.Used || window.Used < 27 {
			f.Errorf("%s: the running day is %+v, its history %+v", entry.Meter, window, day)
		}
	}
}

func testImportIntoPeriods(f *fixture) {
	id := f.key(f.plan("1000/hour", "1000/day", "1000/week", "1000/month", "2000/lifetime").Name)
	f.importDays(6, 111_111,
		counted(id, today, 1),                        // Wednesday
		counted(id, today-2, 10),                     // Monday of this week
		counted(id, today-3, 100),                    // Sunday before it
		counted(id, ration.DateID(2026, 7, 1), 1000), // the first of this month
		counted(id, ration.DateID(2026, 6, 30), 10_000),
		counted(id, ration.DateID(1990, 1, 1), 90_000+10_000),
	)
	f.wantUsed(id, ration.MeterRequests, 111_111, 0, 1, 11, 1111)
}

// testImportAfterMidnight: the periods of a key stand as its last charge left them.
func testImportAfterMidnight(f *fixture) {
	id := f.key(f.plan("10/day", "100/week", "1000/month").Name)
	f.allow(id, requests(4), 6, 96, 996)
	f.setNow(noon.Add(24 * time.Hour))
	f.importDays(2, 5, counted(id, today, 6), counted(id, today+1, 3)) // 4 and 0 are counted
	f.wantUsed(id, ration.MeterRequests, 9, 0, 3, 9, 9)
	f.allow(id, requests(1), 6, 90, 990)
	f.setNow(noon.Add(20 * 24 * time.Hour)) // in August
	f.importDays(1, 2, counted(id, today+2, 2))
	f.wantUsed(id, ration.MeterRequests, 12, 0, 0, 0, 0)
	f.allow(id, requests(1), 9, 99, 999)
}

func testImportInZones(f *fixture) {
	plan := f.planIn("Pacific/Pago_Pago", "9/day").Name
	for _, row := range []struct {
		id    ration.KeyID
		today ration.PeriodID
	}{
		{f.keyIn("Pacific/Kiritimati", plan), today + 1}, // 14 hours ahead of UTC
		{f.key(plan), today},                             // 11 hours behind
	} {
		_, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{counted(row.id, row.today+1, 1)}})
		f.wantInvalid(err, "date")
		f.importDays(2, 8, counted(row.id, row.today, 5), counted(row.id, row.today-1, 3))
		f.allow(row.id, requests(1), 3)
		if day := f.meter(row.id, ration.MeterRequests).Windows[1]; day.ID != row.today || day.Used != 6 {
			f.Errorf("the day is %+v, want 6 used on %s", day, row.today.Date())
		}
	}
}

func (f *fixture) wantInvalid(err error, field string) {
	f.Helper()
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != field {
		f.Errorf("error %v, want one about %s", err, field)
	}
}

// testImportIntoLengthenedDay: what a changed zone calls tomorrow is not yet the
// key's day, so it would be forgotten when that begins.
func testImportIntoLengthenedDay(f *fixture) {
	f.setNow(time.Date(2026, 7, 15, 20, 0, 0, 0, time.UTC))
	id := f.key(f.plan("9/day").Name)
	f.allow(id, requests(1), 8)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Asia/Tokyo" }) // where it is the 16th
	_, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{counted(id, today+1, 5)}})
	f.wantInvalid(err, "date")
	f.importDays(1, 4, counted(id, today, 5))
	f.allow(id, requests(1), 3)
	f.advance(4 * time.Hour)
	f.importDays(1, 5, counted(id, today+1, 5))
	f.allow(id, requests(1), 3)
}

// testImportIntoEarlyDay: a day that has begun runs on where a changed zone says
// that it is the one before.
func testImportIntoEarlyDay(f *fixture) {
	id := f.keyIn("Pacific/Kiritimati", f.plan("9/day").Name) // where it is the 16th
	f.allow(id, requests(1), 8)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "" })
	f.importDays(2, 8, counted(id, today, 5), counted(id, today+1, 4))
	f.allow(id, requests(1), 4)
	f.wantUsed(id, ration.MeterRequests, 10, 2, 5, 10, 10)
}

func testImportForUnusedKey(f *fixture) {
	id := f.key(f.plan("5/day").Name)
	f.importDays(0, 0, counted(id, today, 0))
	if entry := f.meter(id, ration.MeterRequests); entry.Windows != (ledger.MeterUsage{}).Windows || len(f.days(id)) > 0 {
		f.Errorf("nothing was counted, and the usage is %+v", entry)
	}
	day := counted(id, today, 4)
	day.LastRequestAt = noon.Add(-time.Hour)
	f.importDays(1, 4, day)
	entry := f.meter(id, ration.MeterRequests)
	if !entry.FirstRequestAt.Equal(day.LastRequestAt) || !entry.LastRequestAt.Equal(day.LastRequestAt) {
		f.Errorf("used from %s to %s, want %s", entry.FirstRequestAt, entry.LastRequestAt, day.LastRequestAt)
	}
	f.allow(id, requests(1), 0)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
}

func testImportOnNewMeter(f *fixture) {
	id := f.key(f.plan("100 tokens/day", "9 pages/day").Name)
	f.importDays(2, 61,
		admin.ImportedDay{KeyID: id, Meter: "tokens", Date: today, Used: 60},
		admin.ImportedDay{KeyID: id, Meter: "pages", Date: today - 1, Used: 1},
	)
	f.wantUsed(id, "tokens", 60, 0, 60, 60, 60)
	f.wantUsed(id, "pages", 1, 0, 0, 1, 1)
	f.wantUsed(id, ration.MeterRequests, 0, 0, 0, 0, 0)
	decision := f.charge(chargeOf(id, units("tokens", 40), units("pages", 9)))
	f.wantCode(decision, ration.CodeOK)
	f.wantRemaining(decision, 0, 0)
}

func testImportLeaves(f *fixture) {
	plan := f.plan("2/minute", "3/day").Name
	id, other := f.key(plan), f.key(plan)
	f.batch(append(repeat(3, chargeOf(id)), chargeOf(other))...)
	before, untouched := f.meter(id, ration.MeterRequests), f.state(other)
	f.importDays(1, 1, counted(id, today, 3))
	after := f.meter(id, ration.MeterRequests)
	if after.Rates != before.Rates || after.Denied != 1 || before.Denied != 1 || after.Windows[0] != before.Windows[0] {
		f.Errorf("the import made %+v of %+v", after, before)
	}
	f.want("another key", untouched, f.state(other))
}

func testImportSuspect(f *fixture) {
	id := f.key("")
	before := f.state(id)
	for _, dryRun := range []bool{true, false} {
		if f.SetInstanceNow != nil {
			f.SetInstanceNow(f.now.Add(11 * time.Minute))
			_, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{counted(id, today, 3)}, DryRun: dryRun})
			f.wantError(err, ration.ErrClockSuspect)
		}
		f.setNow(f.now)
		f.want("state after no import", before, f.state(id))
	}
	f.importDays(1, 3, counted(id, today, 3))
}

func testFailedImport(f *fixture) {
	ids := []ration.KeyID{f.key(""), f.key("")}
	before := []state{f.state(ids[0]), f.state(ids[1])}
	for _, bad := range []admin.ImportedDay{counted(ids[1], today+2, 1), counted(ration.NewKeyID(), today, 1)} {
		_, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{counted(ids[0], today, 3), bad}})
		if err == nil {
			f.Error("a day that can't have been was imported")
		}
		f.want("state after an import that failed", before, []state{f.state(ids[0]), f.state(ids[1])})
	}
	_, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{counted(ids[0], today, 3)}, DryRun: true})
	f.wantError(err, nil)
	f.want("state after a dry run", before, []state{f.state(ids[0]), f.state(ids[1])})
	f.importDays(2, 7, counted(ids[0], today, 3), counted(ids[1], today, 4))
}

func testWaitingSeesImport(f *fixture) {
	id := f.key(f.plan("9/day").Name)
	decisions := f.during(func(begin func()) error {
		return f.Store.RaiseUsage(f.Context(), []admin.DayKey{{KeyID: id, Meter: ration.MeterRequests, Date: today}}, func(raise *admin.UsageRaise) error {
			begin()
			usage := raise.Usage.Meter(ration.MeterRequests).At(raise.Now, time.UTC)
			usage.Windows[1].Used = 5
			raise.Additions = []admin.MeterAddition{{
				MeterWrite: ledger.MeterWrite{Meter: ration.MeterRequests, Used: 5, Windows: usage.Windows},
				Days:       []admin.MeterDay{{Date: today, Used: 5}},
			}}
			raise.Audit = entry("usage.import", id.String())
			return nil
		})
	}, chargeOf(id))
	f.wantRemaining(decisions[0], 3)
}

// testImportWhileCharging lets every instance charge some keys while one imports
// what was counted of them before, day by day. An import of today raises what
// is counted by then, so that in the end either side's count is there.
func testImportWhileCharging(f *fixture) {
	const rounds, charges = 8, 20
	plan := f.plan("1000000/day").Name
	ids := []ration.KeyID{f.key(plan), f.key(plan), f.key(plan)}
	stores := f.instances(3)
	var group sync.WaitGroup
	for _, store := range stores {
		group.Go(func() {
			for range charges {
				if _, err := chargeBatch(f, store, chargeOf(ids[0]), chargeOf(ids[1]), chargeOf(ids[2])); err != nil {
					f.Errorf("charging: %v", err)
					return
				}
			}
		})
	}
	for _, store := range stores {
		group.Go(func() {
			for round := range rounds {
				var days []admin.ImportedDay
				for i := range ids {
					days = append(days, counted(ids[i], today-ration.PeriodID(round)-1, 10), counted(ids[i], today, 1))
				}
				if _, err := admin.New(store, admin.Config{}).ImportUsage(f.Context(), "test", admin.UsageImport{Days: days}); err != nil {
					f.Errorf("importing: %v", err)
					return
				}
			}
		})
	}
	group.Wait()
	charged, before := int64(len(stores)*charges), int64(10*rounds)
	for _, id := range ids {
		// A file that has 1 today may come before the first charge, and is then counted as well.
		used := f.meter(id, ration.MeterRequests).Used - before
		if used != charged && used != charged+1 {
			f.Errorf("used %d beside what was imported, want %d, or one more", used, charged)
		}
		var sum int64
		for _, day := range f.days(id) {
			sum += day.Used
		}
		if window := f.meter(id, ration.MeterRequests).Windows[1]; sum != used+before || window.Used != used {
			f.Errorf("history has %d and the running day %d, want %d and %d", sum, window.Used, used+before, used)
		}
	}
}
