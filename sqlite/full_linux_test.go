package sqlite_test

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdisk"
	"github.com/ration-dev/ration/sqlite"
)

// TestFullDisk fills a real disk under a store, again and again: nothing is
// admitted that isn't recorded, and once there is room all goes on by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	testdisk.OnSmallDisk(t, 8<<20, func(t *testing.T, dir string) {
		random := rand.New(rand.NewPCG(10, 10))
		config := sqlite.Config{Path: filepath.Join(dir, "ration.db"), Fatal: func(err error) { t.Errorf("Fatal: %v", err) }}
		told := new(answers)
		for fill := range diskFills {
			store, err := sqlite.Open(t.Context(), config)
			if err != nil {
				t.Fatalf("fill %d: %v", fill, err)
			}
			for range 2 { // with a new log, and with one that has grown
				fillUp(t, dir, store, told, random)
			}
			if err := store.Close(); err != nil {
				t.Errorf("fill %d: %v", fill, err)
			}
			for _, fault := range reopen(t, dir, told) {
				t.Errorf("fill %d: %s", fill, fault)
			}
		}
	})
}

// fillUp works until the disk is full, makes room and works on.
func fillUp(t *testing.T, dir string, store *sqlite.Store, told *answers, random *rand.Rand) {
	t.Helper()
	free := testdisk.Fill(t, dir, int64(random.IntN(300<<10)))
	var err error
	for range 2_000 {
		if err = workOnce(t, store, told, random); err != nil {
			break
		}
	}
	if !errors.Is(err, ration.ErrStoreUnavailable) && !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("on a full disk: %v", err)
	}
	for range 3 {
		_ = workOnce(t, store, told, random) // answers note what it is told
	}
	for _, fault := range told.judge(t.Context(), store) {
		t.Error(fault)
	}
	free()
	if err := workOnce(t, store, told, random); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := store.Ready(t.Context()); err != nil {
		t.Errorf("not ready with room again: %v", err)
	}
}

// TestOpeningOnAFullDisk opens a database where there is no room for its log or
// the log's index.
func TestOpeningOnAFullDisk(t *testing.T) {
	t.Parallel()
	testdisk.OnSmallDisk(t, 2<<20, func(t *testing.T, dir string) {
		told := new(answers)
		random := rand.New(rand.NewPCG(10, 11))
		path := filepath.Join(dir, "ration.db")
		store := open(t, sqlite.Config{Path: path})
		for range 20 {
			if err := workOnce(t, store, told, random); err != nil {
				t.Fatal(err)
			}
		}
		closeStore(t, store)
		for leave := int64(0); leave <= 64<<10; leave += 8 << 10 {
			free := testdisk.Fill(t, dir, leave)
			if store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); err == nil {
				_ = workOnce(t, store, told, random)
				_ = store.Close()
			}
			free()
			for _, fault := range reopen(t, dir, told) {
				t.Errorf("%d bytes left: %s", leave, fault)
			}
		}
	})
}

// TestLogDoesNotKeepADiskFull charges a few keys, which takes room only in the
// log, on a disk that is smaller than a log may get.
func TestLogDoesNotKeepADiskFull(t *testing.T) {
	t.Parallel()
	testdisk.OnSmallDisk(t, 2<<20, func(t *testing.T, dir string) {
		store := open(t, sqlite.Config{Path: filepath.Join(dir, "ration.db")})
		key := createKey(t, store, "")
		refused, counted := 0, int64(0)
		for counted < 600 {
			_, err := store.Charge(t.Context(), testbatch.Requests(t, key))
			switch {
			case err == nil:
				counted++
			case !errors.Is(err, ration.ErrStoreUnavailable):
				t.Fatal(err)
			default:
				refused++
			}
			if refused > 5_000 {
				t.Fatalf("stuck after %d charges", counted)
			}
		}
		t.Logf("%d counted, %d refused", counted, refused)
		if refused == 0 {
			t.Error("the disk was never full: this run proves nothing")
		}
		if got := used(t, store, key); got != counted {
			t.Errorf("%d counted, want %d", got, counted)
		}
	})
}
