package ration_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// ownLimit makes an override of "5/day" or "unlimited/day"; without an end it lasts.
func ownLimit(t *testing.T, text string, end time.Time) ration.Override {
	t.Helper()
	override := ration.Override{ExpiresAt: end}
	if override.Unlimited = text[0] == 'u'; override.Unlimited {
		text = "0" + text[len("unlimited"):]
	}
	override.Limit = limits(t, text)[0]
	return override
}

func TestTemporaryOverrideHoldsUntilItsEnd(t *testing.T) {
	end, forever := noon.Add(time.Hour), time.Time{}
	plan := []ration.Limit{named(limits(t, "10/day")[0], "daily")}
	none := []ration.Limit(nil)
	limit := func(text, name string) []ration.Limit { return []ration.Limit{named(limits(t, text)[0], name)} }
	mine := ownLimit(t, "50/day", forever)
	mine.Name = "mine"
	for _, row := range []struct {
		name         string
		plan         []ration.Limit
		overrides    []ration.Override
		during, then []ration.Limit
	}{
		{"a raise without a plan", nil, []ration.Override{ownLimit(t, "2/day", forever), ownLimit(t, "3/day", end)}, limit("3/day", "requests-day"), limit("2/day", "requests-day")},
		{"a raise of a lasting raise", plan, []ration.Override{ownLimit(t, "50/day", forever), ownLimit(t, "200/day", end)}, limit("200/day", "daily"), limit("50/day", "daily")},
		{"in the other order", plan, []ration.Override{ownLimit(t, "200/day", end), ownLimit(t, "50/day", forever)}, limit("200/day", "daily"), limit("50/day", "daily")},
		{"a cut", plan, []ration.Override{ownLimit(t, "50/day", forever), ownLimit(t, "0/day", end)}, limit("0/day", "daily"), limit("50/day", "daily")},
		{"a lift of a lasting limit", plan, []ration.Override{ownLimit(t, "50/day", forever), ownLimit(t, "unlimited/day", end)}, none, limit("50/day", "daily")},
		{"a limit on what is lifted for good", plan, []ration.Override{ownLimit(t, "unlimited/day", forever), ownLimit(t, "5/day", end)}, limit("5/day", "daily"), none},
		{"a lasting one with a name", plan, []ration.Override{mine, ownLimit(t, "5/day", end)}, limit("5/day", "mine"), limit("50/day", "mine")},
		{"nothing beneath but the plan", plan, []ration.Override{ownLimit(t, "5/day", end)}, limit("5/day", "daily"), plan},
		{"nothing beneath at all", nil, []ration.Override{ownLimit(t, "5/day", end)}, limit("5/day", "requests-day"), none},
	} {
		t.Run(row.name, func(t *testing.T) {
			for at, want := range map[time.Time][]ration.Limit{noon: row.during, end.Add(-1): row.during, end: row.then, end.Add(1): row.then} {
				if diff := cmp.Diff(want, ration.EffectiveLimits(row.plan, row.overrides, at), equateEmpty); diff != "" {
					t.Errorf("at %s (-want +got):\n%s", at, diff)
				}
			}
		})
	}
}

// TestLayersOfOverrides compares with the plainest reading: for each thing that can
// be limited, what is on top at that instant.
func TestLayersOfOverrides(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		periods := []ration.Period{ration.PeriodSecond, ration.PeriodDay, ration.PeriodMonth}
		var plan []ration.Limit
		var overrides []ration.Override
		at := noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "at")))
		want := map[ration.Period]int64{}
		for _, period := range periods {
			draw := func(name string) (ration.Limit, bool) {
				limit, err := ration.Limit{Meter: "m", Period: period, Quantity: rapid.Int64Range(0, 9).Draw(rt, name)}.Normalize()
				if err != nil {
					rt.Fatal(err)
				}
				return limit, rapid.Bool().Draw(rt, name+" is there")
			}
			if limit, there := draw("plan"); there {
				plan = append(plan, limit)
				want[period] = limit.Quantity
			}
			for _, end := range []time.Time{{}, noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "end")))} {
				limit, there := draw("override")
				lifts := rapid.Bool().Draw(rt, "lifts")
				if !there {
					continue
				}
				if lifts {
					limit.Quantity, limit.Burst = 0, 0
				}
				overrides = append(overrides, ration.Override{Limit: limit, Unlimited: lifts, ExpiresAt: end})
				if end.IsZero() || end.After(at) {
					want[period] = limit.Quantity
				}
				if lifts && (end.IsZero() || end.After(at)) {
					delete(want, period)
				}
			}
		}
		overrides = rapid.Permutation(overrides).Draw(rt, "order")
		got := map[ration.Period]int64{}
		for _, limit := range ration.EffectiveLimits(plan, overrides, at) {
			got[limit.Period] = limit.Quantity
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("limits (-want +got):\n%s", diff)
		}
	})
}
