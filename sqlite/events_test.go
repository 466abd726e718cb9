//go:build unix

package sqlite_test

import (
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdisk"
	"github.com/ration-dev/ration/sqlite"
)

// TestChargesThatReachNoThresholdWriteNothingMore counts what charges, one after the other,
// write to the disk, with and without thresholds.
func TestChargesThatReachNoThresholdWriteNothingMore(t *testing.T) {
	t.Parallel()
	without, with := diskWrites(t, []int{}), diskWrites(t, nil)
	t.Logf("writes and flushes without thresholds: %v, with them: %v", without, with)
	for i := range with {
		reaches := i+1 == 8 || i+1 == 10
		if more := with[i] > without[i]; more != reaches {
			t.Errorf("charge %d wrote %d times, and %d times without thresholds", i+1, with[i], without[i])
		}
	}
	if slices.Max(without) == 0 {
		t.Error("charges wrote nothing")
	}
}

func diskWrites(t *testing.T, thresholds []int) (counts []int64) {
	t.Helper()
	dir := t.TempDir()
	var calls atomic.Int64
	testdisk.New(t, dir, func(call testdisk.Call) int {
		if call.Kind == testdisk.Write || call.Kind == testdisk.Sync {
			calls.Add(1)
		}
		return 0
	})
	store := open(t, sqlite.Config{Path: filepath.Join(dir, "ration.db"), LimitThresholds: thresholds})
	createPlan(t, store, "ten", "10/day")
	id := createKey(t, store, "ten")
	for range 11 {
		before := calls.Load()
		if _, err := store.Charge(t.Context(), testbatch.Of(t, testbatch.Item{Charge: ration.Charge{KeyID: id}})); err != nil {
			t.Fatal(err)
		}
		counts = append(counts, calls.Load()-before)
	}
	return counts
}
