package webhook

import "time"

const (
	// triedFor is how long a delivery is tried: the last attempt is not before this time
	// after the first was due.
	triedFor = 72 * time.Hour
	// leastAttempts are made in any case: a delivery may have waited for longer than
	// triedFor before its first one, behind another of its key or while no instance ran.
	leastAttempts = 3
	// mostPatience is how long a receiver can ask to be left alone for.
	mostPatience = 3 * time.Hour
)

// pauses follow the first attempts. The last one follows all others.
var pauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// next returns how long to wait after an attempt that failed, or that it was the last one.
// Attempts are those made so far, since is how long before this one the first was due, and
// chance, of 0 to 1, spreads what failed together: by a fifth, up or down. Asked is how
// long the receiver wants to be left alone for.
func next(attempts int, since, asked time.Duration, chance float64) (after time.Duration, last bool) {
	if since >= triedFor && attempts >= leastAttempts {
		return 0, true
	}
	after = pauses[min(max(attempts, 1), len(pauses))-1]
	after = time.Duration(float64(after) * (0.8 + 0.4*chance))
	if left := triedFor - since; left > 0 { // the last one is made in time, and not 8 hours later
		after = min(after, max(left, pauses[0]))
	}
	return max(after, min(asked, mostPatience)), false
}
