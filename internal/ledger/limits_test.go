package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

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

func TestEffectiveLimits(t *testing.T) {
	plan := limits(t, "5/day", "50/month", "3 tokens/day")
	plan[0].Name = "daily"
	override := func(text string) ration.Override { return ration.Override{Limit: limits(t, text)[0]} }
	until := func(o ration.Override, ends time.Time) ration.Override { o.ExpiresAt = ends; return o }
	lifted := func(text string) ration.Override { o := override(text); o.Unlimited = true; return o }
	for _, row := range []struct {
		name      string
		overrides []ration.Override
		want      []ration.Limit
	}{
		{"none", nil, plan},
		{"one that replaces keeps the name", []ration.Override{override("9/day")}, []ration.Limit{named(limits(t, "9/day")[0], "daily"), plan[1], plan[2]}},
		{"one with a name of its own", []ration.Override{{Limit: named(limits(t, "9/day")[0], "mine")}}, []ration.Limit{named(limits(t, "9/day")[0], "mine"), plan[1], plan[2]}},
		{"one that lifts", []ration.Override{lifted("0/month")}, []ration.Limit{plan[0], plan[2]}},
		{"one that lifts what is not there", []ration.Override{lifted("0/hour")}, plan},
		{"one that adds", []ration.Override{override("1/week")}, []ration.Limit{plan[0], limits(t, "1/week")[0], plan[1], plan[2]}},
		{"all lifted", []ration.Override{lifted("0/day"), lifted("0/month"), lifted("0 tokens/day")}, nil},
		{"one that lasts a microsecond more", []ration.Override{until(lifted("0/month"), noon.Add(time.Microsecond))}, []ration.Limit{plan[0], plan[2]}},
		{"one with another limit's name", []ration.Override{{Limit: named(limits(t, "1/week")[0], "daily")}}, []ration.Limit{limits(t, "5/day")[0], limits(t, "1/week")[0], plan[1], plan[2]}},
		{"one named as another limit by default", []ration.Override{{Limit: named(limits(t, "1/week")[0], "requests-month")}}, []ration.Limit{plan[0], limits(t, "1/week")[0], plan[1], plan[2]}},
		{"two of one name", []ration.Override{{Limit: named(limits(t, "1/week")[0], "x")}, {Limit: named(limits(t, "1/hour")[0], "x")}}, []ration.Limit{limits(t, "1/hour")[0], plan[0], limits(t, "1/week")[0], plan[1], plan[2]}},
		{"a default name that yet another has taken", []ration.Override{
			{Limit: named(limits(t, "1/week")[0], "daily")}, {Limit: named(limits(t, "1/hour")[0], "requests-week")},
		}, []ration.Limit{limits(t, "1/hour")[0], limits(t, "5/day")[0], limits(t, "1/week")[0], plan[1], plan[2]}},
		{"the name of one that is lifted", []ration.Override{lifted("0/day"), {Limit: named(limits(t, "1/week")[0], "daily")}}, []ration.Limit{named(limits(t, "1/week")[0], "daily"), plan[1], plan[2]}},
		{"one that ends now", []ration.Override{until(lifted("0/month"), noon)}, plan},
	} {
		t.Run(row.name, func(t *testing.T) {
			given := append([]ration.Limit(nil), plan...)
			got := ledger.EffectiveLimits(given, row.overrides, noon)
			if diff := cmp.Diff(row.want, got, equateEmpty); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(plan, given); diff != "" {
				t.Errorf("the plan was changed (-want +got):\n%s", diff)
			}
		})
	}
}

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
				if diff := cmp.Diff(want, ledger.EffectiveLimits(row.plan, row.overrides, at), equateEmpty); diff != "" {
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
		for _, limit := range ledger.EffectiveLimits(plan, overrides, at) {
			got[limit.Period] = limit.Quantity
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("limits (-want +got):\n%s", diff)
		}
	})
}
