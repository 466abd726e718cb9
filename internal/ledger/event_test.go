package ledger

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// TestThresholdUnits wants the fewest units that are a percentage, as numbers without a
// bound have it.
func TestThresholdUnits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quantity, percent := rapid.Int64Range(0, ration.MaxUnits).Draw(t, "quantity"), rapid.IntRange(1, 100).Draw(t, "percent")
		got := thresholdUnits(quantity, percent)
		reaches := func(units int64) bool {
			return new(big.Int).Mul(big.NewInt(units), big.NewInt(100)).Cmp(new(big.Int).Mul(big.NewInt(quantity), big.NewInt(int64(percent)))) >= 0
		}
		if !reaches(got) || got > 0 && reaches(got-1) {
			t.Fatalf("%d %% of %d is %d", percent, quantity, got)
		}
	})
}

func TestEventsAreRememberedWhileTheyCanBeCausedAgain(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 15, 12, 30, 0, 0, time.UTC)
	hour := at.Add(30 * time.Minute)
	for _, row := range []struct {
		name   string
		event  Event
		period ration.Period
		want   time.Time
	}{
		{"an hour", Event{Kind: LimitReached, EndsAt: hour}, ration.PeriodHour, hour.Add(48 * time.Hour)},
		{"a month", Event{Kind: LimitReached, EndsAt: at.AddDate(0, 1, 0)}, ration.PeriodMonth, at.AddDate(0, 1, 2)},
		{"a period whose end is not known", Event{Kind: LimitReached}, ration.PeriodDay, at.Add(RefundRetention)},
		{"a lifetime", Event{Kind: LimitReached}, ration.PeriodLifetime, time.Time{}},
		{"refunds of an hour, whose receipts have no end", Event{Kind: RefundsExhausted, EndsAt: hour}, ration.PeriodHour, at.Add(RefundRetention)},
		{"refunds of a lifetime", Event{Kind: RefundsExhausted}, ration.PeriodLifetime, time.Time{}},
	} {
		row.event.At, row.event.Limit.Period = at, row.period
		if got := row.event.RememberUntil(); !got.Equal(row.want) {
			t.Errorf("%s is remembered until %s, want %s", row.name, got, row.want)
		}
	}
}
