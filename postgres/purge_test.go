package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// fillKept makes a key's reservations that ended, idempotency keys that were used and
// answers to administrators, so many seconds before noon each.
func fillKept(t *testing.T, d *database, n int) {
	t.Helper()
	for _, sql := range []string{
		`INSERT INTO reservations SELECT $1, gen_random_uuid(), 'settled', 'keep', '[]', NULL, now(), now(), $2::timestamptz - i * interval '1 second', NULL, sha256(''), '[]' FROM generate_series(0, $3::int - 1) i`,
		`INSERT INTO idempotency_keys SELECT $1, i::text, sha256(''), '{}', $2::timestamptz - i * interval '1 second' FROM generate_series(0, $3::int - 1) i`,
	} {
		d.exec(t, sql, [16]byte(ration.NewKeyID()), noon, n)
	}
	d.exec(t, "INSERT INTO admin_answers SELECT sha256(i::text::bytea), sha256(''), '', $1::timestamptz - i * interval '1 second' FROM generate_series(0, $2::int - 1) i", noon, n)
}

func (d *database) wantKept(t *testing.T, reservations, replays int64) {
	t.Helper()
	if got := ask[int64](t, d, "SELECT count(*) FROM reservations"); got != reservations {
		t.Errorf("%d reservations, want %d", got, reservations)
	}
	if got := ask[int64](t, d, "SELECT count(*) FROM idempotency_keys"); got != replays {
		t.Errorf("%d idempotency keys, want %d", got, replays)
	}
	if got := ask[int64](t, d, "SELECT count(*) FROM admin_answers"); got != replays {
		t.Errorf("%d answers to administrators, want %d", got, replays)
	}
}

func TestWhatIsKeptNoLongerIsDeletedInParts(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	const n = 2300
	fillKept(t, d, n)
	d.exec(t, `INSERT INTO reservations SELECT $1, gen_random_uuid(), 'open', 'keep', '[]', NULL, '2020-01-01', '2020-01-02', NULL, NULL, sha256(''), '[]'`, [16]byte(ration.NewKeyID()))
	purge := func(parts int) {
		t.Helper()
		if took, err := store.PurgeKept(t.Context()); err != nil || took != parts {
			t.Errorf("PurgeKept = %d parts, %v; want %d", took, err, parts)
		}
	}
	clock.set(t, noon.Add(ration.IdempotencyRetention-2300*time.Second))
	purge(9)
	d.wantKept(t, n+1, n)
	clock.set(t, noon.Add(ration.IdempotencyRetention-100*time.Second))
	purge(13) // 2,199 of both in 3
	d.wantKept(t, n+1, 101)
	clock.set(t, noon.Add(ration.ReservationRetention-100*time.Second))
	purge(11)
	d.wantKept(t, 102, 0)
}

// TestPurgeOfHoursSaysFromWhenOnTheyAreComplete deletes hours in parts, and no days.
func TestPurgeOfHoursSaysFromWhenOnTheyAreComplete(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now, UsageHours: 24 * time.Hour})
	d.exec(t, "INSERT INTO usage_hours SELECT $1, 'requests', $2::timestamptz - i * interval '1 hour', 1, 0, 0 FROM generate_series(0, 2299) i", [16]byte(ration.NewKeyID()), noon)
	for _, row := range []struct {
		after time.Duration
		parts int
		left  int64
		since string
	}{
		{-2276 * time.Hour, 10, 2300, "never"},
		{time.Hour - time.Microsecond, 12, 25, "2026-07-14 12"}, // 2,275 of them in 3
		{time.Hour, 10, 24, "2026-07-14 13"},
		{time.Hour, 10, 24, "2026-07-14 13"},
		{100 * time.Hour, 10, 0, "2026-07-18 16"},
	} {
		clock.set(t, noon.Add(row.after))
		if took, err := store.PurgeKept(t.Context()); err != nil || took != row.parts {
			t.Errorf("PurgeKept = %d parts, %v; want %d", took, err, row.parts)
		}
		if got := ask[int64](t, d, "SELECT count(*) FROM usage_hours"); got != row.left {
			t.Errorf("after %s there are %d hours, want %d", row.after, got, row.left)
		}
		if got := ask[string](t, d, "SELECT coalesce((SELECT to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24') FROM usage_hours_since), 'never')"); got != row.since {
			t.Errorf("after %s hours are complete since %s, want %s", row.after, got, row.since)
		}
	}
}

// TestPurgeOfDaysGoesOnInParts deletes days in parts, and notes from when on they are
// complete. Those of a key with an old open reservation stay.
func TestPurgeOfDaysGoesOnInParts(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now, UsageDays: 100 * 24 * time.Hour, AuditLog: 24 * time.Hour})
	held := [16]byte(ration.NewKeyID())
	d.exec(t, "INSERT INTO usage_days SELECT gen_random_uuid(), 'requests', '2026-03-01'::date + i % 3, 1 FROM generate_series(0, 2299) i")
	d.exec(t, "INSERT INTO usage_days VALUES ($1, 'requests', '2026-03-01', 1), ($1, 'requests', '2026-07-15', 1)", held)
	d.exec(t, `INSERT INTO reservations SELECT $1, gen_random_uuid(), 'open', 'keep', '[]', NULL, '2026-03-01', '2026-03-02', NULL, NULL, sha256(''), '[]'`, held)
	d.exec(t, "INSERT INTO audit_log SELECT gen_random_uuid(), '2026-03-01', 'a', 'b', 'c' FROM generate_series(0, 1099) i")
	for _, row := range []struct {
		parts       int // of reservations, idempotency keys, leases, answers, refunds, days, traffic, entries, marks of events, jobs, sessions and login links
		days, audit int64
		since       string
	}{{15, 2, 0, "2026-04-05"}, {12, 2, 0, "2026-04-05"}} {
		if took, err := store.PurgeKept(t.Context()); err != nil || took != row.parts {
			t.Errorf("PurgeKept = %d parts, %v; want %d", took, err, row.parts)
		}
		if days, audit := ask[int64](t, d, "SELECT count(*) FROM usage_days"), ask[int64](t, d, "SELECT count(*) FROM audit_log"); days != row.days || audit != row.audit {
			t.Errorf("there are %d days and %d entries, want %d and %d", days, audit, row.days, row.audit)
		}
		if got := ask[string](t, d, "SELECT since::text FROM usage_days_since"); got != row.since {
			t.Errorf("days are complete since %s, want %s", got, row.since)
		}
	}
}

// TestRefundsAreKeptWhileTheirPeriodsMayRun: those of a lifetime, for ever.
func TestRefundsAreKeptWhileTheirPeriodsMayRun(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	charge := testbatch.Requests(t, createKey(t, store, ""))
	charge.Items[0].Charge.Refundable = true
	decisions, err := store.Charge(t.Context(), charge)
	if err != nil {
		t.Fatal(err)
	}
	give := func() {
		t.Helper()
		back := ration.Batch{ID: uuid.New(), Items: []ration.Item{{KeyID: decisions[0].KeyID, Refund: decisions[0].Receipt}}}
		if got, err := store.Charge(t.Context(), back); err != nil || got[0].Code != ration.CodeOK {
			t.Fatalf("Charge = %+v, %v", got, err)
		}
	}
	give()
	clock.set(t, noon.Add(time.Hour))
	give() // which makes no row younger
	for _, row := range []struct {
		after time.Duration
		left  int64
	}{{ledger.RefundRetention, 5}, {ledger.RefundRetention + time.Microsecond, 1}} {
		clock.set(t, noon.Add(row.after))
		if _, err := store.PurgeKept(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := ask[int64](t, d, "SELECT count(*) FROM refunds"); got != row.left {
			t.Errorf("after %s there are %d rows, want %d", row.after, got, row.left)
		}
	}
	if got := ask[string](t, d, "SELECT period || units FROM refunds"); got != "lifetime2" {
		t.Errorf("%s is left", got)
	}
}

// One clock that runs ahead deletes nothing.
func TestClockThatIsAheadDeletesNothingThatIsKept(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	fillKept(t, d, 10)
	for name, by := range map[string][2]time.Duration{"the server's": {tenYears, 0}, "the instance's": {0, tenYears}} {
		clock.set(t, noon.Add(by[0]))
		store := d.open(t, postgres.Config{InstanceClock: func() time.Time { return noon.Add(by[1]) }})
		if _, err := store.PurgeKept(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d.wantKept(t, 10, 10)
	}
}

const tenYears = 3652 * 24 * time.Hour

// A charge that is about to take a row's place, or another instance that deletes
// it, is not waited for.
func TestPurgeLeavesOutWhatSomebodyHas(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon.Add(tenYears))
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	fillKept(t, d, 10)
	tx, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"SELECT FROM idempotency_keys WHERE key = '3' FOR NO KEY UPDATE",
		"SELECT FROM admin_answers WHERE id = sha256('3') FOR NO KEY UPDATE",
		"SELECT FROM reservations WHERE ended_at = '2026-07-15 11:59:57+00' FOR NO KEY UPDATE",
	} {
		if _, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeExec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.PurgeKept(t.Context()); err != nil {
		t.Error(err)
	}
	d.wantKept(t, 1, 1)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestFinishedJobsAreKeptForATime deletes jobs 30 days after they have finished, in
// parts.
func TestFinishedJobsAreKeptForATime(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	const insert = "INSERT INTO jobs (id, kind, state, actor, from_address, owners, plans, task, total, done, steps, counts, problems, error, created_at, finished_at) "
	d.exec(t, insert+"SELECT gen_random_uuid(), '', 'done', '', '', '{}', '{}', '', 0, 0, 0, '{}', '[]', '', '2020-01-01', $1::timestamptz - i * interval '1 second' FROM generate_series(0, 1099) i", noon)
	d.exec(t, insert+"VALUES (gen_random_uuid(), '', 'running', '', '', '{}', '{}', '', 0, 0, 0, '{}', '[]', '', '2020-01-01', NULL)")
	for _, row := range []struct {
		after time.Duration
		left  int64
	}{{-1100 * time.Second, 1101}, {-1099*time.Second + time.Microsecond, 1100}, {0, 2}, {time.Second, 1}} {
		clock.set(t, noon.Add(admin.JobRetention+row.after))
		if _, err := store.PurgeKept(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := ask[int64](t, d, "SELECT count(*) FROM jobs"); got != row.left {
			t.Errorf("%s after 30 days there are %d jobs, want %d", row.after, got, row.left)
		}
	}
}

// TestSessionsAreKeptForATime deletes sessions and login links 30 days after their expiry,
// in parts.
func TestSessionsAreKeptForATime(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	d.exec(t, `INSERT INTO sessions SELECT gen_random_uuid(), sha256(i::text::bytea), 'a', 'user:a', 'link', NULL, '{read}', '{}', '{}', '', '', '2020-01-01', '2020-01-01',
		$1::timestamptz - i * interval '1 second', NULL FROM generate_series(0, 1099) i`, noon)
	d.exec(t, `INSERT INTO login_links SELECT gen_random_uuid(), sha256(i::text::bytea), 'a', '{read}', '{}', '{}', 'cli:a', NULL, '2020-01-01',
		$1::timestamptz - i * interval '1 second', NULL FROM generate_series(0, 1099) i`, noon)
	for _, row := range []struct {
		after time.Duration
		left  int64
	}{{-1100 * time.Second, 1100}, {-1099*time.Second + time.Microsecond, 1099}, {0, 1}, {time.Second, 0}} {
		clock.set(t, noon.Add(admin.SessionRetention+row.after))
		if _, err := store.PurgeKept(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"sessions", "login_links"} {
			if got := ask[int64](t, d, "SELECT count(*) FROM "+table); got != row.left {
				t.Errorf("%s after 30 days there are %d %s, want %d", row.after, got, table, row.left)
			}
		}
	}
}
