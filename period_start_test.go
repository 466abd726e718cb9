package ration_test

import (
	"testing"

	"github.com/ration-dev/ration"
)

func TestPeriodsThatBeginAtATimeOfTheirOwn(t *testing.T) {
	for text, want := range map[string]struct{ written, name string }{
		"1000/day from 06:00":                {"1000/day from 06:00", "requests-day-from-0600"},
		"1000/day  from 6:00":                {"1000/day from 06:00", "requests-day-from-0600"},
		"1000/day from 00:00":                {"1000/day", "requests-day"},
		"7 tokens/week from thursday":        {"7 tokens/week from thursday", "tokens-week-from-thursday"},
		"7/week from thursday 18:30":         {"7/week from thursday 18:30", "requests-week-from-thursday-1830"},
		"7/week from monday":                 {"7/week", "requests-week"},
		"7/week from 18:30":                  {"7/week from monday 18:30", "requests-week-from-monday-1830"},
		"10000/month from day 15":            {"10000/month from day 15", "requests-month-from-day-15"},
		"10000/month from day 31 06:00":      {"10000/month from day 31 06:00", "requests-month-from-day-31-0600"},
		"10000/month from 06:00":             {"10000/month from day 1 06:00", "requests-month-from-day-1-0600"},
		"10000 tokens/month from day 1":      {"10000 tokens/month", "tokens-month"},
		"10000/month from day 1 00:00":       {"10000/month", "requests-month"},
		"10000 tokens/ day from 23:59":       {"10000 tokens/day from 23:59", "tokens-day-from-2359"},
		"10000 tokens/month from day 05":     {"10000 tokens/month from day 5", "tokens-month-from-day-5"},
		"10000 tokens/week from sunday":      {"10000 tokens/week from sunday", "tokens-week-from-sunday"},
		"10000 tokens/month from day 2 0:00": {"10000 tokens/month from day 2", "tokens-month-from-day-2"},
	} {
		limit, err := ration.ParseLimit(text)
		if err != nil || limit.String() != want.written || limit.Name != want.name || limit.Kind != ration.KindQuota {
			t.Errorf("%q: %q named %q, %v; want %q named %q", text, limit, limit.Name, err, want.written, want.name)
			continue
		}
		if again, err := ration.ParseLimit(limit.String()); err != nil || again != limit {
			t.Errorf("%q: %+v, %v; want %+v again", limit, again, err, limit)
		}
	}
}

func TestPeriodsThatBeginNowhere(t *testing.T) {
	for _, text := range []string{
		"1/day from", "1/day from 24:00", "1/day from 6", "1/day from 06:00 07:00", "1/day from day 3", "1/day from thursday", "1/day 06:00",
		"1/week from day 3", "1/week from donnerstag", "1/month from day", "1/month from day 0", "1/month from day 32", "1/month from thursday",
		"1/month from day 15 burst 3", "1/hour from 06:00", "1/minute from 06:00", "1/lifetime from day 15", "1/day from 06:00 burst 3",
	} {
		if limit, err := ration.ParseLimit(text); err == nil {
			t.Errorf("%q: %+v, want an error", text, limit)
		}
	}
	for _, stored := range []ration.Period{"day from 6:00", "day from 00:00", " day", "day ", "month from day 1", "day from", "fortnight from 06:00"} {
		if kind := ration.KindOf(stored); kind != "" {
			t.Errorf("%q is a %s: it has another form", stored, kind)
		}
	}
}
