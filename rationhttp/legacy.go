package rationhttp

import (
	"strconv"
	"time"

	"github.com/ration-dev/ration"
)

// appendLegacy adds the X-RateLimit fields of the tightest limit, in the form that
// GitHub sends. With delta, the reset is in seconds from now.
func appendLegacy(fields []Field, limits []ration.LimitStatus, now time.Time, delta bool) []Field {
	status := tightest(limits)
	fields = append(fields,
		Field{"X-RateLimit-Limit", strconv.FormatInt(status.Size(), 10)},
		Field{"X-RateLimit-Remaining", strconv.FormatInt(status.Remaining, 10)},
		Field{"X-RateLimit-Used", strconv.FormatInt(status.Used+status.Reserved, 10)},
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

// tightest returns the limit with the smallest remaining share. Of equal ones it
// returns one that refused, else the one with the longest period. There must be at
// least one limit.
func tightest(limits []ration.LimitStatus) *ration.LimitStatus {
	best := &limits[0]
	for i := 1; i < len(limits); i++ {
		status := &limits[i]
		if status.Exceeded != best.Exceeded {
			if status.Exceeded {
				best = status
			}
			continue
		}
		if share(status) <= share(best) {
			best = status
		}
	}
	return best
}

func share(status *ration.LimitStatus) float64 {
	if status.Size() == 0 {
		return 0
	}
	return float64(status.Remaining) / float64(status.Size())
}

func ceilUnix(t time.Time) int64 {
	seconds := t.Unix()
	if t.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}
