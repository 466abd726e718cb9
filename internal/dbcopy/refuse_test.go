package dbcopy_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

func runCopy(t *testing.T, from, to dbcopy.Place) error {
	t.Helper()
	_, err := dbcopy.Run(t.Context(), dbcopy.Config{From: from, To: to})
	return err
}

func wantError[E error](t *testing.T, doing string, err error) {
	t.Helper()
	if _, ok := errors.AsType[E](err); !ok {
		t.Errorf("%s: error %v", doing, err)
	}
}

func TestTargetMustBeEmpty(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	other, _ := newFile(t)
	url := testdb.Postgres(t)
	mustCopy(t, file(path), server(url))
	before := dump(t, other)
	wantError[*dbcopy.NotEmptyError](t, "to PostgreSQL", runCopy(t, file(path), server(url)))
	wantError[*dbcopy.NotEmptyError](t, "to SQLite", runCopy(t, server(url), file(other)))
	if after := dump(t, other); len(after) != len(before) {
		t.Errorf("%d rows became %d", len(before), len(after))
	}
	if store, err := sqlite.Open(t.Context(), sqlite.Config{Path: other}); err != nil {
		t.Errorf("the refused target: %v", err)
	} else if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestNothingMayRun(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url := testdb.Postgres(t)
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
		t.Fatal(err)
	}
	inFile, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	use(t, inFile, err, func(database) {
		wantError[*sqlite.LockedError](t, "from a file in use", runCopy(t, file(path), server(url)))
		wantError[*sqlite.LockedError](t, "to a file in use", runCopy(t, server(url), file(path)))
	})
	onServer, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	use(t, onServer, err, func(database) {
		wantError[*dbcopy.InUseError](t, "to PostgreSQL in use", runCopy(t, file(path), server(url)))
		wantError[*dbcopy.InUseError](t, "from PostgreSQL in use", runCopy(t, server(url), file(filepath.Join(t.TempDir(), "new.db"))))
	})
	mustCopy(t, file(path), server(url))
}

func TestPoolerIsRefused(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	err := runCopy(t, file(path), server(testdb.PgBouncer(t, testdb.Postgres(t), nil)))
	wantError[*dbcopy.OpenError](t, "through a pooler", err)
	if err == nil || !strings.Contains(err.Error(), "give the URL of the server itself") {
		t.Errorf("error %v", err)
	}
}

func TestMissingSourceIsNotCreated(t *testing.T) {
	t.Parallel()
	path, url := filepath.Join(t.TempDir(), "none.db"), testdb.Postgres(t)
	if err := runCopy(t, file(path), server(url)); err == nil {
		t.Error("copied nothing")
	}
	if names, err := filepath.Glob(path + "*"); err != nil || len(names) > 0 {
		t.Errorf("created %v, error %v", names, err)
	}
	wantError[*postgres.SchemaError](t, "from an empty database", runCopy(t, server(url), file(path)))
}

// begin begins a copy and stops it after some rows.
func begin(t *testing.T, from, to dbcopy.Place) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := dbcopy.RunInChunks(ctx, dbcopy.Config{From: from, To: to, Progress: stoppingAfter(30, cancel)}, 2)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestUnfinishedCopyIsFinishedFromItsSource(t *testing.T) {
	t.Parallel()
	path, secret := newFile(t)
	other, _ := newFile(t)
	url := testdb.Postgres(t)
	begin(t, file(path), server(url))
	wantError[*dbcopy.OtherSourceError](t, "another source", runCopy(t, file(other), server(url)))
	wantError[*postgres.SchemaError](t, "a half copy as the source", runCopy(t, server(url), file(filepath.Join(t.TempDir(), "new.db"))))
	execute(t, path, "UPDATE plans SET time_zone = 'UTC'")
	wantError[*dbcopy.MismatchError](t, "a source that has changed", runCopy(t, file(path), server(url)))
	wantUnfinished(t, url, secret)
}

// TestMismatchKeepsTheMark has the target change what it is given.
func TestMismatchKeepsTheMark(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, table, change string }{
		{"a counter", "usage_days", "NEW.used = NEW.used + 1; RETURN NEW"},
		{"a row that is lost", "usage_days", "IF NEW.date = '2024-03-01' THEN RETURN NULL; END IF; RETURN NEW"},
		{"a time", "api_keys", "NEW.created_at = NEW.created_at + interval '1 microsecond'; RETURN NEW"},
		{"a digest", "secret_digests", "NEW.secret_id = NEW.api_key_id; RETURN NEW"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			path, secret := newFile(t)
			url := testdb.Postgres(t)
			if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
				t.Fatal(err)
			}
			spoil := func(int) func(int) { // after the target was looked at
				execute(t, url, "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "+row.change+"; END $$")
				execute(t, url, "CREATE TRIGGER spoil BEFORE INSERT ON "+row.table+" FOR EACH ROW EXECUTE FUNCTION spoil()")
				return func(int) {}
			}
			compared, err := dbcopy.Run(t.Context(), dbcopy.Config{From: file(path), To: server(url), Progress: spoil})
			wantError[*dbcopy.MismatchError](t, "copying", err)
			for _, table := range compared {
				if table.Equal == (table.Table == row.table) {
					t.Errorf("%s: equal %t", table.Table, table.Equal)
				}
				sums := table.Source.Used != nil && table.Source.Used.Cmp(table.Target.Used) != 0
				if row.name == "a counter" && sums != (table.Table == row.table) {
					t.Errorf("%s: used %v and %v", table.Table, table.Source.Used, table.Target.Used)
				}
			}
			wantUnfinished(t, url, secret)
		})
	}
}

// TestOvertakenCopyWritesNoMore has another attempt begin in the midst of one.
func TestOvertakenCopyWritesNoMore(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url := testdb.Postgres(t)
	const rows = "SELECT (SELECT count(*) FROM plans) + (SELECT count(*) FROM plan_limits) + (SELECT count(*) FROM api_keys)"
	var before string
	overtake := func() {
		execute(t, url, "UPDATE copy_progress SET attempt = 'another'")
		before = texts(t, url, rows)[0]
	}
	_, err := dbcopy.RunInChunks(t.Context(), dbcopy.Config{From: file(path), To: server(url), Progress: stoppingAfter(9, overtake)}, 2)
	if err == nil {
		t.Error("the copy went on")
	}
	if after := texts(t, url, rows)[0]; before != after || before == "0" {
		t.Errorf("%s rows, then %s", before, after)
	}
}

// TestInstanceThatStartsMeanwhile has an instance start on the target before it is
// marked, and on the source before the copy has ended.
func TestInstanceThatStartsMeanwhile(t *testing.T) {
	t.Parallel()
	path, secret := newFile(t)
	url := testdb.Postgres(t)
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
		t.Fatal(err)
	}
	lock := openSQL(t, url)
	holder := must[*sql.Tx](t)(lock.BeginTx(t.Context(), nil))
	if _, err := holder.ExecContext(t.Context(), "LOCK TABLE audit_log"); err != nil {
		t.Fatal(err)
	}
	copied := make(chan error, 1)
	go func() { copied <- runCopy(t, file(path), server(url)) }()
	const waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'audit_log'::regclass AND NOT granted"
	for texts(t, url, waiting)[0] == "0" {
		if t.Context().Err() != nil {
			t.Fatal("the copy did not come to the table")
		}
	}
	instance := must[*postgres.Store](t)(postgres.Open(t.Context(), postgres.Config{URL: url}))
	if err := errors.Join(holder.Rollback(), lock.Close()); err != nil {
		t.Error(err)
	}
	wantError[*dbcopy.InUseError](t, "to what is in use", <-copied)
	if err := instance.Close(); err != nil {
		t.Error(err)
	}
	mustCopy(t, file(path), server(url))

	start := func() { instance = must[*postgres.Store](t)(postgres.Open(t.Context(), postgres.Config{URL: url})) }
	back := filepath.Join(t.TempDir(), "back.db")
	_, err := dbcopy.Run(t.Context(), dbcopy.Config{From: server(url), To: file(back), Progress: stoppingAfter(100, start)})
	wantError[*dbcopy.InUseError](t, "from what is in use", err)
	wantUnfinished(t, back, secret)
	if err := instance.Close(); err != nil {
		t.Error(err)
	}
}

// TestWhatTheDatabaseIsLike copies where sessions have settings of their own, the
// tables lie in a schema of their own, and text is sorted as a language does.
func TestWhatTheDatabaseIsLike(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	base := testdb.Postgres(t)
	for _, statement := range []string{
		"CREATE SCHEMA own", "CREATE TABLE public.plans (other int)",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = own, public', current_database()); END $$",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kathmandu''', current_database()); END $$",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', current_database()); END $$",
	} {
		execute(t, base, statement)
	}
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: base}); err != nil {
		t.Fatal(err)
	}
	execute(t, base, `ALTER TABLE own.plans ALTER COLUMN name TYPE text COLLATE "en-x-icu"`)
	back := filepath.Join(t.TempDir(), "back.db")
	mustCopy(t, file(path), server(base))
	mustCopy(t, server(base), file(back))
	wantEqual(t, path, back)
}
