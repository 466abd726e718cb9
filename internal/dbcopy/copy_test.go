package dbcopy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestThereAndBack copies a file with something in every column to PostgreSQL and
// from there to a new file, which must hold the same.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	wantEveryColumn(t, path)
	url, back := testdb.Postgres(t), filepath.Join(t.TempDir(), "back.db")
	there := mustCopy(t, file(path), server(url))
	again := mustCopy(t, server(url), file(back))
	if diff := cmp.Diff(fmt.Sprint(there), fmt.Sprint(again)); diff != "" {
		t.Errorf("what was compared (-there +back):\n%s", diff)
	}
	wantEqual(t, path, back)
}

// wantEveryColumn makes sure that the fixture has a value in each column, other
// than zero where there can be another, and NULL where there can be none.
func wantEveryColumn(t *testing.T, path string) {
	t.Helper()
	for _, table := range tablesOf(t, path) {
		for _, column := range texts(t, path, "SELECT name || iif(\"notnull\", '', '?') FROM pragma_table_info('"+table+"')") {
			name, mayBeNull := strings.CutSuffix(column, "?")
			if texts(t, path, "SELECT count(nullif("+name+", 0)) FROM "+table)[0] == "0" {
				t.Errorf("%s.%s has no value", table, name)
			}
			if mayBeNull && texts(t, path, "SELECT count(*) FROM "+table+" WHERE "+name+" IS NULL")[0] == "0" {
				t.Errorf("%s.%s is never NULL", table, name)
			}
		}
	}
}

// tablesOf returns what a file holds beside what is not copied.
func tablesOf(t *testing.T, path string) []string {
	t.Helper()
	return texts(t, path, `SELECT name FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT IN ('charge_batches', 'goose_db_version', 'instances', 'request_log', 'schema_compatibility')`)
}

// TestEveryTableIsCopied: a migration that adds a table, or a sequence, which would
// have to go on where it was, must think of copies.
func TestEveryTableIsCopied(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url := testdb.Postgres(t)
	mustCopy(t, file(path), server(url))
	want := append([]string{
		"charge_batches", "goose_db_version", "goose_db_version_id_seq", "instances",
		"request_log", "request_log_default", "request_log_number_seq", "schema_compatibility",
		"events_seq_seq", // which goes on after the copied events
	}, tablesOf(t, path)...)
	got := texts(t, url, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')")
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables and sequences (-SQLite's +PostgreSQL's):\n%s", diff)
	}
}

// TestACopyNeedsTheSameBuilds: one that doesn't know units of meters must run neither on
// the source nor on the target.
func TestACopyNeedsTheSameBuilds(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url, back := testdb.Postgres(t), filepath.Join(t.TempDir(), "back.db")
	mustCopy(t, file(path), server(url))
	mustCopy(t, server(url), file(back))
	want := []string{strconv.Itoa(sqladmin.MeterSchema)}
	for _, place := range []string{path, url, back} {
		if got := texts(t, place, "SELECT CAST(least_version AS text) FROM schema_compatibility"); !slices.Equal(got, want) {
			t.Errorf("%s needs builds from schema version %s on, want %s", place, got, want)
		}
	}
}

// TestSecretsWorkOnTheTarget charges a copied key by both stores.
func TestSecretsWorkOnTheTarget(t *testing.T) {
	t.Parallel()
	path, secret := newFile(t)
	url := testdb.Postgres(t)
	mustCopy(t, file(path), server(url))
	onServer, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	use(t, onServer, err, func(d database) {
		if got := d.charge(t, secret); got != 2 {
			t.Errorf("on PostgreSQL %d remain of 5 after 2 charges and one more", got)
		}
	})
	back := filepath.Join(t.TempDir(), "back.db")
	mustCopy(t, server(url), file(back))
	inFile, err := sqlite.Open(t.Context(), sqlite.Config{Path: back})
	use(t, inFile, err, func(d database) {
		if got := d.charge(t, secret); got != 1 {
			t.Errorf("back on SQLite %d remain after one more", got)
		}
	})
}

// TestSourceOfAKilledServer copies a file whose newest charge is in its log alone.
func TestSourceOfAKilledServer(t *testing.T) {
	t.Parallel()
	path, secret := newFile(t)
	url, left := testdb.Postgres(t), filepath.Join(t.TempDir(), "left.db")
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	use(t, store, err, func(d database) {
		d.charge(t, secret)
		for _, suffix := range []string{"", "-wal"} {
			if err := os.WriteFile(left+suffix, must[[]byte](t)(os.ReadFile(path+suffix)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	mustCopy(t, file(left), server(url))
	onServer, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	use(t, onServer, err, func(d database) {
		if got := d.charge(t, secret); got != 1 {
			t.Errorf("%d remain of 5 after 3 charges and one more", got)
		}
	})
}
