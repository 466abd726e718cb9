package postgres

import (
	"strconv"
	"time"
)

// timeouts bound what a transaction of decisions or changes may take.
type timeouts struct {
	lock      time.Duration // of a wait for one lock, and of a watch of those who have it
	statement time.Duration
	idle      time.Duration // between two round trips of a transaction
	round     time.Duration // of a round trip; what it cuts off is resolved on another connection
}

var defaultTimeouts = timeouts{lock: 500 * time.Millisecond, statement: 2 * time.Second, idle: 3 * time.Second, round: 3 * time.Second}

// settingsOf returns the parameters of settingsSQL.
func settingsOf(searchPath string, limits timeouts) [4]string {
	return [...]string{searchPath, milliseconds(limits.lock), milliseconds(limits.statement), milliseconds(limits.idle)}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }
