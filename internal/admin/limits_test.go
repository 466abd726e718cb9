package admin_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestParseOverride(t *testing.T) {
	for _, row := range []struct {
		text string
		want ration.Override
	}{
		{"5000/day", ration.Override{Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: "quota", Quantity: 5000, Period: "day"}}},
		{"10/second burst 20", ration.Override{Limit: ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: "rate", Quantity: 10, Period: "second", Burst: 20}}},
		{"unlimited/day", ration.Override{Unlimited: true, Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: "quota", Period: "day"}}},
		{"unlimited tokens/month", ration.Override{Unlimited: true, Limit: ration.Limit{Name: "tokens-month", Meter: "tokens", Kind: "quota", Period: "month"}}},
		{"unlimited/second", ration.Override{Unlimited: true, Limit: ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: "rate", Period: "second"}}},
	} {
		got, err := admin.ParseOverride(row.text)
		if err != nil {
			t.Errorf("%q: %v", row.text, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.text, diff)
		}
	}
	for _, text := range []string{"", "unlimited", "unlimited/fortnight", "unlimited/second burst 5", "unlimited5/day", "-1/day", "1dd"} {
		if got, err := admin.ParseOverride(text); err == nil {
			t.Errorf("%q gave %+v; want an error", text, got)
		}
	}
}

func TestParseLimitKey(t *testing.T) {
	for text, want := range map[string]ration.LimitKey{
		"day":             {Meter: "requests", Kind: "quota", Period: "day"},
		"requests/day":    {Meter: "requests", Kind: "quota", Period: "day"},
		"at once":         {Meter: "requests", Kind: "concurrent"},
		"exports at once": {Meter: "exports", Kind: "concurrent"},
		"tokens/minute":   {Meter: "tokens", Kind: "rate", Period: "minute"},
	} {
		if got, err := admin.ParseLimitKey(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "requests-day", "/day", "No Meter/day", "tokens/", "5/day", "5 at once", "exportsat once", "once"} {
		_, err := admin.ParseLimitKey(text)
		wantInvalid(t, err, "limit")
	}
}

func TestParseIPPrefix(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "10.1.2.3/8": "10.0.0.0/8", "2001:db8::1": "2001:db8::1/128",
		"::ffff:192.0.2.1": "192.0.2.1/32", "0.0.0.0/0": "0.0.0.0/0",
	} {
		if got, err := admin.ParseIPPrefix(text); err != nil || got.String() != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10.0.0.0/33", "fe80::1%eth0", "10.0.0", "::ffff:10.0.0.0/80", "example.org"} {
		_, err := admin.ParseIPPrefix(text)
		wantInvalid(t, err, "allowed_ips")
	}
}
