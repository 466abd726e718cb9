//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/testdisk"
	"github.com/ration-dev/ration/sqlite"
)

const bigRow = "INSERT OR REPLACE INTO big VALUES (1, zeroblob(25 * 4096))" // 25 pages

// TestCommitsNeverCheckpoint commits more pages than SQLite by itself would
// leave in a log: none may get into the database file by a commit.
func TestCommitsNeverCheckpoint(t *testing.T) {
	t.Parallel()
	const never = 1 << 30
	dir := t.TempDir()
	var opened atomic.Bool
	var touched atomic.Int32
	testdisk.New(t, dir, func(call testdisk.Call) int {
		if opened.Load() && call.File == "ration.db" && call.Kind >= testdisk.Write {
			touched.Add(1)
		}
		return 0
	})
	store, err := sqlite.OpenShortLog(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db")}, never)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, store)
	opened.Store(true)
	run(t, store, "CREATE TABLE big (n INTEGER PRIMARY KEY, data BLOB NOT NULL)")
	for range 60 {
		run(t, store, bigRow)
	}
	if got := touched.Load(); got != 0 {
		t.Errorf("commits wrote or flushed the database file %d times", got)
	}
}

// TestCommitsPassACheckpoint stops a checkpoint in the midst of its writing, as
// a slow disk does, and commits meanwhile.
func TestCommitsPassACheckpoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var armed atomic.Bool
	var once sync.Once
	stopped, release := make(chan struct{}), make(chan struct{})
	testdisk.New(t, dir, func(call testdisk.Call) int {
		if armed.Load() && call.File == "ration.db" && call.Kind == testdisk.Write {
			once.Do(func() {
				close(stopped)
				<-release
			})
		}
		return 0
	})
	store := openShort(t, dir)
	key := createKey(t, store, "")
	armed.Store(true)
	counted := int64(0)
	for underWay := false; !underWay; counted++ {
		charge(t, store, key)
		select {
		case <-stopped:
			underWay = true
		default:
		}
	}
	for range 100 {
		charge(t, store, key)
	}
	close(release)
	closeStore(t, store)
	if got := used(t, open(t, sqlite.Config{Path: store.Path()}), key); got != counted+100 {
		t.Errorf("%d counted, want %d", got, counted+100)
	}
}

// TestSlowReaderHoldsUpNothingButTheLog reads for as long as many batches take:
// they pass, the log grows meanwhile, and afterwards no more.
func TestSlowReaderHoldsUpNothingButTheLog(t *testing.T) {
	t.Parallel()
	store := openShort(t, t.TempDir())
	key := createKey(t, store, "")
	size := func() int64 {
		info, err := os.Stat(store.Path() + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for range 200 {
		charge(t, store, key)
	}
	before := size()
	reading, release := make(chan struct{}), make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := store.Hold(t.Context(), func() { close(reading); <-release }); err != nil {
			t.Error(err)
		}
	})
	<-reading
	for range 400 {
		charge(t, store, key)
	}
	while := size()
	close(release)
	ended.Wait()
	for range 400 {
		charge(t, store, key)
	}
	if after := size(); while <= before || after > while+while/4 {
		t.Errorf("the log had %d KiB before, %d with a reader and %d afterwards", before>>10, while>>10, after>>10)
	}
	if got := used(t, store, key); got != 1000 {
		t.Errorf("%d counted", got)
	}
}

// openShort opens a store whose log is checkpointed and starts anew often.
func openShort(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	store, err := openShortLog(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

// TestOpeningLeavesTheLogAlone opens what a killed process has left, which may
// not be flushed. SQLite keeps quiet about a flush that fails where it ends the
// log with a last connection, so there must be no last one before the store's own.
func TestOpeningLeavesTheLogAlone(t *testing.T) {
	t.Parallel()
	config, key := usedFile(t)
	killed := open(t, config)
	charge(t, killed, key)
	dir := t.TempDir()
	path := filepath.Join(dir, "ration.db")
	for name, content := range map[string][]byte{path: readFile(t, config.Path), path + "-wal": readFile(t, config.Path+"-wal")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	disk := testdisk.New(t, dir, nil)
	store := open(t, sqlite.Config{Path: path})
	if got := disk.Changes(); got != 0 {
		t.Errorf("opening changed, flushed or deleted something %d times", got)
	}
	if got := used(t, store, key); got != 2 {
		t.Errorf("%d counted, want 2", got)
	}
}
