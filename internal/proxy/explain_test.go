package proxy_test

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// TestWhatIsExplainedIsWhatIsServed sends each request and has it explained.
func TestWhatIsExplainedIsWhatIsServed(t *testing.T) {
	routes := route.Config{Routes: []route.Route{
		{Path: "/health", Free: true},
		{Path: "/v1/admin/*", Scope: "admin", Amounts: map[string]ration.Amount{"requests": {Units: 3}, "search": {Units: 1}}, Methods: []string{"GET"}},
		{Path: "/ask", Amounts: map[string]ration.Amount{"tokens": {Units: 7}}},
	}}
	strict := routes
	strict.RefuseUnmatched = true
	origin := "Origin: https://page.example"
	for name, settings := range map[string]struct {
		routes route.Config
		change func(*proxy.Config)
	}{
		"by default":         {routes, func(*proxy.Config) {}},
		"unmatched refused":  {strict, func(*proxy.Config) {}},
		"overrides allowed":  {routes, func(c *proxy.Config) { c.AllowOverrides = true }},
		"pages":              {strict, func(c *proxy.Config) { c.CORS = cors.Policy{Origins: []string{"https://page.example"}} }},
		"own usage":          {strict, tellUsage},
		"preflights passed":  {routes, func(c *proxy.Config) { c.Preflights = inbound.PreflightsUpstream }},
		"ambiguous paths go": {route.Config{Routes: routes.Routes, AllowAmbiguous: true}, func(*proxy.Config) {}},
	} {
		served := newFixture(t, newUpstream(t, func(http.ResponseWriter, *http.Request) {}).URL, settings.routes, settings.change)
		config := proxy.Config{Upstream: &url.URL{Scheme: "http", Host: "x"}, Gate: rationhttp.Gate{Charger: &fakeCharger{}}}
		settings.change(&config)
		var err error
		if config.Routes, err = route.Compile(settings.routes); err != nil {
			t.Fatal(err)
		}
		explainer, err := proxy.New(config)
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range [][]string{
			{"GET", "/health"},
			{"POST", "/health"},
			{"GET", "/HEALTH"},
			{"GET", "/v1/admin/x"},
			{"GET", "/index.php/v1/ADMIN/x"},
			{"POST", "/v1/admin/x"},
			{"PROPFIND", "/v1/admin/x"},
			{"POST", "/ask"},
			{"GET", "/elsewhere"},
			{"GET", "/v1/usage"},
			{"POST", "/v1/usage"},
			{"OPTIONS", "/v1/usage", origin, "Access-Control-Request-Method: GET"},
			{"GET", "/v1/%2fadmin/x"},
			{"GET", "/ask?a;b"},
			{"GET", "/ask?_method=DELETE"},
			{"GET", "/health?_method=DELETE"},
			{"GET", "/health?rest_route=/ask"},
			{"GET", "/health?r=ask"},
			{"GET", "/index.php?/v1/admin/x"},
			{"GET", "/ask", "X-HTTP-Method-Override: DELETE"},
			{"TRACE", "/ask"},
			{"OPTIONS", "/ask"},
			{"OPTIONS", "/ask", origin, "Access-Control-Request-Method: POST"},
			{"OPTIONS", "/v1/admin/x", origin, "Access-Control-Request-Method: GET"},
			{"OPTIONS", "/ask", "Origin: https://other.example", "Access-Control-Request-Method: POST"},
		} {
			before := len(served.charger.charged())
			response := served.do(t, request[0], request[1], nil, append(request[2:], "X-API-Key: "+canary)[:len(request)-2+keyed(request)]...)
			head := request[0] + " " + request[1] + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(request[2:len(request):len(request)], "\r\n"), "\r\n")
			read, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
			if err != nil {
				t.Fatal(err)
			}
			explained, err := explainer.Explain(read)
			if err != nil {
				t.Fatal(err)
			}
			var want []ration.Amount
			made := served.charger.charged()[before:]
			if asked := len(made) > 0 && made[0].DryRun; asked != explained.OwnUsage {
				t.Errorf("%s, %v: explained as %+v; charged %+v", name, request, explained, made)
			}
			if len(made) > 0 && !made[0].DryRun {
				normal, err := made[0].Normalize()
				if err != nil {
					t.Fatal(err)
				}
				want = normal.Amounts
				if explained.Route == nil || explained.Route.Scope != made[0].Scope {
					t.Errorf("%s, %v: explained as %+v; the charge asks the scope %q", name, request, explained, made[0].Scope)
				}
			}
			if diff := cmp.Diff(want, explained.Amounts); diff != "" && keyed(request) == 1 {
				t.Errorf("%s, %v: charged -, explained +\n%s", name, request, diff)
			}
			if refused := response.StatusCode >= 400 && response.StatusCode != http.StatusUnauthorized; refused != (explained.Refusal != nil) || refused && explained.Refusal.Status != response.StatusCode {
				t.Errorf("%s, %v: answered %d; explained as %+v", name, request, response.StatusCode, explained)
			}
			if answered := response.StatusCode == http.StatusNoContent; answered != (explained.PageMethods != nil) {
				t.Errorf("%s, %v: answered %d; explained as %+v", name, request, response.StatusCode, explained)
			}
		}
	}
}

// keyed is 1 if a request is sent with a key; a preflight has none.
func keyed(request []string) int {
	if request[0] == "OPTIONS" && len(request) > 2 {
		return 0
	}
	return 1
}
