package proxy_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
)

// fakeReader knows one key.
type fakeReader struct{}

func (fakeReader) ExplainKey(_ context.Context, question rationadmin.ExplainQuestion) (rationadmin.Explanation, error) {
	key := ration.Key{ID: question.KeyID, Name: "Ada's", Owner: "ada"}
	return rationadmin.Explanation{Key: rationadmin.KeyRecord{Key: key}, At: noon, PeriodZone: "UTC"}, nil
}

func (fakeReader) UsageDays(context.Context, rationadmin.UsageFilter) ([]rationadmin.UsageDay, error) {
	return nil, nil
}

// tellUsage serves /v1/usage.
func tellUsage(config *proxy.Config) {
	config.UsagePath = "/v1/usage"
	config.Gate.Responder.UsageURL = config.UsagePath
	config.Usage = rationhttp.NewUsage(config.Gate.Charger, fakeReader{}, rationhttp.WithGate(config.Gate))
}

// TestOwnUsageComesBeforeAnyRoute has routes that take everything, at another price.
func TestOwnUsageComesBeforeAnyRoute(t *testing.T) {
	for name, routes := range map[string]route.Config{
		"no route":             {},
		"unmatched is refused": {RefuseUnmatched: true},
		"all is free":          {Routes: []route.Route{{Path: "/*", Free: true}}},
		"all has a price":      {Routes: []route.Route{{Path: "/v1/*", Amounts: map[string]ration.Amount{"tokens": {Units: 7}}, Scope: "none-has-it"}}},
	} {
		up := newUpstream(t, nil)
		f := newFixture(t, up.URL, routes, tellUsage)
		for _, how := range [][]string{{"X-API-Key: " + canary}, {"Authorization: Bearer " + canary}, {"X-API-Key: " + canary, "Content-Type: text/plain"}} {
			response := f.do(t, "GET", "/v1/usage?verbose=1", nil, how...)
			var usage api.OwnUsage
			if err := json.Unmarshal([]byte(bodyOf(t, response)), &usage); err != nil || response.StatusCode != http.StatusOK || usage.Key.Name != "Ada's" || response.Header.Get("X-Request-Id") == "" {
				t.Errorf("%s: %s %+v, %v", name, response.Status, usage, err)
			}
		}
		if response := f.do(t, "GET", "/v1/usage", nil); response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: without a key %s", name, response.Status)
		}
		if response := f.do(t, "POST", "/v1/usage", strings.NewReader("x"), "X-API-Key: "+canary); response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: POST %s", name, response.Status)
		}
		for _, charge := range f.charger.charged() {
			if !charge.DryRun {
				t.Errorf("%s: charged %+v", name, charge)
			}
		}
		if reached := up.received(); len(reached) != 0 {
			t.Errorf("%s: %d requests reached the upstream", name, len(reached))
		}
	}
}

// TestOtherSpellingsOfTheUsagePathAreTheUpstreams wants them charged as what they are.
func TestOtherSpellingsOfTheUsagePathAreTheUpstreams(t *testing.T) {
	for _, path := range []string{"/v1/usage/", "/v1/Usage", "/v1/usages", "/v1/usage/x", "/v1/%75sage", "/v1/usage.json"} {
		up := newUpstream(t, nil)
		f := newFixture(t, up.URL, route.Config{AllowAmbiguous: true}, tellUsage)
		if response := f.get(t, path); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", path, response.Status, bodyOf(t, response))
			continue
		}
		if got := up.only(t).RequestURI; got != path || len(f.charger.charged()) != 1 || f.charger.charged()[0].DryRun {
			t.Errorf("%s: %s reached the upstream, charged %+v", path, got, f.charger.charged())
		}
	}
	up := newUpstream(t, nil)
	f := newFixture(t, up.URL, route.Config{}) // there is no such path
	if response := f.get(t, "/v1/usage"); response.StatusCode != http.StatusOK || up.only(t).URL.Path != "/v1/usage" {
		t.Errorf("switched off: %s", response.Status)
	}
}

func TestOwnUsageIsRefusedWhereAllIs(t *testing.T) {
	up := newUpstream(t, nil)
	f := newFixture(t, up.URL, route.Config{}, tellUsage)
	for name, row := range map[string]struct {
		path    string
		headers []string
		code    string
	}{
		"two keys":        {"/v1/usage", []string{"X-API-Key: " + canary, "Authorization: Bearer rk_other"}, "invalid_request"},
		"key in the URL":  {"/v1/usage?api_key=" + canary, nil, "keys_in_url"},
		"method override": {"/v1/usage", []string{"X-API-Key: " + canary, "X-HTTP-Method-Override: DELETE"}, "ambiguous_method"},
	} {
		response := f.do(t, "GET", row.path, nil, row.headers...)
		if body := bodyOf(t, response); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"`+row.code+`"`) {
			t.Errorf("%s: %s %s", name, response.Status, body)
		}
	}
	if len(up.received()) != 0 {
		t.Error("the upstream was reached")
	}
}

func TestPagesMayAskForTheirUsage(t *testing.T) {
	const page = "https://page.example"
	f := newFixture(t, newUpstream(t, nil).URL, route.Config{RefuseUnmatched: true}, func(c *proxy.Config) {
		c.CORS = cors.Policy{Origins: []string{page}}
		tellUsage(c)
	})
	preflight := f.do(t, "OPTIONS", "/v1/usage", nil, "Origin: "+page, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: x-api-key")
	if preflight.StatusCode != http.StatusNoContent || preflight.Header.Get("Access-Control-Allow-Methods") != "GET, HEAD" || preflight.Header.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("preflight: %s %v", preflight.Status, preflight.Header)
	}
	if answer := f.get(t, "/v1/usage", "Origin: "+page); answer.StatusCode != http.StatusOK || answer.Header.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("answer: %s %v", answer.Status, answer.Header)
	}
	other := f.do(t, "OPTIONS", "/v1/usage", nil, "Origin: https://other.example", "Access-Control-Request-Method: GET")
	if other.StatusCode != http.StatusForbidden || !strings.Contains(bodyOf(t, other), "origin_not_allowed") {
		t.Errorf("another page: %s", other.Status)
	}
}

func TestAQuotaThatIsUsedUpSaysWhereToAsk(t *testing.T) {
	f := newFixture(t, newUpstream(t, nil).URL, route.Config{}, tellUsage)
	f.charger.decision.Code = ration.CodeQuotaExceeded
	if body := bodyOf(t, f.get(t, "/ask")); !strings.Contains(body, `"usage_url":"/v1/usage"`) {
		t.Errorf("got %s", body)
	}
}

// TestRefusedUsageHasTheFormOfOtherErrors words errors as a configuration wants it.
func TestRefusedUsageHasTheFormOfOtherErrors(t *testing.T) {
	worded := new(rewrite.Errors)
	for code, body := range map[string]string{"method_not_allowed": `{"error":"method"}`, "key_missing": `{"error":"key"}`, "usage_busy": `{"error":"busy"}`} {
		if err := worded.Add(code, 0, "", body); err != nil {
			t.Fatal(err)
		}
	}
	f := newFixture(t, newUpstream(t, nil).URL, route.Config{}, tellUsage, func(c *proxy.Config) { c.Errors = worded })
	if body := bodyOf(t, f.do(t, "GET", "/v1/usage", nil)); body != `{"error":"key"}` {
		t.Errorf("got %s", body)
	}
	if body := bodyOf(t, f.do(t, "DELETE", "/v1/usage", nil)); body != `{"error":"method"}` {
		t.Errorf("got %s", body)
	}
}
