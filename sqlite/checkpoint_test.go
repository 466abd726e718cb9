package sqlite_test

import (
	"os"
	"testing"

	"github.com/ration-dev/ration/sqlite"
)

// TestLogStaysBounded writes three times what the log may hold, without a pause
// in which it could start anew by itself.
func TestLogStaysBounded(t *testing.T) {
	const (
		page       = 4096 + 24              // bytes in the log, with its header
		checkpoint = 20                     // pages
		most       = 64 * checkpoint * page // where the disk is slow for checkpoints and quick for commits
		perWrite   = 10                     // pages
	)
	store, err := sqlite.OpenShortLog(t.Context(), sqlite.Config{Path: newPath(t)}, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, store)
	run(t, store, "CREATE TABLE big (n INTEGER PRIMARY KEY, data BLOB NOT NULL)")
	var largest int64
	for range 3 * most / (perWrite * page) {
		run(t, store, "INSERT OR REPLACE INTO big VALUES (1, zeroblob(10 * 4096))")
		info, err := os.Stat(store.Path() + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, info.Size())
	}
	if largest > most || largest < checkpoint*page {
		t.Errorf("the log grew to %d KiB, want %d to %d", largest>>10, checkpoint*page>>10, most>>10)
	}
}

// TestCloseEmptiesTheLog wants a closed database to be one file, which can be
// copied, with nothing left to recover.
func TestCloseEmptiesTheLog(t *testing.T) {
	config, key := usedFile(t)
	if _, err := os.Stat(config.Path + "-wal"); !os.IsNotExist(err) {
		t.Errorf("there is a log: %v", err)
	}
	data, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	config.Path = newPath(t)
	if err := os.WriteFile(config.Path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	usage, _, err := open(t, config).KeyUsage(t.Context(), key)
	if err != nil || usage[0].Used != 1 {
		t.Errorf("usage %+v, error %v in a copy", usage, err)
	}
}

func run(t *testing.T, store *sqlite.Store, statement string) {
	t.Helper()
	if err := store.Run(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
