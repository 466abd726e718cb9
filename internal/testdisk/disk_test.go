//go:build unix

package testdisk_test

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver, which tests open databases with
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/ration-dev/ration/internal/testdisk"
)

// database is an SQLite file on a disk, in WAL mode.
type database struct {
	*testing.T
	dir string
	sql *sql.DB
}

func newDatabase(t *testing.T, dir string) *database {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return &database{t, dir, db}
}

func (d *database) exec(statements ...string) {
	d.Helper()
	for _, statement := range statements {
		if _, err := d.sql.ExecContext(d.Context(), statement); err != nil {
			d.Fatalf("%s: %v", statement, err)
		}
	}
}

// rows returns how many rows the database has, -1 if it has no table.
func (d *database) rows() (count int) {
	if err := d.sql.QueryRowContext(d.Context(), "SELECT count(*) FROM numbers").Scan(&count); err != nil {
		return -1
	}
	return count
}

const cuts = 60

// afterCut returns how often a power cut left so many rows.
func afterCut(t *testing.T, disk *testdisk.Disk) map[int]int {
	t.Helper()
	seen := make(map[int]int)
	for seed := range uint64(cuts) {
		dir := t.TempDir()
		if err := disk.Restore(rand.New(rand.NewPCG(seed, 0)), dir); err != nil {
			t.Fatal(err)
		}
		left := newDatabase(t, dir)
		seen[left.rows()]++
		_ = left.sql.Close()
	}
	return seen
}

// TestOnlyWhatIsFlushedIsSafe commits with and without flushing.
func TestOnlyWhatIsFlushedIsSafe(t *testing.T) {
	dir := t.TempDir()
	disk := testdisk.New(t, dir, nil)
	db := newDatabase(t, dir)
	db.exec("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE numbers (n)", "INSERT INTO numbers VALUES (1)")
	if seen := afterCut(t, disk); seen[1] != cuts {
		t.Errorf("rows after a flushed commit: %v", seen)
	}
	db.exec("PRAGMA synchronous = NORMAL", "INSERT INTO numbers VALUES (2)", "INSERT INTO numbers VALUES (3)")
	if seen := afterCut(t, disk); seen[1] == 0 || seen[2] == 0 || seen[3] == 0 || seen[1]+seen[2]+seen[3] != cuts {
		t.Errorf("rows after two commits without a flush: %v", seen)
	}
}

// TestNamesAreSafeOnceFlushed creates a database with and without flushing.
func TestNamesAreSafeOnceFlushed(t *testing.T) {
	for synchronous, want := range map[string]bool{"FULL": true, "OFF": false} {
		dir := t.TempDir()
		disk := testdisk.New(t, dir, nil)
		db := newDatabase(t, dir)
		db.exec("PRAGMA synchronous = "+synchronous, "PRAGMA journal_mode = WAL", "CREATE TABLE numbers (n)")
		seen := afterCut(t, disk)
		if safe := seen[0] == cuts; safe != want {
			t.Errorf("synchronous %s: %v", synchronous, seen)
		}
	}
}

// TestNothingChangesWithoutPower cuts the power in the midst of a commit.
func TestNothingChangesWithoutPower(t *testing.T) {
	dir := t.TempDir()
	armed := false
	disk := testdisk.New(t, dir, func(call testdisk.Call) int {
		if armed && call.Kind == testdisk.Sync {
			return testdisk.PowerCut
		}
		return 0
	})
	db := newDatabase(t, dir)
	db.exec("PRAGMA journal_mode = WAL", "CREATE TABLE numbers (n)", "INSERT INTO numbers VALUES (1)")
	armed = true
	for range 2 {
		if _, err := db.sql.ExecContext(t.Context(), "INSERT INTO numbers VALUES (2)"); err == nil {
			t.Error("a commit passed without power")
		}
	}
	if seen := afterCut(t, disk); seen[1] == 0 || seen[2] == 0 || seen[1]+seen[2] != cuts {
		t.Errorf("rows after a cut in a flush: %v", seen)
	}
}

// TestFailedFlushIsNotMadeGood flushes again after a flush that failed, as the
// kernel's next flush would: successfully.
func TestFailedFlushIsNotMadeGood(t *testing.T) {
	dir := t.TempDir()
	failing := false
	disk := testdisk.New(t, dir, func(call testdisk.Call) int {
		if failing && call.Kind == testdisk.Sync {
			return sqlite3.SQLITE_IOERR_FSYNC
		}
		return 0
	})
	db := newDatabase(t, dir)
	db.exec("PRAGMA journal_mode = WAL", "CREATE TABLE numbers (n)", "INSERT INTO numbers VALUES (1)",
		"PRAGMA synchronous = NORMAL", "INSERT INTO numbers VALUES (2)", "PRAGMA synchronous = FULL")
	failing = true
	if _, err := db.sql.ExecContext(t.Context(), "INSERT INTO numbers VALUES (3)"); err == nil {
		t.Error("a commit passed without a flush")
	}
	failing = false
	db.exec("INSERT INTO numbers VALUES (4)")
	if db.rows() != 3 {
		t.Errorf("%d rows, want 3: the second, whose flush failed with the third's, is there until it is lost", db.rows())
	}
	if seen := afterCut(t, disk); seen[1] == 0 || seen[1]+seen[2]+seen[3] != cuts {
		t.Errorf("rows after a flush that failed: %v", seen)
	}
}

// TestOthersFilesAreLeftAlone opens a database that no Disk has.
func TestOthersFilesAreLeftAlone(t *testing.T) {
	testdisk.New(t, t.TempDir(), func(testdisk.Call) int { return sqlite3.SQLITE_IOERR })
	dir := t.TempDir()
	db := newDatabase(t, dir)
	db.exec("CREATE TABLE numbers (n)", "INSERT INTO numbers VALUES (1)")
	if _, err := os.Stat(filepath.Join(dir, "test.db")); err != nil || db.rows() != 1 {
		t.Errorf("%d rows, error %v", db.rows(), err)
	}
}
