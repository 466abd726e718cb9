package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// database is a migrated database of one test.
type database struct {
	url  string
	conn *pgx.Conn // for the test's own statements
}

// template is a migrated database, of which most tests have a copy.
var template = testdb.NewTemplate(func(ctx context.Context, url string) error {
	_, _, err := postgres.Migrate(ctx, postgres.Config{URL: url})
	return err
})

func newDatabase(t testing.TB) *database {
	t.Helper()
	url := template.Postgres(t)
	return &database{url: url, conn: connect(t, url)}
}

// migrated brings the schema of an empty database up to date.
func migrated(t testing.TB, url string) *database {
	t.Helper()
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
		t.Fatal(err)
	}
	return &database{url: url, conn: connect(t, url)}
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// open opens a store on the database that is closed when the test ends. It takes
// the tables as they are, for tests play faults with triggers.
func (d *database) open(t testing.TB, config postgres.Config) *postgres.Store {
	t.Helper()
	return d.openStrictly(t, config.AcceptAltered())
}

// openStrictly is open as everybody else opens a store.
func (d *database) openStrictly(t testing.TB, config postgres.Config) *postgres.Store {
	t.Helper()
	config.URL = d.url
	store, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return store
}

func (d *database) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := d.conn.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func ask[T any](t testing.TB, d *database, sql string, args ...any) T {
	t.Helper()
	var answer T
	if err := d.conn.QueryRow(context.Background(), sql, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// await returns when the query answers true.
func (d *database) await(t testing.TB, sql string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ask[bool](t, d, sql, args...) {
		if time.Now().After(deadline) {
			t.Fatalf("never true: %s", sql)
		}
		<-tick.C
	}
}

// somebodyWaits is true when somebody has waited for a lock long enough that it is
// none of those that transactions wait for in passing, such as for a table to grow.
const somebodyWaits = `
	SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	               WHERE NOT l.granted AND a.datname = current_database()
	                 AND l.waitstart < clock_timestamp() - interval '20 ms')`

// fakeClock stands still until it is set: the database's, by ration_now(), and
// that of all instances.
type fakeClock struct {
	database *database
	micros   atomic.Int64
}

func newFakeClock(t testing.TB, d *database, now time.Time) *fakeClock {
	t.Helper()
	d.exec(t, `CREATE TABLE test_clock (now timestamptz NOT NULL)`)
	d.exec(t, `INSERT INTO test_clock VALUES ('2000-01-01')`)
	d.exec(t, `CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT now FROM test_clock'`)
	clock := &fakeClock{database: d}
	clock.set(t, now)
	return clock
}

func (c *fakeClock) set(t testing.TB, now time.Time) {
	t.Helper()
	c.setInstance(now)
	c.database.exec(t, `UPDATE test_clock SET now = $1`, now)
}

func (c *fakeClock) setInstance(now time.Time) { c.micros.Store(now.UnixMicro()) }

func (c *fakeClock) now() time.Time { return time.UnixMicro(c.micros.Load()) }

func createPlan(t testing.TB, store admin.Store, name string, limits ...string) {
	t.Helper()
	plan := ration.Plan{Name: name}
	for _, text := range limits {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		plan.Limits = append(plan.Limits, limit)
	}
	_, err := store.CreatePlan(t.Context(), func(change *admin.PlanChange) error {
		plan.CreatedAt, plan.UpdatedAt = change.Now, change.Now
		change.Plan, change.Audit = plan, admin.AuditEntry{Actor: "test", Action: "plan.create", Target: "plan:" + name}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func createKey(t testing.TB, store admin.Store, plan string) ration.KeyID {
	t.Helper()
	record, err := store.CreateKey(t.Context(), newKey(plan))
	if err != nil {
		t.Fatal(err)
	}
	return record.ID
}

func newKey(plan string) func(*admin.KeyChange) error {
	return func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{
			ID: ration.NewKeyID(), Name: "test", Plan: plan, Status: ration.StatusActive,
			CreatedAt: change.Now, UpdatedAt: change.Now,
		}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.create", Target: change.Key.ID.String()}
		return nil
	}
}

// charge charges one request of each key and returns the codes.
func charge(t testing.TB, store ration.Store, keys ...ration.KeyID) []ration.Code {
	t.Helper()
	decisions, err := store.Charge(t.Context(), testbatch.Requests(t, keys...))
	if err != nil {
		t.Fatal(err)
	}
	return codesOf(decisions)
}

func codesOf(decisions []ration.Decision) []ration.Code {
	codes := make([]ration.Code, len(decisions))
	for i := range decisions {
		codes[i] = decisions[i].Code
	}
	return codes
}

// limited names a role of the database that is no superuser.
func limited(d *database) string {
	parsed, _ := url.Parse(d.url)
	return "limited_" + strings.TrimPrefix(parsed.Path, "/t_")
}

// as changes the user of a URL.
func as(t testing.TB, databaseURL, user, password string) string {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(user, password)
	return parsed.String()
}
