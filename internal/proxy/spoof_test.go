package proxy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// identity is what the fixture's proxy tells every upstream.
var identity = map[string]string{
	"X-Auth-Subject": "ada", "X-Auth-Key-Id": ration.KeyID{1}.String(), "X-Auth-Plan": "free", "X-Upstream-Password": "hunter2",
}

// checkIdentity wants each header that is ours, by any spelling, once and as we
// set it, and the secret nowhere.
func checkIdentity(t *testing.T, header http.Header) {
	t.Helper()
	folded := map[string]string{}
	for name := range identity {
		folded[rationhttp.FoldName(name)] = name
	}
	for name, values := range header {
		canonical, ours := folded[rationhttp.FoldName(name)]
		if ours && (name != canonical || len(values) != 1 || values[0] != identity[canonical]) {
			t.Errorf("upstream got %s: %q", name, values)
		}
		if rationhttp.FoldName(name) == "xapikey" || strings.Contains(strings.Join(values, "\n"), canary) {
			t.Errorf("the secret is in %s: %q", name, values)
		}
	}
	for name := range identity {
		if header[name] == nil {
			t.Errorf("upstream got no %s", name)
		}
	}
}

func TestNobodyElseSetsOurHeaders(t *testing.T) {
	for _, name := range []string{
		"X-Auth-Subject", "x-auth-subject", "X-AUTH-SUBJECT", "X_Auth_Subject", "X-Auth_Subject", "x_auth_subject", "XAuthSubject", "X.Auth.Subject", "X-Auth--Subject", "X~Auth~Subject",
		"X-Auth-Key-Id", "X_Auth_Key_Id", "X-Auth-KeyID", "X-Auth-Plan", "X_AUTH_PLAN", "X-Upstream-Password", "X_Upstream_Password", "X_API_KEY", "X-Api_Key",
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t, nil)
			f := newFixture(t, u.URL, route.Config{})
			for _, spoofed := range []string{"eve", ""} {
				f.raw(t, fmt.Sprintf("GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\n%s: %s\r\n%s: %s\r\nConnection: close\r\n\r\n", canary, name, spoofed, name, spoofed))
			}
			if name == "X-Api_Key" || name == "X_API_KEY" { // other spellings are no keys
				if got := f.charger.charged()[0].Secret.Reveal(); got != canary {
					t.Errorf("charged %s", got)
				}
			}
			for _, got := range u.received() {
				checkIdentity(t, got.Header)
			}
			if len(u.received()) != 2 {
				t.Errorf("%d requests reached the upstream", len(u.received()))
			}
		})
	}
}

func TestConnectionMayNotNameOurHeaders(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	for _, row := range []struct {
		lines  []string
		status int
	}{
		{[]string{"Connection: X-Auth-Subject"}, 400},
		{[]string{"Connection: x-auth-subject, close"}, 400},
		{[]string{"Connection: close,\tX-Auth-Key-Id"}, 400},
		{[]string{"Connection: X_Auth_Plan"}, 400},
		{[]string{"Connection: ", "Connection: X-Auth-Subject"}, 400}, // CVE-2021-33197
		{[]string{"Connection: close", "connection: x-auth-plan"}, 400},
		{[]string{"Connection: X-API-Key"}, 400},
		{[]string{"Connection: Authorization"}, 400},
		{[]string{"Connection: X-Forwarded-For"}, 400}, // CVE-2024-45410
		{[]string{"Connection: X-Request-Id"}, 400},
		{[]string{"Connection: X-Upstream-Password"}, 400},
		{[]string{"Connection: close"}, 200},
		{[]string{"Connection: close, X-Hop", "X-Hop: 1"}, 200},
		{[]string{"Connection: ", "Connection: close", "Connection: X-Hop", "X-Hop: 1"}, 200},
	} {
		before := len(f.charger.charged())
		response := f.raw(t, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\n"+strings.Join(row.lines, "\r\n")+"\r\n\r\n")
		if response.StatusCode != row.status {
			t.Errorf("%q: got %d, want %d", row.lines, response.StatusCode, row.status)
		}
		if charged := len(f.charger.charged()) - before; charged != map[int]int{200: 1, 400: 0}[row.status] {
			t.Errorf("%q: charged %d times", row.lines, charged)
		}
	}
	for _, got := range u.received() {
		checkIdentity(t, got.Header)
		if got.Header.Get("X-Hop") != "" || got.Header.Get("Connection") != "" {
			t.Errorf("upstream got hop-by-hop headers: %v", got.Header)
		}
	}
}

func TestTrailersBringNoHeaders(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	f.raw(t, "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\nTransfer-Encoding: chunked\r\nTrailer: X-Auth-Subject\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\nX-Auth-Subject: eve\r\n\r\n")
	got := u.only(t)
	checkIdentity(t, got.Header)
	if got.body != "a" || len(got.Trailer) != 0 {
		t.Errorf("upstream got %q and trailers %v", got.body, got.Trailer)
	}
}

func TestHeadersAboutTheWayAreBelievedFromTrustedProxiesOnly(t *testing.T) {
	sent := []string{
		"X-Forwarded-For: 198.51.100.1, 203.0.113.9", "X-Forwarded-Host: api.example.com", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /evil",
		"X-Real-Ip: 203.0.113.9", "X_Forwarded_For: 1.1.1.1", "X-Forwarded_Host: evil", "Forwarded: for=1.1.1.1", "X-Original-Url: /admin", "X-Rewrite-Url: /admin", "X-Request-Id: peer-1",
	}
	for _, row := range []struct {
		name    string
		change  func(*proxy.Config)
		want    map[string]string
		missing []string
		ip      string
	}{
		{
			"untrusted", func(*proxy.Config) {},
			map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"},
			[]string{"X-Forwarded-Prefix", "X-Real-Ip", "X_forwarded_for", "X-Forwarded_host", "Forwarded", "X-Original-Url", "X-Rewrite-Url"},
			"127.0.0.1",
		},
		{
			"trusted", trustLoopback,
			map[string]string{"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 127.0.0.1", "X-Forwarded-Host": "api.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil", "X-Real-Ip": "203.0.113.9", "X-Request-Id": "peer-1"},
			[]string{"X_forwarded_for", "X-Forwarded_host", "Forwarded", "X-Original-Url", "X-Rewrite-Url"},
			"203.0.113.9",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := newUpstream(t, nil)
			f := newFixture(t, u.URL, route.Config{}, row.change)
			f.raw(t, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\n"+strings.Join(sent, "\r\n")+"\r\nConnection: close\r\n\r\n")
			got := u.only(t)
			for name, want := range row.want {
				if values := got.Header[name]; !slices.Equal(values, []string{want}) {
					t.Errorf("upstream got %s %q, want %q", name, values, want)
				}
			}
			for _, name := range row.missing {
				if values := got.Header[name]; values != nil {
					t.Errorf("upstream got %s %q", name, values)
				}
			}
			if row.name == "untrusted" && got.Header.Get("X-Request-Id") == "peer-1" {
				t.Error("a client chose the request id")
			}
			if ip := f.charger.charged()[0].IP.String(); ip != row.ip {
				t.Errorf("charged for address %s, want %s", ip, row.ip)
			}
		})
	}
}

func TestARequestMayNotNameAnotherMethodOrBeATunnel(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/*", Free: true}}})
	for request, status := range map[string]int{
		"POST / HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n": 400,
		"POST / HTTP/1.1\r\nHost: h\r\nX_HTTP_Method_Override: PUT\r\nContent-Length: 0\r\n\r\n":    400,
		"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n":                         501,
		"CONNECT /x HTTP/1.1\r\nHost: h\r\n\r\n":                                                    501,
		"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n":                                                       501,
		"GET http://example.com/x HTTP/1.1\r\nHost: h\r\n\r\n":                                      400,
		"GET //example.com/x HTTP/1.1\r\nHost: h\r\n\r\n":                                           400,
		"GET * HTTP/1.1\r\nHost: h\r\n\r\n":                                                         400,
		"GET /a?b;c HTTP/1.1\r\nHost: h\r\n\r\n":                                                    400,
		"GET /a?b=%zz HTTP/1.1\r\nHost: h\r\n\r\n":                                                  400,
		"GET /a?" + strings.Repeat("&", 10_000) + " HTTP/1.1\r\nHost: h\r\n\r\n":                    400,
	} {
		if response := f.raw(t, request); response.StatusCode != status {
			t.Errorf("%.80q: got %d, want %d", request, response.StatusCode, status)
		}
	}
	if got := u.received(); len(got) != 0 {
		t.Errorf("%d requests reached the upstream, the first %s %s", len(got), got[0].Method, got[0].RequestURI)
	}
}

func TestHeadersThatNameAnotherMethodAreRefusedUncharged(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	for _, name := range []string{
		"X-HTTP-Method-Override", "x_http_method_override", "X-HTTP-Method-Overrides", "X-Method-Override", "Method-Override", "HTTP-Method-Override", "X-App-Method-Override",
		"X-MethodOverride", "X-HTTP-Method", "HTTP-Method", "X-Method", "X_METHOD", "X-Real-Method", "X-HTTP-Verb", "X-Verb", "X-Override-Method",
	} {
		if response := f.get(t, "/x", name+": DELETE"); response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d", name, response.StatusCode)
		}
	}
	if got := len(f.charger.charged()); got != 0 || len(u.received()) != 0 {
		t.Errorf("charged %d times, %d requests reached the upstream", got, len(u.received()))
	}
	for _, name := range []string{"X-Methods", "X-Payment-Method", "Method", "X-Shipping-Method"} {
		if response := f.get(t, "/x", name+": card"); response.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", name, response.StatusCode)
		}
	}
}

func TestAmbiguityMayBeAllowedButIsNeverFree(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/*", Free: true}}, AllowAmbiguous: true})
	for _, target := range []string{"/a%2Fb", "/a;b/..%2f", "/a/../b", "/a/%2e%2e/b", `/a\b`, "/a//b", "/a#b"} {
		response := f.raw(t, "GET "+target+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if response.StatusCode != 401 {
			t.Errorf("%s without a key: got %d", target, response.StatusCode)
		}
		f.raw(t, "GET "+target+"?a;b=%zz HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\nConnection: close\r\n\r\n")
		all := u.received()
		if last := all[len(all)-1].RequestURI; last != target+"?a;b=%zz" {
			t.Errorf("%s: upstream got %s", target, last)
		}
	}
}
