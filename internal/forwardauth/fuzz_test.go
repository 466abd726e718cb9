package forwardauth_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/forwardauth"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/proxy"
)

// FuzzTheSameRequest compares what a gateway is told about a request with what the proxy
// decides when it gets that request itself, in the form in which servers receive it.
func FuzzTheSameRequest(f *testing.F) {
	for _, method := range []string{"GET", "POST", "OPTIONS", "get", "CONNECT", "TRACE", "PROPFIND", "G T", "", "GET\x00"} {
		f.Add(method, "/v1/x", false)
		f.Add(method, "/search?q=1", true)
	}
	for _, uri := range []string{
		"/", "/health", "/health/", "/HEALTH", "/health?x", "/health#x", "//health", "/./health", "/v1/../health", "/health%2f", "/%68ealth", "/health;x", "/admin/x", "/Admin/x", "/admin%2Fx",
		"/index.php/admin/x", "/x?rest_route=/admin/x", "/x?_method=DELETE", "/x?a=%zz", "/%zz", "*", "http://h/health", "health", "/a b", "/a\tb", "/é", "/%c3%28", "/x?api_key=" + canary, "/v1/" + canary,
		"/search?key=" + canary, "/once", "/health?" + strings.Repeat("a&", 10), "/?", "?", "#", "/x\x7f", "/health HTTP/1.1", "/health\r\nX-A: b",
	} {
		f.Add("GET", uri, false)
		f.Add("OPTIONS", uri, true)
	}
	f.Fuzz(func(t *testing.T, method, uri string, preflight bool) {
		var config inbound.Config
		gateway := newFixture(t, func(c *forwardauth.Config) { config = c.Inbound })
		p, err := proxy.New(proxy.Config{
			Upstream: &url.URL{Scheme: "http", Host: "upstream.invalid"}, Routes: config.Routes, Gate: config.Gate, Preflights: inbound.PreflightsUpstream,
		})
		if err != nil {
			t.Fatal(err)
		}
		lines, headers := "X-API-Key: "+canary+"\r\n", []string{"X-API-Key: " + canary}
		if preflight {
			lines = "Origin: https://app.example.com\r\nAccess-Control-Request-Method: GET\r\n"
			headers = []string{"Origin: https://app.example.com", "Access-Control-Request-Method: GET"}
		}
		want := "malformed" // as the target of CONNECT is read otherwise, and refused in any case
		if sent, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + uri + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n"))); err == nil && sent.Method == method && sent.RequestURI == uri && method != http.MethodConnect {
			explained, err := p.Explain(sent)
			if err != nil {
				t.Fatal(err)
			}
			want = outcomeOf(explained)
		}
		asked := gateway.ask("GET", forwardauth.Path, append(headers, "X-Forwarded-Method: "+method, "X-Forwarded-Uri: "+uri)...)
		if got := gateway.outcome(t, asked); !same(want, got) {
			t.Errorf("%q %q: forward-auth says %s, the proxy %s", method, uri, got, want)
		}
		sent, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + forwardauth.Prefix + uri + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n")))
		if err != nil || sent.Method != method || sent.RequestURI != forwardauth.Prefix+uri || forwardauth.Serves(sent) != forwardauth.ViaExtAuthz {
			return
		}
		gateway.charger.charges = nil
		sent.RemoteAddr = "127.0.0.1:4711"
		w := httptest.NewRecorder()
		gateway.ServeHTTP(w, sent)
		if got := gateway.outcome(t, w); !same(want, got) {
			t.Errorf("%q %q: ext-authz says %s, the proxy %s", method, uri, got, want)
		}
	})
}

// same compares outcomes. What no server receives as a request is refused, for whatever
// reason.
func same(want, got string) bool {
	keyless := got == "key_missing" && strings.HasPrefix(want, "passes, charged") // of which the proxy learns from the gate
	return got == want || keyless || want == "malformed" && !strings.HasPrefix(got, "passes")
}

func outcomeOf(e proxy.Explanation) string {
	switch {
	case e.Refusal != nil:
		return e.Refusal.Code
	case e.Route.Free:
		return "passes uncounted"
	}
	return "passes, charged for " + e.Route.Name
}

// outcome returns what a gateway was told. What was charged for another key than the
// canary was refused by that.
func (f *fixture) outcome(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	switch {
	case w.Code != http.StatusOK && len(f.charger.charges) == 0:
		return problemOf(t, w).Code
	case w.Code == http.StatusOK && len(f.charger.charges) == 0:
		return "passes uncounted"
	}
	return "passes, charged for " + f.charger.charges[0].Request.Route
}
