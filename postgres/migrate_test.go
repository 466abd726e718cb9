package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// ownVersion is the version of this build's schema.
var ownVersion = postgres.SchemaVersion()

// laterVersion is that of a build with one migration more.
const laterVersion = 99999

// laterBuild is a build with one migration more.
func laterBuild(t testing.TB, url, migration string) postgres.Config {
	t.Helper()
	own := postgres.OwnMigrations()
	names, err := fs.Glob(own, "*.sql")
	if err != nil || int64(len(names)) != ownVersion {
		t.Fatalf("migrations: %v, %v", names, err)
	}
	files := fstest.MapFS{"99999_later.sql": {Data: []byte("-- +goose Up\n" + migration + "\n-- +goose Down\nDROP TABLE plans;\n")}}
	for _, name := range names {
		data, err := fs.ReadFile(own, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return postgres.Config{URL: url}.WithMigrations(files)
}

const addTable = "CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (1); ALTER TABLE plans ADD COLUMN later int;"

func TestMigrateTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	config := postgres.Config{URL: testdb.Postgres(t)}
	for _, want := range [][2]int64{{0, ownVersion}, {ownVersion, ownVersion}} {
		from, to, err := postgres.Migrate(t.Context(), config)
		if err != nil || from != want[0] || to != want[1] {
			t.Errorf("Migrate = %d, %d, %v; want %v", from, to, err, want)
		}
	}
}

func TestEightInstancesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after int64
		build         func(t *testing.T, url string) postgres.Config
	}{
		"an empty database":   {0, ownVersion, func(_ *testing.T, url string) postgres.Config { return postgres.Config{URL: url} }},
		"the schema before":   {ownVersion, laterVersion, func(t *testing.T, url string) postgres.Config { return laterBuild(t, url, addTable) }},
		"two versions behind": {0, laterVersion, func(t *testing.T, url string) postgres.Config { return laterBuild(t, url, addTable) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := row.build(t, testdb.Postgres(t))
			d := &database{url: config.URL, conn: connect(t, config.URL)}
			if row.before == ownVersion {
				migrated(t, d.url)
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			first := 0
			for range 8 {
				wg.Go(func() {
					from, to, err := postgres.Migrate(t.Context(), config)
					mu.Lock()
					defer mu.Unlock()
					if err != nil || to != row.after {
						t.Errorf("Migrate = %d, %d, %v", from, to, err)
					}
					if from == row.before {
						first++
					}
				})
			}
			wg.Wait()
			if first != 1 {
				t.Errorf("%d instances began with version %d, want 1", first, row.before)
			}
			d.wantApplied(t, row.after)
		})
	}
}

// wantApplied fails unless each migration was applied once, up to a version, and
// nobody holds a lock or a connection that a migration left.
func (d *database) wantApplied(t *testing.T, version int64) {
	t.Helper()
	if got := ask[int64](t, d, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied"); got != version {
		t.Errorf("version %d, want %d", got, version)
	}
	if twice := ask[int](t, d, "SELECT count(*) - count(DISTINCT version_id) FROM goose_db_version"); twice != 0 {
		t.Errorf("%d migrations were applied twice", twice)
	}
	d.await(t, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ration')`)
	if left := ask[int](t, d, `
		SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE datname = current_database() AND locktype = 'advisory'`); left != 0 {
		t.Errorf("%d advisory locks are left", left)
	}
}

// contract is a migration that the builds before it don't suit.
const contract = addTable + "UPDATE schema_compatibility SET least_version = 99999;"

// A build refuses at the start a schema that does not suit it, and names both versions.
func TestBuildsAndSchemasOfDifferentVersions(t *testing.T) {
	t.Parallel()
	known := strconv.FormatInt(ownVersion, 10)
	own := func(_ *testing.T, url string) postgres.Config { return postgres.Config{URL: url} }
	later := func(t *testing.T, url string) postgres.Config { return laterBuild(t, url, addTable) }
	contracting := func(t *testing.T, url string) postgres.Config { return laterBuild(t, url, contract) }
	unmarked := func(t *testing.T, url string) postgres.Config {
		return laterBuild(t, url, "DROP TABLE schema_compatibility;")
	}
	copied := func(t *testing.T, url string) postgres.Config {
		return laterBuild(t, url, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true);", admin.UnfinishedCopy))
	}
	for name, row := range map[string]struct {
		schema, build func(*testing.T, string) postgres.Config
		have, want    int64
		names         []string
	}{
		"older build, newer schema that it doesn't suit": {contracting, own, laterVersion, ownVersion, []string{"has version 99999", "know version 99999", known, "newer build"}},
		"older build, newer schema without a mark":       {unmarked, own, laterVersion, ownVersion, []string{"99999", known, "newer build"}},
		"older build, unfinished copy":                   {copied, own, admin.UnfinishedCopy, ownVersion, []string{"unfinished copy"}},
		"newer build, older schema":                      {own, later, ownVersion, laterVersion, []string{"99999", known, "migrate the database"}},
		"no schema":                                      {nil, own, 0, ownVersion, []string{"0", known, "migrate the database"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := testdb.Postgres(t)
			if row.schema != nil {
				if _, _, err := postgres.Migrate(t.Context(), row.schema(t, url)); err != nil && row.have != admin.UnfinishedCopy {
					t.Fatal(err)
				}
			}
			refusals := map[string]error{}
			_, refusals["Open"] = postgres.Open(t.Context(), row.build(t, url))
			if row.have > row.want {
				_, _, refusals["Migrate"] = postgres.Migrate(t.Context(), row.build(t, url))
			}
			for call, err := range refusals {
				schema, ok := errors.AsType[*postgres.SchemaError](err)
				if !ok || schema.Have != row.have || schema.Want != row.want || errors.Is(err, ration.ErrStoreUnavailable) {
					t.Errorf("%s = %v, want a SchemaError with versions %d and %d", call, err, row.have, row.want)
					continue
				}
				for _, text := range row.names {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("%s = %v, want %q in it", call, err, text)
					}
				}
			}
		})
	}
}

// A build runs on a newer schema that only adds something, and leaves it as it is.
// One that was started before is not ready any more once the schema stops suiting it.
func TestOlderBuildOnANewerSchema(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	before := d.open(t, postgres.Config{})
	id := createKey(t, before, "")
	charge(t, before, id)
	if _, _, err := postgres.Migrate(t.Context(), laterBuild(t, d.url, addTable)); err != nil {
		t.Fatal(err)
	}
	if from, to, err := postgres.Migrate(t.Context(), postgres.Config{URL: d.url}); err != nil || from != laterVersion || to != laterVersion {
		t.Errorf("Migrate of the older build = %d, %d, %v; want nothing done", from, to, err)
	}
	after := d.open(t, postgres.Config{})
	for _, store := range []*postgres.Store{before, after} {
		charge(t, store, id)
		if err := store.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v", err)
		}
	}
	if got := d.used(t, id); got != 3 {
		t.Errorf("%d are recorded, want 3", got)
	}
	findings, err := after.Examine(t.Context(), false)
	if want := fmt.Sprintf("version 99999, made by a later release and marked for those that know version 4 or later, such as this one, which knows %d", ownVersion); err != nil || !strings.HasPrefix(findings[0].Detail, want) {
		t.Errorf("Examine = %+v, %v; want %q", findings, err, want)
	}
	d.exec(t, "UPDATE schema_compatibility SET least_version = 99999")
	for _, store := range []*postgres.Store{before, after} {
		if err := store.Ready(t.Context()); !errors.As(err, new(*postgres.SchemaError)) {
			t.Errorf("Ready = %v, want a SchemaError", err)
		}
	}
}

// A migration that waits for a table makes all wait that come after it, so it
// must give way again and again, and still get its turn once the table is free.
func TestMigrationGivesWayToChargesWhileATableIsInUse(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	report, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer report.Rollback(context.Background())
	if _, err := report.Exec(t.Context(), "SELECT count(*) FROM usage_days, key_usage"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	go func() {
		_, _, err := postgres.Migrate(t.Context(), laterBuild(t, d.url, "ALTER TABLE key_usage ADD COLUMN later int;"))
		migrated <- err
	}()
	for range 2 { // while it waits, and after it gave way
		d.await(t, somebodyWaits)
		charge(t, store, id)
		d.await(t, "SELECT NOT ("+somebodyWaits+")")
		charge(t, store, id)
	}
	if err := report.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Errorf("Migrate = %v", err)
	}
	if got := d.used(t, id); got != 4 {
		t.Errorf("%d are recorded, want 4", got)
	}
}

func TestMigrationThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	from, to, err := postgres.Migrate(t.Context(), laterBuild(t, d.url, addTable+"SELECT 1/0;"))
	if !errors.As(err, new(*postgres.MigrationError)) || from != ownVersion || to != ownVersion {
		t.Errorf("Migrate = %d, %d, %v; want a MigrationError at version %d", from, to, err, ownVersion)
	}
	for _, text := range []string{fmt.Sprintf("from version %d to 99999", ownVersion), "99999_later.sql", "division by zero"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error is %q, want %q in it", err, text)
		}
	}
	d.wantApplied(t, ownVersion)
	if ask[bool](t, d, "SELECT to_regclass('later') IS NOT NULL") {
		t.Error("the migration's table is there")
	}
	if _, to, err := postgres.Migrate(t.Context(), laterBuild(t, d.url, addTable)); err != nil || to != laterVersion {
		t.Errorf("the next Migrate = %d, %v", to, err)
	}
	d.wantApplied(t, laterVersion)
}

func TestMigrateWaitsOnlySoLong(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ hold, says string }{
		"for another instance":      {"SELECT pg_advisory_xact_lock(125762890461038)", "another instance has been migrating it for 100ms"},
		"for somebody with a table": {"LOCK TABLE plans IN ACCESS SHARE MODE", "lock timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			holder, err := connect(t, d.url).Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer holder.Rollback(context.Background())
			if _, err := holder.Exec(t.Context(), row.hold); err != nil {
				t.Fatal(err)
			}
			later := laterBuild(t, d.url, addTable)
			_, _, err = postgres.Migrate(t.Context(), later.WithMigrationWait(100*time.Millisecond))
			if !errors.As(err, new(*postgres.MigrationError)) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("Migrate = %v, want a MigrationError that says %q", err, row.says)
			}
			waiting := make(chan error, 1)
			go func() {
				_, _, err := postgres.Migrate(t.Context(), later)
				waiting <- err
			}()
			d.await(t, somebodyWaits)
			if err := holder.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-waiting; err != nil {
				t.Errorf("Migrate that waited = %v", err)
			}
			d.wantApplied(t, laterVersion)
		})
	}
}

// A role's or a database's own limit is for its queries, not for a migration.
func TestMigrationIsNotCutOffByTheDatabasesTimeouts(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(t, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET statement_timeout = 1000'; END $$")
	d.exec(t, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$")
	slow := laterBuild(t, d.url, "SELECT pg_sleep(1.2); CREATE TABLE durable AS SELECT current_setting('synchronous_commit') AS setting;")
	if _, to, err := postgres.Migrate(t.Context(), slow); err != nil || to != laterVersion {
		t.Errorf("Migrate = %d, %v", to, err)
	}
	if got := ask[string](t, d, "SELECT setting FROM durable"); got != "on" {
		t.Errorf("the migration ran with synchronous_commit %s", got)
	}
}
