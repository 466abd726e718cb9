package sqlite

import (
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/ledger"
)

const (
	// maxClockDifference is how far the clock may be from where the time that has
	// passed would have it, before no period may begin.
	maxClockDifference = 10 * time.Minute
	// stepStands is how long a clock that stepped is not believed. A step that is
	// undone before has no consequence; one that repairs the clock must not keep
	// keys waiting for longer.
	stepStands = 3 * time.Minute
	// clockInterval is how often the clock is looked at while nobody asks for it,
	// so that the wait for a step does not begin with the first charge after it.
	clockInterval = 10 * time.Second
)

// clock is the store's clock. There is no second one to hold it against, as
// there is for a database on another machine; but a process knows how much time
// has passed, whatever is done to the clock. It is safe for concurrent use.
type clock struct {
	wall    func() time.Time
	elapsed func() time.Duration // nil: the clock is never suspected

	mu       sync.Mutex
	believed time.Time     // what the clock showed when elapsed was 0
	suspect  bool          // it has stepped, and is not believed yet
	stepped  time.Time     // what it would have shown when elapsed was 0
	since    time.Duration // when the step was noticed
}

// newClock believes the clock as it is found: a start has nothing to hold it
// against. One that is behind then begins no period twice, for the ids of periods only go up.
func newClock(wall func() time.Time, elapsed func() time.Duration) *clock {
	c := &clock{wall: wall, elapsed: elapsed}
	if elapsed != nil {
		c.believed = c.now().Add(-elapsed())
	}
	return c
}

func (c *clock) now() time.Time { return time.UnixMicro(c.wall().UnixMicro()).UTC() }

// read reads the clock and judges it.
func (c *clock) read() ledger.Clock {
	if c.elapsed == nil {
		return ledger.Clock{Now: c.now()}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now, elapsed := c.now(), c.elapsed()
	start := now.Add(-elapsed)
	switch {
	case areNear(start, c.believed):
		c.suspect = false
	case !c.suspect || !areNear(start, c.stepped) || elapsed < c.since: // the last only if the system is broken
		c.suspect, c.stepped, c.since = true, start, elapsed
	case elapsed-c.since >= stepStands:
		c.suspect, c.believed = false, start
	}
	return ledger.Clock{Now: now, Suspect: c.suspect}
}

// step returns how far the clock has stepped, if it is suspect.
func (c *clock) step() time.Duration {
	if !c.read().Suspect {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stepped.Sub(c.believed)
}

// watch looks at the clock until end is closed.
func (c *clock) watch(end <-chan struct{}) {
	if c.elapsed == nil {
		return
	}
	ticker := time.NewTicker(clockInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.read()
		case <-end:
			return
		}
	}
}

func areNear(a, b time.Time) bool { return a.Sub(b).Abs() <= maxClockDifference }
