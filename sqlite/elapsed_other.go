//go:build !linux

package sqlite

import "time"

// elapsed returns the time since the process was started. Where it stands still
// while the machine sleeps, waking up is a step of the clock.
func elapsed() time.Duration { return sinceStart() }
