package sqlite

import (
	"time"

	"golang.org/x/sys/unix"
)

// elapsed returns the time since the machine was started. It goes on while the
// machine sleeps, which the clock behind time.Since does not: waking up would
// look like a step.
func elapsed() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return sinceStart()
	}
	return time.Duration(t.Nano())
}
