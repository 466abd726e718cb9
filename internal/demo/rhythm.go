package demo

import (
	"math"
	"time"
)

// weight is how much of a week's usage falls on the hour that begins at a local time: 1 in
// an ordinary hour.
func (r rhythm) weight(local time.Time) float64 {
	hour, weekend := float64(local.Hour()), local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
	switch r {
	case office:
		if weekend {
			return 0.08 + 0.3*hill(hour, 14, 4)
		}
		return 0.08 + 2.4*hill(hour, 10.5, 2) + 2.2*hill(hour, 15, 2.2)
	case evening:
		if weekend {
			return 0.2 + 1.8*hill(hour, 15, 4) + 1.6*hill(hour, 20.5, 2)
		}
		return 0.15 + 0.6*hill(hour, 12.5, 1.5) + 2.4*hill(hour, 20, 2.2)
	case night:
		return 0.02 + 9*hill(hour, 3, 1)
	default:
		return 0.85 + 0.3*hill(hour, 14, 5)
	}
}

// hill is 1 at its top, and falls off by its width.
func hill(hour, top, width float64) float64 {
	d := (hour - top) / width
	return math.Exp(-d * d / 2)
}
