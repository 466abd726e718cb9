package ration_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
)

func TestParseLimit(t *testing.T) {
	for _, row := range []struct {
		text string
		want ration.Limit
	}{
		{"1000/day", ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Quantity: 1000, Period: ration.PeriodDay}},
		{"200_000 tokens/month", ration.Limit{Name: "tokens-month", Meter: "tokens", Kind: ration.KindQuota, Quantity: 200_000, Period: ration.PeriodMonth}},
		{" 5\trequests / week ", ration.Limit{Name: "requests-week", Meter: "requests", Kind: ration.KindQuota, Quantity: 5, Period: ration.PeriodWeek}},
		{"0/hour", ration.Limit{Name: "requests-hour", Meter: "requests", Kind: ration.KindQuota, Period: ration.PeriodHour}},
		{"9007199254740992 tokens/lifetime", ration.Limit{Name: "tokens-lifetime", Meter: "tokens", Kind: ration.KindQuota, Quantity: ration.MaxUnits, Period: ration.PeriodLifetime}},
		{"10/second", ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: ration.KindRate, Quantity: 10, Period: ration.PeriodSecond, Burst: 10}},
		{"10/second burst 20", ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: ration.KindRate, Quantity: 10, Period: ration.PeriodSecond, Burst: 20}},
		{"10 search.deep/minute burst 1", ration.Limit{Name: "search.deep-rate-minute", Meter: "search.deep", Kind: ration.KindRate, Quantity: 10, Period: ration.PeriodMinute, Burst: 1}},
		{"0/second", ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: ration.KindRate, Period: ration.PeriodSecond}},
		{"5 at once", ration.Limit{Name: "requests-concurrent", Meter: "requests", Kind: ration.KindConcurrent, Quantity: 5}},
		{" 2  exports\tat once", ration.Limit{Name: "exports-concurrent", Meter: "exports", Kind: ration.KindConcurrent, Quantity: 2}},
		{"0 at once", ration.Limit{Name: "requests-concurrent", Meter: "requests", Kind: ration.KindConcurrent}},
		{"10_000 at once", ration.Limit{Name: "requests-concurrent", Meter: "requests", Kind: ration.KindConcurrent, Quantity: 10_000}},
		{"1/minute burst 100000", ration.Limit{Name: "requests-rate-minute", Meter: "requests", Kind: ration.KindRate, Quantity: 1, Period: ration.PeriodMinute, Burst: 100_000}},
	} {
		got, err := ration.ParseLimit(row.text)
		if err != nil {
			t.Errorf("%q: %v", row.text, err)
			continue
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.text, diff)
		}
		again, err := ration.ParseLimit(got.String())
		if err != nil || again != got {
			t.Errorf("%q reads %q as %+v, %v", row.text, got.String(), again, err)
		}
	}
}

func TestParseLimitRefuses(t *testing.T) {
	for text, field := range map[string]string{
		"": "limit", "/": "limit", "day": "limit", "1000": "limit", "1000/": "limit", "/day": "limit",
		"-1/day": "limit", "+1/day": "limit", "1.5/day": "limit", "1e3/day": "limit", "0x10/day": "limit", "NaN/day": "limit",
		"at once": "limit", "5 at": "limit", "5 once": "limit", "at 5 once": "limit", "5 a b at once": "limit", "-1 at once": "limit", "10001 at once": "quantity", "5 No at once": "meter", "5/day at once": "limit",
		"_1/day": "limit", "_/day": "limit", "٣/day": "limit", `"10"/day`: "limit",
		"9007199254740993/day": "limit", "99999999999999999999/day": "limit",
		"10/day/week": "period", "10/1d": "period", "10/Day": "period", "10/fortnight": "period", "10/day week": "limit",
		"10 a b/day": "limit", "10 Tokens/day": "meter", "10 1st/day": "meter", "10 tök/day": "meter",
		"10/day burst 20": "burst", "10/second burst": "limit", "10/second burst 0": "limit", "10/second burst -1": "limit",
		"10/second speed 20": "limit", "0/second burst 5": "burst", "1/second burst 100001": "burst",
		"10/second burst 9007199254740993": "limit", "10 tokens;drop/day": "meter",
		"10 " + strings.Repeat("m", 65) + "/day": "meter",
	} {
		got, err := ration.ParseLimit(text)
		if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%q: %+v, %v; want an error about %s", text, got, err, field)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%q: an error of %d bytes", text, len(err.Error()))
		}
	}
}

func TestNormalizeLimit(t *testing.T) {
	valid := ration.Limit{Meter: "tokens", Period: ration.PeriodDay, Quantity: 5}
	with := func(change func(*ration.Limit)) ration.Limit {
		limit := valid
		change(&limit)
		return limit
	}
	for _, row := range []struct {
		name  string
		limit ration.Limit
		field string // that is wrong; "": nothing is
	}{
		{"all that is needed", valid, ""},
		{"the right kind", with(func(l *ration.Limit) { l.Kind = ration.KindQuota }), ""},
		{"the wrong kind", with(func(l *ration.Limit) { l.Kind = ration.KindRate }), "kind"},
		{"no such kind", with(func(l *ration.Limit) { l.Kind = "bucket" }), "kind"},
		{"no meter", with(func(l *ration.Limit) { l.Meter = "" }), "meter"},
		{"no period", with(func(l *ration.Limit) { l.Period = "" }), "period"},
		{"a negative quantity", with(func(l *ration.Limit) { l.Quantity = -1 }), "quantity"},
		{"the largest quantity", with(func(l *ration.Limit) { l.Quantity = ration.MaxUnits }), ""},
		{"more than the largest quantity", with(func(l *ration.Limit) { l.Quantity = ration.MaxUnits + 1 }), "quantity"},
		{"a quota with a burst", with(func(l *ration.Limit) { l.Burst = 1 }), "burst"},
		{"a negative burst", with(func(l *ration.Limit) { l.Period, l.Burst = ration.PeriodSecond, -1 }), "burst"},
		{"the largest burst", with(func(l *ration.Limit) { l.Period, l.Burst = ration.PeriodSecond, 500_000 }), ""},
		{"more than the largest burst", with(func(l *ration.Limit) { l.Period, l.Burst = ration.PeriodSecond, 500_001 }), "burst"},
		{"a name", with(func(l *ration.Limit) { l.Name = "My.limit_1-a" }), ""},
		{"the longest default name", with(func(l *ration.Limit) { l.Meter = strings.Repeat("m", 64) }), ""},
		{"the longest default name of a rate", with(func(l *ration.Limit) { l.Meter, l.Period = strings.Repeat("m", 64), ration.PeriodSecond }), ""},
		{"the longest name", with(func(l *ration.Limit) { l.Name = strings.Repeat("n", 78) }), ""},
		{"a name that is too long", with(func(l *ration.Limit) { l.Name = strings.Repeat("n", 79) }), "limit name"},
		{"a name with a space", with(func(l *ration.Limit) { l.Name = "a b" }), "limit name"},
		{"a name with a NUL at its end", with(func(l *ration.Limit) { l.Name = strings.Repeat("n", 70) + "\x00" }), "limit name"},
		{"a name with a quote at its end", with(func(l *ration.Limit) { l.Name = strings.Repeat("n", 64) + `"` }), "limit name"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.limit.Normalize()
			if row.field == "" {
				again, errAgain := got.Normalize()
				if err != nil || errAgain != nil || again != got {
					t.Errorf("%+v, %v; and once more %+v, %v", got, err, again, errAgain)
				}
				return
			}
			if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != row.field {
				t.Errorf("%+v, %v; want an error about %s", got, err, row.field)
			}
		})
	}
}

func TestNormalizeOverride(t *testing.T) {
	limit := ration.Limit{Meter: "requests", Period: ration.PeriodDay}
	lifted, err := ration.Override{Limit: limit, Unlimited: true}.Normalize()
	if err != nil || !lifted.Unlimited || lifted.Name != "requests-day" {
		t.Errorf("%+v, %v", lifted, err)
	}
	limit.Quantity = 5
	for _, wrong := range []ration.Override{{Limit: limit, Unlimited: true}, {Limit: ration.Limit{Meter: "x"}}} {
		if got, err := wrong.Normalize(); err == nil {
			t.Errorf("%+v became %+v, want an error", wrong, got)
		}
	}
}

func FuzzParseLimit(f *testing.F) {
	for _, seed := range []string{"1000/day", "200_000 tokens/month", "10/second burst 20", "0/minute", "9007199254740992/lifetime", "1 a/hour burst 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) {
				t.Errorf("error %v is no InvalidError", err)
			}
			return
		}
		again, err := ration.ParseLimit(limit.String())
		if err != nil || again != limit {
			t.Errorf("%+v is written %q and read %+v, %v", limit, limit.String(), again, err)
		}
		if normalized, err := limit.Normalize(); err != nil || normalized != limit {
			t.Errorf("%+v is normalized to %+v, %v", limit, normalized, err)
		}
	})
}
