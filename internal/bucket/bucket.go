package bucket

import (
	"math"
	"time"
)

// Rate is how fast a bucket fills and what it holds. The zero Rate bounds nothing.
type Rate struct {
	PerSecond float64 // tokens that it gains; must not be negative
	Burst     float64 // most that it holds, at least 1
}

// IsZero reports whether the rate bounds nothing.
func (r Rate) IsZero() bool { return r == Rate{} }

// Bucket is the tokens of one address. The zero Bucket is full. It is not safe for
// concurrent use.
type Bucket struct {
	spent float64 // tokens that are missing; more than the burst is a debt
	at    time.Time
}

// Left returns how many tokens there are now; less than 0 is a debt.
func (b *Bucket) Left(rate Rate, now time.Time) float64 {
	b.fill(rate, now)
	return rate.Burst - b.spent
}

// Take takes tokens, also those that aren't there; less than 0 gives some back.
func (b *Bucket) Take(rate Rate, now time.Time, tokens float64) {
	b.fill(rate, now)
	b.spent = max(b.spent+tokens, 0)
}

// Wait returns how long it takes until there are as many tokens. A bucket that
// never gains any takes for ever, which is the longest Duration.
func (b *Bucket) Wait(rate Rate, now time.Time, tokens float64) time.Duration {
	missing := tokens - b.Left(rate, now)
	if missing <= 0 {
		return 0
	}
	wait := missing / rate.PerSecond * float64(time.Second)
	if wait >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Ceil(wait))
}

// Full reports whether the bucket holds its burst.
func (b *Bucket) Full(rate Rate, now time.Time) bool {
	b.fill(rate, now)
	return b.spent == 0
}

// fill adds what was gained since the last time. A clock that steps back adds nothing.
func (b *Bucket) fill(rate Rate, now time.Time) {
	if passed := now.Sub(b.at); passed > 0 && b.spent > 0 {
		b.spent = max(b.spent-passed.Seconds()*rate.PerSecond, 0)
	}
	b.at = now
}
