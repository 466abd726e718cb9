package webhook_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/webhook"
)

// TestPauses: each pause grows, and some chance moves it by a fifth.
func TestPauses(t *testing.T) {
	for _, row := range []struct {
		attempts int
		since    time.Duration
		asked    time.Duration
		chance   float64
		want     time.Duration
		last     bool
	}{
		{attempts: 1, chance: 0.5, want: 5 * time.Second},
		{attempts: 1, chance: 0, want: 4 * time.Second},
		{attempts: 1, chance: 1, want: 6 * time.Second},
		{attempts: 0, chance: 0.5, want: 5 * time.Second},
		{attempts: 2, since: 5 * time.Second, chance: 0.5, want: 30 * time.Second},
		{attempts: 3, since: 35 * time.Second, chance: 0.5, want: 2 * time.Minute},
		{attempts: 9, since: 8 * time.Hour, chance: 0.5, want: 8 * time.Hour},
		{attempts: 99, since: 40 * time.Hour, chance: 0.5, want: 8 * time.Hour},
		{attempts: 12, since: -time.Hour, chance: 0.5, want: 8 * time.Hour}, // a clock was put back

		{attempts: 16, since: 71 * time.Hour, chance: 1, want: time.Hour}, // the last one comes after 72 hours
		{attempts: 16, since: 72*time.Hour - time.Second, chance: 0, want: 5 * time.Second},
		{attempts: 16, since: 72 * time.Hour, last: true},
		{attempts: 3, since: 72 * time.Hour, asked: time.Hour, last: true},
		{attempts: 2, since: 96 * time.Hour, chance: 0.5, want: 30 * time.Second}, // it began late
		{attempts: 1, since: 96 * time.Hour, chance: 0.5, want: 5 * time.Second},

		{attempts: 1, asked: time.Minute, chance: 1, want: time.Minute},
		{attempts: 5, asked: time.Minute, chance: 0.5, want: 30 * time.Minute},
		{attempts: 1, asked: 30 * 24 * time.Hour, chance: 0.5, want: 3 * time.Hour},
		{attempts: 16, since: 71 * time.Hour, asked: 2 * time.Hour, chance: 0.5, want: 2 * time.Hour},
		{attempts: 1, asked: -time.Hour, chance: 0.5, want: 5 * time.Second},
	} {
		if after, last := webhook.Next(row.attempts, row.since, row.asked, row.chance); after != row.want || last != row.last {
			t.Errorf("%+v: got %s, %t", row, after, last)
		}
	}
}

// TestTriedForThreeDays: whatever chance does, the last attempt is made 72 hours after the
// first was due, or soon after, and there are some in the first hour.
func TestTriedForThreeDays(t *testing.T) {
	for _, chance := range []float64{0, 0.3, 0.5, 0.9, 1} {
		var since time.Duration
		attempts, early := 1, 1
		for {
			after, last := webhook.Next(attempts, since, 0, chance)
			if last {
				break
			}
			attempts, since = attempts+1, since+after
			if since < time.Hour {
				early++
			}
		}
		if since < 72*time.Hour || since > 73*time.Hour || attempts < 15 || attempts > 22 || early < 5 {
			t.Errorf("chance %v: %d attempts in %s, %d of them in the first hour", chance, attempts, since, early)
		}
	}
}
