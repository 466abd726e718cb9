package proxy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

// fakePortal has pages at /portal and below it.
type fakePortal struct{}

func (fakePortal) Serves(r *http.Request) bool {
	return r.URL.EscapedPath() == "/portal" || strings.HasPrefix(r.URL.EscapedPath(), "/portal/")
}

func (fakePortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte("page " + r.Method + " " + r.URL.Path))
}

// TestPagesOfOurOwnComeBeforeAnyRoute has routes that take everything, and pages of other
// origins that may call the API.
func TestPagesOfOurOwnComeBeforeAnyRoute(t *testing.T) {
	for name, routes := range map[string]route.Config{
		"no route":             {},
		"unmatched is refused": {RefuseUnmatched: true},
		"all is free":          {Routes: []route.Route{{Path: "/*", Free: true}}},
		"all has a price":      {Routes: []route.Route{{Path: "/*", Amounts: map[string]ration.Amount{"tokens": {Units: 7}}, Scope: "none-has-it"}}},
	} {
		up := newUpstream(t, nil)
		f := newFixture(t, up.URL, routes, func(c *proxy.Config) {
			c.Portal, c.CORS = fakePortal{}, cors.Policy{Origins: []string{"*"}}
		})
		for _, row := range [][2]string{{"GET", "/portal"}, {"POST", "/portal/rotate"}, {"OPTIONS", "/portal"}, {"GET", "/portal/assets/x.css"}} {
			response := f.do(t, row[0], row[1], nil, "Origin: https://evil.example", "X-API-Key: "+canary)
			if body := bodyOf(t, response); body != "page "+row[0]+" "+row[1] || response.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %s %s %v", name, response.Status, body, response.Header)
			}
		}
		if charged, reached := f.charger.charged(), up.received(); len(charged) != 0 || len(reached) != 0 {
			t.Errorf("%s: %d charges, and %d requests reached the upstream", name, len(charged), len(reached))
		}
	}
}

// TestOtherSpellingsOfPagesAreTheUpstreams wants them charged as what they are.
func TestOtherSpellingsOfPagesAreTheUpstreams(t *testing.T) {
	for _, path := range []string{"/portals", "/Portal", "/%70ortal", "/x/portal"} {
		up := newUpstream(t, nil)
		f := newFixture(t, up.URL, route.Config{AllowAmbiguous: true}, func(c *proxy.Config) { c.Portal = fakePortal{} })
		if response := f.get(t, path); response.StatusCode != http.StatusOK || len(up.received()) != 1 || len(f.charger.charged()) != 1 {
			t.Errorf("%s: %s %s", path, response.Status, bodyOf(t, response))
		}
	}
}
