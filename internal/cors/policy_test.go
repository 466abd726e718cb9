package cors_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
)

func TestOriginsAreWrittenAsBrowsersWriteThem(t *testing.T) {
	for _, text := range []string{
		"*", "https://app.example.com", "http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:3000", "https://xn--mnchen-3ya.example", "https://app.example.com:8443",
		"chrome-extension://abcdefghijklmnop", "capacitor://localhost", "https://a_b.example", "http://example.com:443",
	} {
		if err := cors.CheckOrigin(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"null":                           "sandboxed",
		"https://*.example.com":          "list each one",
		"**":                             "list each one",
		"":                               "a scheme, a host",
		"app.example.com":                "a scheme, a host",
		"//app.example.com":              "a scheme, a host",
		"https://":                       "a scheme, a host",
		"localhost:3000":                 "a scheme, a host",
		"https://app.example.com/":       `"https://app.example.com"`,
		"https://app.example.com/page?x": `"https://app.example.com"`,
		"https://u@app.example.com":      `"https://app.example.com"`,
		"HTTPS://App.Example.com":        `"https://app.example.com"`,
		"https://app.example.com:443":    `"https://app.example.com"`,
		"http://app.example.com:80":      `"http://app.example.com"`,
		"https://app.example.com:":       `"https://app.example.com"`,
		"https://münchen.example":        "xn--",
		"http://127.1":                   "shortest form",
		"http://2130706433":              "shortest form",
		"http://0x7f.1":                  "shortest form",
		"http://[0:0:0:0:0:0:0:1]":       "shortest form",
		"https://a b.example":            "a scheme, a host",
		"https://a.example\r\nX: y":      "a scheme, a host",
	} {
		err := cors.CheckOrigin(text)
		if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || !strings.Contains(invalid.Reason, want) {
			t.Errorf("%q: got %v, want something of %s", text, err, want)
		}
	}
}

func TestPoliciesThatBrowsersWouldNotFollowAreRefused(t *testing.T) {
	for _, row := range []struct {
		policy cors.Policy
		field  string // empty: it is fine
	}{
		{cors.Policy{}, ""},
		{cors.Policy{Origins: []string{"*"}}, ""},
		{cors.Policy{Origins: []string{"https://a.example", "https://b.example"}, Credentials: true}, ""},
		{cors.Policy{Origins: []string{"*", "https://a.example"}}, "origin"},
		{cors.Policy{Origins: []string{"https://a.example", "null"}}, "origin"},
		{cors.Policy{Origins: []string{"*"}, Credentials: true}, "credentials"},
		{cors.Policy{Credentials: true}, "credentials"},
	} {
		err := row.policy.Check()
		if invalid, ok := errors.AsType[*ration.InvalidError](err); ok != (row.field != "") || ok && invalid.Field != row.field {
			t.Errorf("%+v: got %v", row.policy, err)
		}
	}
}

func TestThePolicyAloneDecides(t *testing.T) {
	named := cors.Policy{Origins: []string{"https://a.example"}, Exposed: []string{"RateLimit"}}
	cookies := named
	cookies.Credentials = true
	all := cors.Policy{Origins: []string{"*"}, Exposed: []string{"RateLimit"}}
	upstream := http.Header{
		"Access-Control-Allow-Origin": {"*", "https://evil.example"}, "Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers": {"X-Total, ratelimit", "X-Page"}, "Vary": {"Accept"},
	}
	for _, row := range []struct {
		name, origin string
		policy       cors.Policy
		header, want http.Header
	}{
		{"a page that may", "https://a.example", named, nil, http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Expose-Headers": {"RateLimit"}, "Vary": {"Origin"},
		}},
		{"with cookies", "https://a.example", cookies, nil, http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Expose-Headers": {"RateLimit"}, "Vary": {"Origin"},
		}},
		{"in place of the upstream's", "https://a.example", named, upstream, http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Expose-Headers": {"X-Total, ratelimit, X-Page"}, "Vary": {"Accept, Origin"},
		}},
		{"a page that may not", "https://evil.example", cookies, upstream, http.Header{
			"Access-Control-Expose-Headers": {"X-Total, ratelimit", "X-Page"}, "Vary": {"Accept, Origin"},
		}},
		{"an opaque origin", "null", named, nil, http.Header{"Vary": {"Origin"}}},
		{"no page", "", named, nil, http.Header{"Vary": {"Origin"}}},
		{"all pages", "https://b.example", all, upstream, http.Header{
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": {"X-Total, ratelimit, X-Page"}, "Vary": {"Accept"},
		}},
		{"no page where all may, as caches keep it", "", all, nil, http.Header{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": {"RateLimit"}}},
	} {
		r := request(t, "GET /")
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		header := row.header.Clone()
		if header == nil {
			header = http.Header{}
		}
		row.policy.Apply(header, r)
		if diff := cmp.Diff(row.want, header); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func TestAPreflightIsAllowedWhatItAnnounces(t *testing.T) {
	policy := cors.Policy{Origins: []string{"*"}, Headers: []string{"X-API-Key, Authorization", "Content-Type"}}
	r := request(t, "OPTIONS /", origin, announced, "Access-Control-Request-Headers: content-type,x-own, bad name,,x_other", "Access-Control-Request-Headers: "+strings.Repeat("x,", 1000)+"late")
	header := http.Header{}
	policy.ApplyToPreflight(header, r, []string{"GET", "POST"})
	want := http.Header{
		"Access-Control-Allow-Methods": {"GET, POST"}, "Access-Control-Allow-Headers": {"X-API-Key, Authorization, Content-Type, x-own, x_other, x"},
		"Access-Control-Max-Age": {"600"}, "Vary": {"Access-Control-Request-Method, Access-Control-Request-Headers"},
	}
	if diff := cmp.Diff(want, header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
