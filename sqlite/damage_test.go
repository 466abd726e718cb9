package sqlite_test

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

const pageSize = 4096

// openCopy opens a database of the given content.
func openCopy(t *testing.T, database, log []byte) (*sqlite.Store, error) {
	t.Helper()
	path := newPath(t)
	for name, content := range map[string][]byte{path: database, path + "-wal": log} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return sqlite.Open(t.Context(), sqlite.Config{Path: path})
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDamagedPagesAreFound blanks each page in turn, except for the one that a migration
// has left free: nothing is in it.
func TestDamagedPagesAreFound(t *testing.T) {
	t.Parallel()
	config, _ := usedFile(t)
	sound := readFile(t, config.Path)
	free := int(binary.BigEndian.Uint32(sound[32:])) // the first of SQLite's list of free pages
	for start := 0; start < len(sound); start += pageSize {
		if start/pageSize+1 == free {
			continue
		}
		damaged := append([]byte(nil), sound...)
		clear(damaged[start : start+pageSize])
		store, err := openCopy(t, damaged, nil)
		if err == nil {
			closeStore(t, store)
		}
		if !errors.Is(err, sqlite.ErrDamaged) && !errors.Is(err, sqlite.ErrNotRation) {
			t.Errorf("page %d: %v", start/pageSize+1, err)
		}
	}
}

// TestDamageIsRefusedOrOutOfSight changes a byte of a database, or cuts its end
// off. Where that is in a value, no check of the structure can see it; but
// nothing may crash or hang, and no other count is given than the true one
// where the check can see that something is wrong.
func TestDamageIsRefusedOrOutOfSight(t *testing.T) {
	t.Parallel()
	config, key := usedFile(t)
	sound := readFile(t, config.Path)
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for i := range damages {
		damaged := append([]byte(nil), sound...)
		if i%2 == 0 {
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		} else {
			damaged = damaged[:1+random.IntN(len(damaged)-1)]
		}
		if !servesWhatItCanSee(t, key, 1, damaged, nil) {
			refused++
		}
	}
	t.Logf("%d of %d refused", refused, damages)
	if refused < damages/4 {
		t.Error("damage was hardly ever found: this run proves nothing")
	}
}

// TestLogOfAnotherDatabase puts the log of one database beside another, as who
// copies files by hand does.
func TestLogOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	config, key := usedFile(t)
	for charges := range 6 {
		other := open(t, sqlite.Config{Path: newPath(t)})
		for range charges {
			charge(t, other, createKey(t, other, ""))
		}
		servesWhatItCanSee(t, key, 1, readFile(t, config.Path), readFile(t, other.Path()+"-wal"))
	}
}

// TestIndexOfTheLogIsNotBelieved opens a database whose log's index is missing,
// another database's or noise: it is made anew from the log.
func TestIndexOfTheLogIsNotBelieved(t *testing.T) {
	t.Parallel()
	config, key := usedFile(t)
	store := open(t, config)
	charge(t, store, key)
	database, log, index := readFile(t, config.Path), readFile(t, config.Path+"-wal"), readFile(t, config.Path+"-shm")
	other := open(t, sqlite.Config{Path: newPath(t)})
	noise := make([]byte, len(index))
	random := rand.New(rand.NewPCG(5, 6))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, index := range map[string][]byte{
		"missing": nil, "its own": index, "another's": readFile(t, other.Path()+"-shm"), "noise": noise, "short": index[:100],
	} {
		path := newPath(t)
		for name, content := range map[string][]byte{path: database, path + "-wal": log, path + "-shm": index} {
			if content == nil {
				continue
			}
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := used(t, open(t, sqlite.Config{Path: path}), key); got != 2 {
			t.Errorf("%s: %d counted, want 2", name, got)
		}
	}
}

// servesWhatItCanSee opens damaged files and reports whether they were served.
// Where SQLite's check sees that something is wrong they must not be, unless
// what they count is right.
func servesWhatItCanSee(t *testing.T, key ration.KeyID, want int64, database, log []byte) bool {
	t.Helper()
	sound := isSound(t, database, log)
	store, err := openCopy(t, database, log)
	if err != nil {
		return false
	}
	usage, _, err := store.KeyUsage(t.Context(), key)
	if !sound && err == nil && usage[0].Used != want {
		t.Errorf("%d counted by a database that is visibly damaged, want %d", usage[0].Used, want)
	}
	if _, err := store.Charge(t.Context(), testbatch.Requests(t, key)); err != nil &&
		!errors.Is(err, ration.ErrStoreUnavailable) && !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Logf("charging: %v", err) // a value that no longer makes sense, which callers see as a fault of ours
	}
	_ = store.Close()
	return true
}

// isSound asks SQLite alone.
func isSound(t *testing.T, database, log []byte) bool {
	t.Helper()
	path := newPath(t)
	for name, content := range map[string][]byte{path: database, path + "-wal": log} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	var finding string
	err = tool.QueryRowContext(t.Context(), "PRAGMA quick_check(1)").Scan(&finding)
	return err == nil && finding == "ok"
}

// TestDamagedLogEndsBeforeTheDamage opens what a crash left, with one byte of the
// log changed or its end cut off: what was committed before holds.
func TestDamagedLogEndsBeforeTheDamage(t *testing.T) {
	t.Parallel()
	const charges = 10
	config, key := usedFile(t) // which counts 1
	store := open(t, config)
	for range charges {
		charge(t, store, key)
	}
	database, log := readFile(t, config.Path), readFile(t, config.Path+"-wal")
	if used := usedIn(t, key, database, log); used != 1+charges {
		t.Fatalf("%d of %d counted after a crash", used, 1+charges)
	}
	random := rand.New(rand.NewPCG(3, 4))
	seen := make(map[int64]bool)
	for range damages / 2 {
		cut := log[:random.IntN(len(log))]
		changed := append([]byte(nil), log...)
		changed[random.IntN(len(changed))] ^= byte(1 + random.IntN(255))
		for name, damaged := range map[string][]byte{"cut": cut, "changed": changed} {
			used := usedIn(t, key, database, damaged)
			if used < 1 || used > 1+charges {
				t.Errorf("%s: %d counted", name, used)
			}
			seen[used] = true
		}
	}
	if len(seen) < charges/2 {
		t.Errorf("the damage made no difference: %v", seen)
	}
}

func usedIn(t *testing.T, key ration.KeyID, database, log []byte) int64 {
	t.Helper()
	store, err := openCopy(t, database, log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, store)
	usage, _, err := store.KeyUsage(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return usage[0].Used
}
