package ration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
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
			got := ration.EffectiveLimits(given, row.overrides, noon)
			if diff := cmp.Diff(row.want, got, equateEmpty); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(plan, given); diff != "" {
				t.Errorf("the plan was changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewPolicyTakesTheKeysZoneFirst(t *testing.T) {
	for _, row := range []struct{ key, plan, want string }{
		{"Asia/Tokyo", "Europe/Rome", "Asia/Tokyo"}, {"", "Europe/Rome", "Europe/Rome"}, {"", "", "UTC"}, {"UTC", "Europe/Rome", "UTC"},
	} {
		policy, err := ration.NewPolicy(ration.Key{TimeZone: row.key}, ration.Plan{TimeZone: row.plan}, nil, nil, noon)
		if err != nil || policy.Zone.String() != row.want {
			t.Errorf("key %q, plan %q: %v, %v; want %s", row.key, row.plan, policy.Zone, err, row.want)
		}
	}
	if _, err := ration.NewPolicy(ration.Key{TimeZone: "Mars/Base"}, ration.Plan{}, nil, nil, noon); err == nil {
		t.Error("a zone that does not exist was taken")
	}
}
