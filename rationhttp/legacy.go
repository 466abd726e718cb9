package rationhttp

import (
	"strconv"
	"time"

	"github.com/ration-dev/ration"
)

// appendLegacy adds the X-RateLimit fields of the tightest limit, in the form that
// GitHub sends. With delta, the reset is in seconds from now.
func appendLegacy(fields []Field, limits []ration.LimitStatus, now time.Time, delta bool) []Field {
	status := ration.Tightest(limits)
	fields = append(fields,
		Field{"X-RateLimit-Limit", status.Unit.Text(status.Size())},
		Field{"X-RateLimit-Remaining", status.Unit.Text(status.Remaining)},
		Field{"X-RateLimit-Used", status.Unit.Text(status.Used + status.Reserved)},
	)
	if status.ResetsAt.IsZero() { // never
		return fields
	}
	reset := ceilSeconds(status.ResetsAt.Sub(now))
	if !delta {
		reset = ceilUnix(status.ResetsAt)
	}
	return append(fields, Field{"X-RateLimit-Reset", strconv.FormatInt(reset, 10)})
}

func ceilUnix(t time.Time) int64 {
	seconds := t.Unix()
	if t.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}
