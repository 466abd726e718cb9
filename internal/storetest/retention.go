package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var retentionTests = []contractTest{
	{"a day is kept for as long in every time zone", testDaysInZonesAreKept},
	{"a day is kept while a reservation may be settled to it", testDayOfOpenReservationIsKept},
	{"totals and running periods outlast the history", testTotalsOutlastHistory},
	{"reports on deleted days are refused", testReportsOnDeletedDays},
	{"usage of deleted days is not imported again", testImportOfDeletedDays},
	{"instances that delete at once delete each day once", testInstancesDeleteAtOnce},
	{"while the clocks disagree nothing is deleted", testNothingIsDeletedInDoubt},
	{"the audit log is kept for its time", testAuditIsKept},
	{"events are kept for their time, and whoever has missed some is told", testEventsAreKept},
	{"events that nobody has read are deleted too", testUnreadEventsAreDeleted},
	{"whoever reads only some events has missed none of the others", testQuietFollower},
	{"whoever has read an empty feed is told what was deleted", testFollowerOfNothing},
}

const (
	day = 24 * time.Hour
	// keptFor is how long these tests keep what is deleted.
	keptFor = 100 * day
)

func (f *fixture) purge() {
	f.Helper()
	if err := f.Purge(f.Context(), f.Store, keptFor); err != nil {
		f.Fatalf("deleting what is kept no longer: %v", err)
	}
}

// beginAfter begins a test later than what others have deleted: since when history is
// complete only goes up. It returns the date.
func (f *fixture) beginAfter(tests int) ration.PeriodID {
	f.setNow(noon.AddDate(0, 0, 1000*tests))
	return ration.DateID(f.now.Date())
}

// dates returns the days of a key's requests.
func (f *fixture) dates(id ration.KeyID) (dates []ration.PeriodID) {
	f.Helper()
	days, err := f.Store.UsageDays(f.Context(), admin.UsageFilter{KeyID: id, Meter: ration.MeterRequests})
	if err != nil {
		f.Fatal(err)
	}
	for _, day := range days {
		dates = append(dates, day.Date)
	}
	return dates
}

// wantDates wants a key to have these days of requests.
func (f *fixture) wantDates(what string, id ration.KeyID, want ...ration.PeriodID) {
	f.Helper()
	got := f.dates(id)
	f.want("days of "+what, want, got)
}

// testDaysInZonesAreKept uses keys at both ends of the earth. Noon of today is tomorrow
// in Kiritimati. A day goes when it has been over for the time in every zone.
func testDaysInZonesAreKept(f *fixture) {
	f.beginAfter(1)
	east, west := f.keyIn("Pacific/Kiritimati", ""), f.keyIn("Etc/GMT+12", "")
	f.charge(chargeOf(east))
	f.charge(chargeOf(west))
	midnight := f.now.Add(12 * time.Hour)
	for _, row := range []struct {
		now        time.Time
		east, west bool // their day is kept
	}{
		{midnight.Add(keptFor + day - time.Microsecond), true, true}, // where it was over half a day ago, and in the far west half a day
		{midnight.Add(keptFor + day), true, false},
		{midnight.Add(keptFor + 2*day - time.Microsecond), true, false},
		{midnight.Add(keptFor + 2*day), false, false},
	} {
		f.setNow(row.now)
		f.purge()
		for id, kept := range map[ration.KeyID]bool{east: row.east, west: row.west} {
			if got := len(f.dates(id)) == 1; got != kept {
				f.Errorf("at %s a day of the east %t: kept is %t, want %t", row.now, id == east, got, kept)
			}
		}
	}
}

func testDayOfOpenReservationIsKept(f *fixture) {
	today := f.beginAfter(2)
	id, other := f.key(""), f.key("")
	f.charge(chargeOf(other))
	held := f.hold(id, ration.Hold{TTL: time.Hour, AtExpiry: ration.AtExpiryKeep}, requests(3), units("tokens", 5))
	f.charge(chargeOf(id))
	f.advance(keptFor + 3*day)
	f.hold(other, ration.Hold{TTL: time.Hour}, requests(1)) // which can't be settled to that day
	f.purge()
	f.wantDates("a key with an old open reservation", id, today)
	f.wantDates("a key with a young one", other, today+103)
	f.charge(settling(held, ration.OverageRefuse, requests(2))) // too late: it keeps what it held
	if used := f.meter(id, ration.MeterRequests).Used; used != 4 {
		f.Errorf("%d requests, want 4", used)
	}
	f.wantDates("the key after the end", id, today)
	f.purge()
	f.wantDates("the key whose reservation has ended", id)
}

func testTotalsOutlastHistory(f *fixture) {
	today := f.beginAfter(3)
	id := f.key(f.plan("50/lifetime", "3/month").Name)
	f.batch(chargeOf(id, requests(3)), chargeOf(id, requests(1)))
	f.advance(keptFor + 3*day)
	f.batch(chargeOf(id, requests(2)), chargeOf(id, units("tokens", 7)))
	before := f.usage(id)
	f.purge()
	f.want("usage", before, f.usage(id))
	f.wantUsed(id, ration.MeterRequests, 6, 3, 3, 3, 3)
	f.wantDates("requests", id, today+103)
	f.allow(id, requests(0), 0, 44)
}

func testReportsOnDeletedDays(f *fixture) {
	today := f.beginAfter(4)
	id := f.key("")
	for range 3 {
		f.charge(chargeOf(id))
		f.advance(2 * day)
	}
	f.advance(keptFor - 2*day) // days from before today + 3 go
	f.purge()
	service, since := f.doctor(), today+3
	for _, row := range []struct {
		name     string
		from, to ration.PeriodID
		refused  string // the field
	}{
		{"what is kept", 0, 0, ""},
		{"the first day that is kept", since, 0, ""},
		{"a deleted day", since - 1, 0, "from"},
		{"deleted days", 0, since - 1, "to"},
		{"up to a day that is kept", 0, since, ""},
	} {
		filter := admin.UsageFilter{KeyID: id, From: row.from, To: row.to}
		_, daysErr := service.UsageDays(f.Context(), filter)
		_, sumErr := service.SumUsage(f.Context(), admin.UsageQuestion{UsageFilter: filter})
		for _, err := range []error{daysErr, sumErr} {
			var invalid *ration.InvalidError
			if row.refused == "" && err != nil || row.refused != "" && (!errors.As(err, &invalid) || invalid.Field != row.refused || !strings.Contains(invalid.Reason, since.Date().Format(time.DateOnly))) {
				f.Errorf("%s: %v, want %q refused, and the first day named", row.name, err, row.refused)
			}
		}
	}
	report, err := service.SumUsage(f.Context(), admin.UsageQuestion{UsageFilter: admin.UsageFilter{KeyID: id}})
	if err != nil || report.From != since || len(report.Totals) != 1 || report.Totals[0].Used != 1 {
		f.Errorf("%+v, %v; want one request since %s", report, err, since.Date())
	}
}

func testImportOfDeletedDays(f *fixture) {
	today := f.beginAfter(5)
	id := f.key("")
	f.importDays(2, 12, counted(id, today, 7), counted(id, today-1, 5))
	f.advance(keptFor + 4*day)
	f.purge()
	before := f.usage(id)
	_, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{counted(id, today, 7)}})
	f.wantInvalid(err, "date")
	f.want("usage after the refused import", before, f.usage(id))
	f.importDays(1, 9, counted(id, today+103, 9))
	if used := f.meter(id, ration.MeterRequests).Used; used != 21 {
		f.Errorf("%d requests, want 21", used)
	}
}

// testInstancesDeleteAtOnce deletes while keys are charged.
func testInstancesDeleteAtOnce(f *fixture) {
	today := f.beginAfter(6)
	ids := f.manyKeys(40, "")
	charge := func() {
		charges := make([]item, len(ids))
		for i, id := range ids {
			charges[i] = chargeOf(id)
		}
		f.batch(charges...)
	}
	for range 4 {
		charge()
		f.advance(day)
	}
	f.advance(keptFor) // days from before today + 3 go
	var group sync.WaitGroup
	for _, store := range append(f.instances(2), f.Store) {
		group.Go(func() {
			if err := f.Purge(f.Context(), store, keptFor); err != nil {
				f.Errorf("deleting: %v", err)
			}
		})
	}
	charge()
	group.Wait()
	f.purge() // what one left out because another had it
	for _, id := range ids {
		f.wantDates("a key", id, today+3, today+104)
		if used := f.meter(id, ration.MeterRequests).Used; used != 5 {
			f.Errorf("%d requests, want 5", used)
		}
	}
}

// testNothingIsDeletedInDoubt lets a clock run ahead: that of the database, of an instance or,
// where both are one, the one against the time that has passed.
func testNothingIsDeletedInDoubt(f *fixture) {
	today := f.beginAfter(7)
	began := f.now
	id := f.key("")
	f.charge(chargeOf(id))
	if f.SetInstanceNow == nil {
		f.purge()
		f.wantDates("a key on its day", id, today)
		return
	}
	f.SetInstanceNow(f.now.Add(keptFor + 10*day))
	f.purge()
	f.wantDates("a key when the instance is ahead", id, today)
	f.setNow(began.Add(keptFor + 10*day))
	f.SetInstanceNow(began)
	f.purge()
	f.wantDates("a key when the database is ahead", id, today)
}

func testAuditIsKept(f *fixture) {
	f.beginAfter(8)
	began := f.now
	id := f.key("")
	f.advance(day)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Name = "later" })
	for _, row := range []struct {
		now  time.Time
		left int
	}{{began.Add(keptFor), 2}, {began.Add(keptFor + time.Second), 1}, {began.Add(keptFor + day + time.Second), 0}} {
		f.setNow(row.now)
		f.purge()
		if got := len(f.audit(admin.AuditFilter{Target: id.String()})); got != row.left {
			f.Errorf("at %s there are %d entries, want %d", row.now, got, row.left)
		}
	}
}

func testEventsAreKept(f *fixture) {
	f.beginAfter(9)
	began := f.now
	id := f.key("")
	f.want("events", 1, len(f.events(id, "")))
	f.advance(day)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
	first := f.events(id, "")[0].Position
	f.setNow(began.Add(keptFor))
	f.purge()
	f.wantTypes(id, admin.EventKeyCreated, admin.EventKeyDisabled)
	f.advance(time.Second)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive }) // has no place yet
	f.purge()
	f.wantTypes(id, admin.EventKeyDisabled, admin.EventKeyEnabled)
	_, err := f.Store.ListEvents(f.Context(), admin.EventFilter{After: first - 1})
	if _, told := errors.AsType[*ration.InvalidError](err); !told {
		f.Errorf("reading on after a place whose next event was deleted: %v, want an error", err)
	}
	rest, err := f.Store.ListEvents(f.Context(), admin.EventFilter{After: first})
	f.wantError(err, nil)
	f.want("number of events", 2, len(rest.Events))
	f.advance(2 * keptFor)
	f.purge()
	f.wantTypes(id)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	if again := f.events(id, ""); len(again) != 1 || again[0].Position <= rest.Events[1].Position {
		f.Errorf("after all was deleted: %+v, want one event with a later place than %d", again, rest.Events[1].Position)
	}
}

// testUnreadEventsAreDeleted deletes more than a part of SQLite's, up to an event that is kept.
func testUnreadEventsAreDeleted(f *fixture) {
	f.beginAfter(10)
	id := f.key("")
	plan := f.plan("1/hour", "1/day", "1/week", "1/month", "1/lifetime", "1 tokens/hour", "1 tokens/day", "1 tokens/week", "1 tokens/month", "1 tokens/lifetime").Name
	var charges []item
	for _, id := range f.manyKeys(40, plan) { // 800 events
		charges = append(charges, chargeOf(id, requests(1), units("tokens", 1)))
	}
	f.batch(charges...)
	f.advance(keptFor + day)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
	f.purge()
	f.publish(f.Store)
	left, err := f.Store.ListEvents(f.Context(), admin.EventFilter{})
	f.wantError(err, nil)
	if found := left.Events; len(found) != 1 || found[0].KeyID != id || found[0].Type != admin.EventKeyDisabled {
		f.Errorf("left are %d events, want one", len(left.Events))
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive })
	f.wantTypes(id, admin.EventKeyDisabled, admin.EventKeyEnabled)
}

// testQuietFollower reads events of a type that never happens, while others are deleted.
func testQuietFollower(f *fixture) {
	f.beginAfter(11)
	service := f.service()
	id := f.key("")
	page, err := service.ListEvents(f.Context(), admin.EventFilter{})
	f.wantError(err, nil)
	filter := admin.EventFilter{Type: admin.EventRefundsExhausted, After: page.After, Limit: 2}
	for i := range 4 {
		for range 3 {
			f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
			f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive })
		}
		f.advance(keptFor / 2)
		page, err := service.ListEvents(f.Context(), filter)
		f.wantError(err, nil)
		f.want("events", 0, len(page.Events))
		f.want(fmt.Sprintf("place after look %d", i), filter.After+6, page.After)
		filter.After = page.After
		f.purge()
	}
}

// testFollowerOfNothing begins at 0, finds nothing of its type, and comes back too late.
func testFollowerOfNothing(f *fixture) {
	f.beginAfter(12)
	service, filter := f.service(), admin.EventFilter{Type: admin.EventKeyRevoked, KeyID: ration.KeyID(uuid.New())}
	page, err := service.ListEvents(f.Context(), filter)
	f.wantError(err, nil)
	if page.After == 0 {
		f.Error("the next page begins with the oldest event that is kept, want the end of the feed")
	}
	f.key("")
	f.advance(keptFor + day)
	f.purge()
	filter.After = page.After
	if _, err = service.ListEvents(f.Context(), filter); err == nil {
		f.Errorf("reading on after %d, whose next event was deleted: no error", page.After)
	}
}
