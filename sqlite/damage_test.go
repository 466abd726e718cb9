package sqlite_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/sqlite"
)

const (
	pageSize = 4096
	damages  = 20
)

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

// TestDamagedPagesAreFound blanks each page in turn.
func TestDamagedPagesAreFound(t *testing.T) {
	t.Parallel()
	config, _ := usedFile(t)
	sound := readFile(t, config.Path)
	for start := 0; start < len(sound); start += pageSize {
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

// TestDamagedBytesDoNoHarm changes a byte. Where that is in a value, no check of
// the structure can see it; but nothing may crash or hang.
func TestDamagedBytesDoNoHarm(t *testing.T) {
	t.Parallel()
	config, key := usedFile(t)
	sound := readFile(t, config.Path)
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range damages {
		damaged := append([]byte(nil), sound...)
		damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		store, err := openCopy(t, damaged, nil)
		if err != nil {
			refused++
			continue
		}
		_, _ = store.Charge(t.Context(), batchOf(t, key))
		_, _, _ = store.KeyUsage(t.Context(), key)
		_ = store.Close()
	}
	t.Logf("%d of %d refused", refused, damages)
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
	for range damages {
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
