package proxy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

func TestEverySpellingCostsWhatTheRouteSaysAndStaysAsItIs(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{
		{Path: "/ask", Methods: []string{"GET"}, Scope: "ask", Amounts: map[string]ration.Amount{"tokens": {Units: 100}}}, {Path: "/*", Free: true},
	}})
	for i, line := range [][2]string{{"GET", "/ask"}, {"HEAD", "/ask"}, {"GET", "/ask/"}, {"GET", "/A%73k"}} {
		f.do(t, line[0], line[1], nil, "X-API-Key: "+canary)
		charges, reached := f.charger.charged(), u.received()
		if len(charges) != i+1 || len(reached) != i+1 {
			t.Fatalf("%s: %d charges, %d requests reached the upstream; want %d", line, len(charges), len(reached), i+1)
		}
		if charge := charges[i]; charge.Scope != "ask" || !cmp.Equal(charge.Amounts, []ration.Amount{{Meter: "tokens", Units: 100}}) {
			t.Errorf("%s: charged scope %q, amounts %v", line, charge.Scope, charge.Amounts)
		}
		if got := reached[i]; got.Method != line[0] || got.RequestURI != line[1] {
			t.Errorf("%s: upstream got %s %s", line, got.Method, got.RequestURI)
		}
	}
}

func TestACallDressedAsAPreflightNeedsAKey(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	origin, method := "Origin: https://a.example", "Access-Control-Request-Method: POST"
	for _, headers := range [][]string{
		{"Origin: x", method},
		{origin, "Access-Control-Request-Method: a b"},
		{origin, method, "Cookie: session=1"},
		{origin, method, "Authorization: Bearer wrong"},
		{origin, method, "X-API-Key: wrong"},
		{origin, method, "X_API_KEY: " + canary}, // a spelling that an upstream may read as the key
	} {
		if response := f.do(t, "OPTIONS", "/ask", nil, headers...); response.StatusCode != 401 {
			t.Errorf("%q: got %d", headers, response.StatusCode)
		}
	}
	if got := u.received(); len(got) != 0 {
		t.Errorf("%d requests reached the upstream", len(got))
	}
	f.do(t, "OPTIONS", "/ask", nil, origin, method, "X-API-Key: "+canary)
	if charged := f.charger.charged(); len(u.received()) != 1 || charged[len(charged)-1].Secret.Reveal() != canary {
		t.Errorf("with a key: %d requests reached the upstream", len(u.received()))
	}
}
