package bound

import "time"

// patience is how long somebody still waits for a client. It grows with each byte
// that moves, up to the grace.
type patience struct {
	pace Pace
	left time.Duration
}

func newPatience(pace Pace) patience {
	pace = pace.withDefaults()
	return patience{pace: pace, left: pace.Grace}
}

// unlimited reports whether the client may be as slow as it likes.
func (p *patience) unlimited() bool { return p.pace.BytesPerSecond <= 0 }

// spend takes the time that somebody has waited for, and adds what the bytes that
// moved are worth.
func (p *patience) spend(waited time.Duration, bytes int) {
	worth := time.Duration(float64(bytes) / float64(p.pace.BytesPerSecond) * float64(time.Second))
	p.left = min(p.left-waited+worth, p.pace.Grace)
}
