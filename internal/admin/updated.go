package admin

import (
	"time"

	"github.com/ration-dev/ration"
)

// updatedAt returns the time of a change, which is later than that of the change before
// it, even if the clock was set back: callers tell versions apart by it.
func updatedAt(before, now time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Microsecond) // the finest that databases keep
}

// checkUnchanged refuses a change of what its caller has not seen.
func checkUnchanged(updatedAt, seen time.Time) error {
	if seen.IsZero() || seen.Equal(updatedAt) {
		return nil
	}
	return ration.ErrChanged
}
