package sqlite

import (
	"time"

	"github.com/ration-dev/ration/internal/ledger"
)

// WatchClock looks at a clock until end is closed, as a store does, and returns
// what asks for it.
func WatchClock(wall func() time.Time, elapsed func() time.Duration, end <-chan struct{}) (read func() ledger.Clock) {
	c := newClock(wall, elapsed)
	go c.watch(end)
	return c.read
}

// Elapsed is the system's.
func Elapsed() time.Duration { return elapsed() }
