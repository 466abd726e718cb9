package sqlite_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/sqlite"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		clock := newFakeClock(time.Now())
		var skew atomic.Int64 // of the time that has passed, which is the instance's own clock
		elapsed := func() time.Duration { return time.Duration(1000*clock.micros.Load() + skew.Load()) }
		config := sqlite.Config{Path: newPath(t), Clock: clock.now, Elapsed: elapsed}
		return storetest.Harness{
			Store: open(t, config), BelievesSteps: true, Crash: crasher(config), Purge: sqlite.PurgeHistory,
			SetNow: func(now time.Time) {
				skew.Store(0)
				clock.set(now)
			},
			SetInstanceNow: func(now time.Time) { skew.Store(int64(now.Sub(clock.now()))) },
		}
	})
}
