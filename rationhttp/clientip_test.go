package rationhttp_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

func TestClientIPIsTheLastHopThatNoTrustedProxyTook(t *testing.T) {
	trusted, err := rationhttp.ParseTrustedProxies([]string{"10.0.0.0/8", "2001:db8::/32", "::ffff:192.0.2.1", "::ffff:198.51.100.0/120"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "203.0.113.7:1", nil, "203.0.113.7"},
		{"direct, inventing hops", "203.0.113.7:1", []string{"1.1.1.1"}, "203.0.113.7"},
		{"one proxy", "10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"one proxy, client inventing hops", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.7"}, "203.0.113.7"},
		{"client inventing trusted hops", "10.0.0.1:1", []string{"10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		{"two proxies", "10.0.0.1:1", []string{"203.0.113.7,\t10.0.0.2"}, "203.0.113.7"},
		{"two fields", "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.7"}, "203.0.113.7"},
		{"proxy that says nothing", "10.0.0.1:1", nil, "10.0.0.1"},
		{"nonsense", "10.0.0.1:1", []string{"1.1.1.1, unknown"}, "10.0.0.1"},
		{"nonsense behind a proxy", "10.0.0.1:1", []string{"1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"IPv6", "[2001:db8::1]:1", []string{"2001:db9::7"}, "2001:db9::7"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"a single address", "192.0.2.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a range in IPv6 form", "198.51.100.9:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"unix socket", "@", []string{"1.1.1.1"}, "invalid IP"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = row.peer
			r.Header["X-Forwarded-For"] = row.forwarded
			if got := trusted.ClientIP(r).String(); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestTrustedProxiesThatCannotBe(t *testing.T) {
	for _, text := range []string{"", "10.0.0.0/33", "10.0.0.1/", "localhost", "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"} {
		_, err := rationhttp.ParseTrustedProxies([]string{"10.0.0.0/8", text})
		if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "trusted_proxies" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestRequestIDsComeFromTrustedPeersOnly(t *testing.T) {
	trusted, err := rationhttp.ParseTrustedProxies([]string{"192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name    string
		trusted rationhttp.TrustedProxies
		sent    []string
		kept    bool
	}{
		{"trusted", trusted, []string{"Abc-1._"}, true},
		{"untrusted", nil, []string{"Abc-1._"}, false},
		{"none", trusted, nil, false},
		{"empty", trusted, []string{""}, false},
		{"two", trusted, []string{"a", "b"}, false},
		{"odd characters", trusted, []string{`a"b`}, false},
		{"too long", trusted, []string{strings.Repeat("a", 129)}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header["X-Request-Id"] = row.sent
			got := row.trusted.RequestID(r)
			id, err := uuid.Parse(got)
			if made := err == nil && id.Version() == 7; made == row.kept || row.kept && got != row.sent[0] {
				t.Errorf("got %q for %q", got, row.sent)
			}
		})
	}
}
