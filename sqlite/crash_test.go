//go:build unix

package sqlite_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testdisk"
	"github.com/ration-dev/ration/sqlite"
)

// crasher returns what restarts a store on a disk that loses its power during
// some work, or after it, and then opens one on what is left.
func crasher(config sqlite.Config) storetest.Crash {
	const mostChanges = 16 // of the disk by a small batch, and some that never come
	return func(t *testing.T, store storetest.Store, point uint64, work func(context.Context, storetest.Store)) storetest.Store {
		t.Helper()
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		var working atomic.Bool
		var cutIn atomic.Int64 // so many changes of the disk
		cutIn.Store(1 + int64(point)%mostChanges)
		disk := testdisk.New(t, filepath.Dir(config.Path), func(call testdisk.Call) int {
			if working.Load() && call.Kind >= testdisk.Write && cutIn.Add(-1) == 0 {
				return testdisk.PowerCut
			}
			return 0
		})
		crashing := config
		crashing.Fatal = func(error) {}
		crashed, err := sqlite.Open(t.Context(), crashing)
		if err != nil {
			t.Fatal(err)
		}
		working.Store(true)
		work(t.Context(), crashed)
		disk.CutPower()
		_ = crashed.Close() // without power

		left := t.TempDir()
		if err := disk.Restore(rand.New(rand.NewPCG(point, 15)), left); err != nil {
			t.Fatal(err)
		}
		config.Path = filepath.Join(left, filepath.Base(config.Path))
		return open(t, config)
	}
}
