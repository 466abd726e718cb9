//go:build unix

package sqlite_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdisk"
	"github.com/ration-dev/ration/sqlite"
)

// nthFault makes one call fail, or all of its kind from one on.
type nthFault struct {
	kind  testdisk.Kind
	code  int
	nth   int
	lasts bool
	hit   atomic.Bool
}

func (f *nthFault) answer(call testdisk.Call) int {
	if call.Kind != f.kind || call.Nth < f.nth || call.Nth > f.nth && !f.lasts {
		return 0
	}
	f.hit.Store(true)
	return f.code
}

// TestEveryFlushThatFailsEndsTheWork fails each flush in turn: in the creation
// of a database, in commits, in checkpoints, in closing it. The next flushes
// would succeed, and must not be believed: what the failed one was to write is
// never written.
func TestEveryFlushThatFailsEndsTheWork(t *testing.T) {
	t.Parallel()
	for nth := 1; nth <= 200; nth += failedFlushStep {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			t.Parallel()
			failFlush(t, nth)
		})
	}
}

func failFlush(t *testing.T, nth int) {
	random := rand.New(rand.NewPCG(uint64(nth), 13))
	dir, left := t.TempDir(), t.TempDir()
	fault := &nthFault{kind: testdisk.Sync, code: sqlite3.SQLITE_IOERR_FSYNC, nth: nth}
	disk := testdisk.New(t, dir, fault.answer)
	told := new(answers)
	var fatals atomic.Int32
	store, err := openShortLog(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db"), Fatal: func(error) { fatals.Add(1) }})
	opening := fault.hit.Load()
	if err == nil {
		err = workUntil(t, store, told, random, func() bool { return fatals.Load() > 0 })
		if fatals.Load() > 0 {
			refusesAll(t, store, told, random)
		}
		err = errors.Join(err, store.Close())
	}
	if !fault.hit.Load() {
		t.Fatal("there was no such flush: this run proves nothing")
	}
	// What failed in opening the file may have been done again, from the start.
	if err == nil && !opening || fatals.Load() > 1 {
		t.Errorf("error %v, and Fatal was called %d times", err, fatals.Load())
	}
	disk.CutPower()
	if err := disk.Restore(random, left); err != nil {
		t.Fatal(err)
	}
	for _, fault := range reopen(t, left, told) {
		t.Error(fault)
	}
}

// workUntil charges one batch after the other, and returns the first error; nil
// after many.
func workUntil(t *testing.T, store *sqlite.Store, told *answers, random *rand.Rand, enough func() bool) error {
	if err := told.createPlan(t.Context(), store); err != nil {
		return err
	}
	for range 3 {
		if err := told.createKey(t.Context(), store); err != nil {
			return err
		}
	}
	for range 220 {
		if enough() {
			return errors.New("enough")
		}
		if err := told.charge(t.Context(), store, random); err != nil {
			return err
		}
	}
	return nil
}

// refusesAll wants a store that called Fatal to admit nothing any more.
func refusesAll(t *testing.T, store *sqlite.Store, told *answers, random *rand.Rand) {
	t.Helper()
	for range 3 {
		if told.pick(random) == nil {
			return
		}
		if err := told.charge(t.Context(), store, random); !errors.Is(err, ration.ErrStoreUnavailable) {
			t.Errorf("charging after a flush that failed: %v", err)
		}
	}
	if err := told.createKey(t.Context(), store); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("creating a key after a flush that failed: %v", err)
	}
	if err := store.Ready(t.Context()); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("ready after a flush that failed: %v", err)
	}
}

// TestEveryCallThatFails fails each call of each kind in turn, once and for
// good, until a run gets through without one.
func TestEveryCallThatFails(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		kind testdisk.Kind
		code int
	}{
		{testdisk.Open, sqlite3.SQLITE_CANTOPEN},
		{testdisk.Read, sqlite3.SQLITE_IOERR_READ},
		{testdisk.Write, sqlite3.SQLITE_IOERR_WRITE},
		{testdisk.Write, sqlite3.SQLITE_FULL},
		{testdisk.Truncate, sqlite3.SQLITE_IOERR_TRUNCATE},
		{testdisk.Delete, sqlite3.SQLITE_IOERR_DELETE},
	} {
		for _, lasts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v %d lasts %t", row.kind, row.code, lasts), func(t *testing.T) {
				t.Parallel()
				nth := 1
				for failCall(t, &nthFault{kind: row.kind, code: row.code, nth: nth, lasts: lasts}) {
					nth += 1 + failedCallGrowth*nth
				}
				t.Logf("%d calls", nth)
				if nth == 1 {
					t.Error("there was no such call")
				}
			})
		}
	}
}

// failCall reports whether the fault was met.
func failCall(t *testing.T, fault *nthFault) bool {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(fault.nth), 15))
	dir := t.TempDir()
	healed := new(atomic.Bool)
	testdisk.New(t, dir, func(call testdisk.Call) int {
		if healed.Load() {
			return 0
		}
		return fault.answer(call)
	})
	told := new(answers)
	path := filepath.Join(dir, "ration.db")
	store, err := openShortLog(t.Context(), sqlite.Config{Path: path, Fatal: func(err error) { t.Errorf("call %d: Fatal: %v", fault.nth, err) }})
	if err == nil {
		for range 30 {
			_ = workOnce(t, store, told, random)
		}
		healed.Store(true)
		if err := workOnce(t, store, told, random); err != nil {
			t.Errorf("call %d: still, after the fault: %v", fault.nth, err)
		}
		if err := store.Ready(t.Context()); err != nil {
			t.Errorf("call %d: not ready after the fault: %v", fault.nth, err)
		}
		_ = store.Close()
	}
	healed.Store(true)
	for _, wrong := range reopen(t, dir, told) {
		t.Errorf("call %d: %s", fault.nth, wrong)
	}
	return fault.hit.Load()
}

// workOnce charges once, or creates the keys to charge.
func workOnce(t *testing.T, store *sqlite.Store, told *answers, random *rand.Rand) error {
	if told.pick(random) == nil || random.IntN(8) == 0 {
		if err := told.createPlan(t.Context(), store); err != nil {
			return err
		}
		return told.createKey(t.Context(), store)
	}
	return told.charge(t.Context(), store, random)
}
