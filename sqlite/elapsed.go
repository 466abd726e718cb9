package sqlite

import "time"

var started = time.Now()

// sinceStart is monotonic: nobody can set it.
func sinceStart() time.Duration { return time.Since(started) }
