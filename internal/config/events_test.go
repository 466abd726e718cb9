package config_test

import (
	"slices"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestLimitThresholds(t *testing.T) {
	for _, row := range []struct {
		value string
		want  []int // nil: it is refused
	}{
		{"100, 50,80,50", []int{50, 80, 100}},
		{"1", []int{1}},
		{"none", []int{}},
		{"0,80", nil},
		{"101", nil},
		{"80,,100", nil},
		{"80.5", nil},
		{"1,2,3,4,5,6,7,8,9,10", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"1,2,3,4,5,6,7,8,9,10,11", nil},
	} {
		got, err := config.Load(config.Sources{Flags: map[string]string{"limit_thresholds": row.value}})
		if row.want == nil {
			if err == nil {
				t.Errorf("%q is accepted as %v", row.value, got.LimitThresholds)
			}
			continue
		}
		if err != nil || got.LimitThresholds == nil || !slices.Equal(got.LimitThresholds, row.want) {
			t.Errorf("%q: got %v, %v; want %v", row.value, got.LimitThresholds, err, row.want)
		}
	}
}

func TestEventsAreKeptLongerThanTheyAreTried(t *testing.T) {
	for value, want := range map[string]int{"0": 0, "1": -1, "3": -1, "4": 4, "30": 30, "36501": -1} {
		got, err := config.Load(config.Sources{Flags: map[string]string{"events_days": value}})
		if (err != nil) != (want < 0) || err == nil && got.EventsDays != want {
			t.Errorf("events_days %s: %d, %v; want %d, where -1 is refused", value, got.EventsDays, err, want)
		}
	}
}
