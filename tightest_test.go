package ration_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
)

func TestTightest(t *testing.T) {
	left := func(name string, remaining, quantity int64) ration.LimitStatus {
		return ration.LimitStatus{Limit: ration.Limit{Name: name, Kind: ration.KindQuota, Quantity: quantity}, Used: quantity - remaining, Remaining: remaining}
	}
	refused := func(name string, remaining, quantity int64, resets int64) ration.LimitStatus {
		status := left(name, remaining, quantity)
		status.Exceeded = true
		if resets > 0 {
			status.ResetsAt = time.Unix(resets, 0)
		}
		return status
	}
	rate := ration.LimitStatus{Limit: ration.Limit{Name: "second", Kind: ration.KindRate, Quantity: 2, Burst: 10}, Used: 1, Remaining: 9}
	slots := func(remaining, quantity int64) ration.LimitStatus {
		status := left("slots", remaining, quantity)
		status.Kind = ration.KindConcurrent
		return status
	}
	refusedSlots := slots(0, 5)
	refusedSlots.Exceeded = true
	for _, row := range []struct {
		name   string
		limits []ration.LimitStatus
		want   string
	}{
		{"none", nil, ""},
		{"the only one", []ration.LimitStatus{left("day", 5, 10)}, "day"},
		{"a smaller part, with more units", []ration.LimitStatus{left("hour", 50, 100), left("month", 1000, 10_000)}, "month"},
		{"a smaller part, whatever the order", []ration.LimitStatus{left("month", 1000, 10_000), left("hour", 50, 100)}, "month"},
		{"fewer units of a burst are not tighter", []ration.LimitStatus{rate, left("day", 500, 1000)}, "day"},
		{"of equal parts the last", []ration.LimitStatus{left("day", 5, 10), left("month", 50, 100)}, "month"},
		{"a limit of 0 has nothing left", []ration.LimitStatus{left("zero", 0, 0), left("day", 1, 10)}, "zero"},
		{"parts that a float64 holds equal", []ration.LimitStatus{left("less", ration.MaxUnits-2, ration.MaxUnits), left("more", ration.MaxUnits-2, ration.MaxUnits-1)}, "less"},
		{"one that refused, whatever remains", []ration.LimitStatus{refused("day", 3, 10, 100), left("month", 0, 100)}, "day"},
		{"of two that refused the one that resets later", []ration.LimitStatus{refused("month", 50, 100, 200), refused("day", 0, 10, 100)}, "month"},
		{"of two that refused the one that never resets", []ration.LimitStatus{refused("lifetime", 50, 100, 0), refused("day", 0, 10, 100)}, "lifetime"},
		{"slots come last, whatever remains", []ration.LimitStatus{slots(0, 5), left("day", 9, 10)}, "day"},
		{"slots alone", []ration.LimitStatus{slots(0, 5)}, "slots"},
		{"slots that refused", []ration.LimitStatus{left("day", 0, 10), refusedSlots}, "slots"},
		{"slots that refused besides a quota", []ration.LimitStatus{refusedSlots, refused("day", 0, 10, 100)}, "day"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ration.Tightest(row.limits)
			if (got == nil) != (row.want == "") || got != nil && got.Name != row.want {
				t.Errorf("got %+v, want %q", got, row.want)
			}
		})
	}
}
