package rationhttp_test

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// FuzzCredentialHeaders wants that whatever secret is found is gone after
// stripping: a second look finds nothing, in no place.
func FuzzCredentialHeaders(f *testing.F) {
	for _, lines := range []string{
		"X-API-Key: k1", "Authorization: Bearer k1", "Authorization: Basic azE6", "authorization:bearer  k1\r\nAuthorization: Digest a=b", "X-API-Key: k1\r\nX-API-Key: k2",
		"X-API-Key:\t\r\nAuthorization: Basic OmsxOg==", "x_api_key: k1", "Authorization: Bearer",
	} {
		f.Add(lines, "a=1&api_key=k1")
		f.Add(lines, "")
	}
	sources := rationhttp.Sources{QueryParameter: "api_key"}
	f.Fuzz(func(t *testing.T, lines, query string) {
		if strings.ContainsAny(query, " \r\n") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET /?" + query + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n\r\n")))
		if err != nil {
			return
		}
		found, err := sources.Find(r)
		if err != nil && !errors.Is(err, rationhttp.ErrConflictingKeys) {
			t.Fatalf("got %v", err)
		}
		secret := found.Secret.Reveal()
		sources.Strip(r.Header, secret)
		r.URL.RawQuery = sources.StripQuery(r.URL.RawQuery, found.Secret.Reveal())
		if left, err := sources.Find(r); err != nil || !left.Secret.IsZero() {
			t.Errorf("after stripping %q there is still %q, %v", secret, left.Secret.Reveal(), err)
		}
		for name, values := range r.Header {
			if len(secret) >= 16 && strings.Contains(strings.Join(values, "\n"), secret) {
				t.Errorf("%q is left in %s", secret, name)
			}
		}
	})
}

// FuzzRateLimitFields wants valid structured fields with integers in range,
// whatever the numbers, and never an invitation to come before the limit that
// refused has anything.
func FuzzRateLimitFields(f *testing.F) {
	f.Add(int64(10), int64(20), int64(3), int64(1500), true)
	f.Add(int64(1)<<53, int64(0), int64(1)<<53, int64(-5), false)
	f.Fuzz(func(t *testing.T, quantity, burst, remaining, waitMillis int64, rate bool) {
		limit := ration.Limit{Meter: "requests", Quantity: quantity, Period: ration.PeriodDay}
		if rate {
			limit.Period, limit.Burst = ration.PeriodSecond, burst
		}
		limit, err := limit.Normalize()
		if err != nil || remaining < 0 || waitMillis < 0 || waitMillis > 1<<40 {
			return
		}
		wait := time.Duration(waitMillis) * time.Millisecond
		decision := ration.Decision{Code: ration.CodeRateExceeded, DecidedAt: noon, RetryAfter: wait, Limits: []ration.LimitStatus{{
			Limit: limit, Remaining: remaining, ResetsAt: noon.Add(wait), AvailableAt: noon.Add(wait), Exceeded: true,
		}}}
		fields := fieldsOf(new(rationhttp.Responder).Decided(&decision, rationhttp.Echo{}))
		for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
			list, err := httpsfv.UnmarshalList([]string{fields[name]})
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %s: %v", name, fields[name], err)
			}
			seconds, _ := list[0].(httpsfv.Item).Params.Get("t")
			if later, ok := seconds.(int64); ok && fields["Retry-After"] != "" && strings.TrimLeft(fields["Retry-After"], "0123456789") == "" && atoi(fields["Retry-After"]) < later {
				t.Errorf("Retry-After %s is before t=%d", fields["Retry-After"], later)
			}
		}
	})
}

func atoi(text string) (n int64) {
	for _, digit := range text {
		n = n*10 + int64(digit-'0')
	}
	return n
}
