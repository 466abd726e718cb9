package sqlite_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestPurgeKeepsWhatMayStillBeAskedFor deletes what ended and what is remembered
// once their time is over, and never what is open.
// TestPurgeOfHoursSaysFromWhenOnTheyAreComplete deletes hours and no days.
func TestPurgeOfHoursSaysFromWhenOnTheyAreComplete(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, UsageHours: 48 * time.Hour})
	key := createKey(t, store, "")
	for hour := range 3 {
		clock.set(noon.Add(time.Duration(hour) * time.Hour))
		if _, err := store.Charge(t.Context(), testbatch.Requests(t, key)); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		after time.Duration
		left  string // hours that are over, days, and since when hours are complete
	}{
		{48 * time.Hour, "2 1 never"},
		{49*time.Hour - time.Microsecond, "2 1 never"},
		{49 * time.Hour, "1 1 2026-07-15 13"},
		{200 * time.Hour, "0 1 2026-07-21 20"},
		{201 * time.Hour, "0 1 2026-07-21 20"},
	} {
		clock.set(noon.Add(row.after))
		if err := store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := store.Rows(t.Context(), `SELECT (SELECT count(*) FROM usage_hours) || ' ' || (SELECT count(*) FROM usage_days) || ' ' ||
			coalesce((SELECT strftime('%Y-%m-%d %H', since / 1000000, 'unixepoch') FROM usage_hours_since), 'never')`)
		if err != nil {
			t.Fatal(err)
		}
		if left[0] != row.left {
			t.Errorf("after %s there are %s hours, days and complete since, want %s", row.after, left[0], row.left)
		}
	}
	service := admin.New(store, admin.Config{})
	question := admin.UsageQuestion{Zone: "UTC", UsageFilter: admin.UsageFilter{From: ration.DateID(2026, 7, 21)}}
	_, err := service.SumUsage(t.Context(), question)
	if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != "from" || !strings.Contains(invalid.Reason, "2026-07-22") {
		t.Errorf("from a day that is not complete: %v, want the first one that is", err)
	}
	question.From = 0
	if report, err := service.SumUsage(t.Context(), question); err != nil || report.From != ration.DateID(2026, 7, 22) {
		t.Errorf("from %s, %v; want from the first complete day", report.From.Date(), err)
	}
}

// TestPurgeOfDaysGoesOnInParts deletes more days than one transaction may. Those that the
// request log has entries of stay, and the log still proves the counts without the others.
func TestPurgeOfDaysGoesOnInParts(t *testing.T) {
	clock := newFakeClock(noon)
	config := sqlite.Config{Path: newPath(t), Clock: clock.now, UsageDays: 100 * 24 * time.Hour, RequestLog: 200 * 24 * time.Hour}
	store := open(t, config)
	service := admin.New(store, admin.Config{})
	key := createKey(t, store, "")
	days := make([]admin.ImportedDay, 1100)
	for i := range days {
		days[i] = admin.ImportedDay{KeyID: key, Meter: "tokens", Date: ration.DateID(2026, 7, 15-i), Used: 1}
	}
	for chunk := range slices.Chunk(days, 500) {
		if _, err := service.ImportUsage(t.Context(), "test", admin.UsageImport{Days: chunk}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := store.Charge(t.Context(), testbatch.Requests(t, key)); err != nil {
			t.Fatal(err)
		}
		clock.set(clock.now().Add(24 * time.Hour))
	}
	want := func(after time.Duration, left string, differences int) {
		t.Helper()
		clock.set(noon.Add(after))
		if err := store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := store.Rows(t.Context(), "SELECT count(*) || ' ' || min(date) || ' ' || (SELECT since FROM usage_days_since) FROM usage_days")
		if err != nil || got[0] != left {
			t.Errorf("after %s there are %q, %v; want %s", after, got, err, left)
		}
		if found, err := service.Reconcile(t.Context(), admin.ReconcileFilter{KeyID: key}); err != nil || len(found.Differences) != differences {
			t.Errorf("after %s: %+v, %v; want %d differences", after, found, err, differences)
		}
	}
	want(2*24*time.Hour, "204 2025-12-26 2025-12-26", 0)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	config.RequestLog = 0 // its entries stay, and keep no day any more
	store = open(t, config)
	service = admin.New(store, admin.Config{})
	want(102*24*time.Hour, "1 2026-07-16 2026-07-16", 0)
}

func TestPurgeKeepsWhatMayStillBeAskedFor(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
	key := createKey(t, store, "")
	do := func(items ...testbatch.Item) {
		t.Helper()
		for i := range items {
			items[i].KeyID = key
		}
		if _, err := store.Charge(t.Context(), testbatch.Of(t, items...)); err != nil {
			t.Fatal(err)
		}
	}
	ended, open := ration.NewReservationID(), ration.NewReservationID()
	hold := func(id ration.ReservationID) testbatch.Item {
		return testbatch.Item{Charge: ration.Charge{Hold: &ration.Hold{ID: id, TTL: time.Hour, AtExpiry: ration.AtExpiryKeep}}}
	}
	do(hold(ended), hold(open), testbatch.Item{End: &ration.End{ID: ended, Action: ration.EndVoid, Overage: ration.OverageRefuse}})
	do(testbatch.Item{Charge: ration.Charge{Idempotency: &ration.Idempotency{Key: "one"}}})

	do(testbatch.Item{Refund: &ration.Receipt{KeyID: key, Postings: []ration.Posting{{Meter: "requests", Units: 1}}}}) // of five periods

	once := &admin.Once{Seal: func(any) ([]byte, error) { return []byte{1}, nil }}
	if _, err := store.CreateKey(admin.WithOnce(t.Context(), once), newKey("")); err != nil {
		t.Fatal(err)
	}

	for _, row := range []struct {
		after time.Duration
		left  string // reservations, idempotency keys, answers to administrators, and refunds
	}{
		{0, "2 1 1 5"},
		{ration.IdempotencyRetention, "2 1 1 5"},
		{ration.IdempotencyRetention + time.Microsecond, "2 0 0 5"},
		{ration.ReservationRetention, "2 0 0 5"},
		{ration.ReservationRetention + time.Microsecond, "1 0 0 5"},
		{ledger.RefundRetention, "1 0 0 5"},
		{ledger.RefundRetention + time.Microsecond, "1 0 0 1"},
		{10 * ledger.RefundRetention, "1 0 0 1"},
	} {
		clock.set(noon.Add(row.after))
		if err := store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := store.Rows(t.Context(), "SELECT (SELECT count(*) FROM reservations) || ' ' || (SELECT count(*) FROM idempotency_keys) || ' ' || (SELECT count(*) FROM admin_answers) || ' ' || (SELECT count(*) FROM refunds)")
		if err != nil {
			t.Fatal(err)
		}
		if left[0] != row.left {
			t.Errorf("after %s there are %s reservations, idempotency keys, answers and refunds, want %s", row.after, left[0], row.left)
		}
	}
}

// TestFinishedJobsAreKeptForATime deletes jobs 30 days after they have finished.
func TestFinishedJobsAreKeptForATime(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
	var jobs []admin.JobRecord
	for range 2 {
		job, err := store.CreateJob(t.Context(), admin.JobRecord{Job: admin.Job{Actor: "test"}}, [][]byte{{1}},
			func(int, int) error { return nil }, admin.AuditEntry{Actor: "test"})
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, job)
	}
	if _, err := store.CancelJob(t.Context(), jobs[0].ID, "", admin.AuditEntry{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		after time.Duration
		left  int
	}{{admin.JobRetention, 2}, {admin.JobRetention + time.Microsecond, 1}, {10 * admin.JobRetention, 1}} {
		clock.set(noon.Add(row.after))
		if err := store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := store.ListJobs(t.Context(), admin.JobFilter{}, [16]byte{})
		if err != nil || len(left) != row.left {
			t.Errorf("after %s there are %d jobs, %v; want %d", row.after, len(left), err, row.left)
		}
	}
}

// TestSessionsAreKeptForATime deletes sessions and login links 30 days after their expiry.
func TestSessionsAreKeptForATime(t *testing.T) {
	clock := newFakeClock(noon)
	path := newPath(t)
	store := open(t, sqlite.Config{Path: path, Clock: clock.now})
	link := ration.NewSecret("rk").Digest(nil)
	_, linkErr := store.CreateLoginLink(t.Context(), admin.LoginLink{For: "a", Scopes: []string{"read"}}, link, time.Hour, admin.AuditEntry{Actor: "test"})
	_, err := store.BeginSession(t.Context(), ration.Digest{}, func(begin *admin.SessionBegin) error {
		begin.Session, begin.Digest = admin.Session{Name: "a", Actor: "user:a", Scopes: []string{"read"}}, ration.NewSecret("rk").Digest(nil)
		return nil
	})
	if err := errors.Join(linkErr, err); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		after time.Duration
		left  int
		links bool
	}{
		{admin.SessionRetention + time.Hour, 1, true},
		{admin.SessionRetention + time.Hour + time.Microsecond, 1, false},
		{admin.SessionRetention + admin.SessionDuration, 1, false},
		{admin.SessionRetention + admin.SessionDuration + time.Microsecond, 0, false},
	} {
		clock.set(noon.Add(row.after))
		if err := store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, _, err := store.ListSessions(t.Context(), admin.SessionFilter{Over: true})
		if err != nil || len(left) != row.left {
			t.Errorf("after %s there are %d sessions, %v; want %d", row.after, len(left), err, row.left)
		}
		clock.set(noon) // when the link is valid, if it is there
		there := errors.New("the link is there")
		want := admin.ErrLoginLinkInvalid
		if row.links {
			want = there
		}
		if _, err := store.BeginSession(t.Context(), link, func(*admin.SessionBegin) error { return there }); !errors.Is(err, want) {
			t.Errorf("after %s the link: %v, want %v", row.after, err, want)
		}
	}
}
