package ration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
)

// noon is when tests are.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

func limits(t *testing.T, texts ...string) []ration.Limit {
	t.Helper()
	limits := make([]ration.Limit, len(texts))
	for i, text := range texts {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		limits[i] = limit
	}
	return limits
}

func named(limit ration.Limit, name string) ration.Limit {
	limit.Name = name
	return limit
}

func TestNormalizePlanSorts(t *testing.T) {
	given := limits(t, "1 zebra/day", "1/lifetime", "1/month", "1 apple/day", "1/second", "1/hour", "1/week", "1/minute", "1/day")
	first := given[0]
	plan, err := ration.Plan{Name: "a", Limits: given}.Normalize()
	if err != nil {
		t.Fatal(err)
	}
	want := limits(t, "1/second", "1/minute", "1/hour", "1/day", "1/week", "1/month", "1/lifetime", "1 apple/day", "1 zebra/day")
	if diff := cmp.Diff(want, plan.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	if given[0] != first {
		t.Error("the caller's limits were sorted")
	}
}

func TestNormalizePlanRefuses(t *testing.T) {
	for _, row := range []struct {
		name  string
		plan  ration.Plan
		field string
	}{
		{"no name", ration.Plan{}, "plan"},
		{"a name with a slash", ration.Plan{Name: "../a"}, "plan"},
		{"a name with a line break", ration.Plan{Name: "a\n"}, "plan"},
		{"a name that begins with a dot", ration.Plan{Name: ".a"}, "plan"},
		{"a zone that does not exist", ration.Plan{Name: "a", TimeZone: "Mars/Base"}, "time_zone"},
		{"the machine's own zone", ration.Plan{Name: "a", TimeZone: "Local"}, "time_zone"},
		{"a limit that is wrong", ration.Plan{Name: "a", Limits: []ration.Limit{{Meter: "x", Period: "decade"}}}, "period"},
		{"two limits for one thing", ration.Plan{Name: "a", Limits: limits(t, "1/day", "2/day")}, "limits"},
		{"two limits with one name", ration.Plan{Name: "a", Limits: []ration.Limit{named(limits(t, "1/day")[0], "x"), named(limits(t, "1/week")[0], "x")}}, "limits"},
		{"a limit named as another by default", ration.Plan{Name: "a", Limits: []ration.Limit{named(limits(t, "1/day")[0], "requests-week"), limits(t, "1/week")[0]}}, "limits"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.plan.Normalize()
			if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != row.field {
				t.Errorf("%+v, %v; want an error about %s", got, err, row.field)
			}
		})
	}
}
