package proxy_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// overridesMethods is an upstream as Rails, Laravel and Spring are: it does what a
// form says. It tells what it did.
func overridesMethods(did chan<- string) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it has no whole form
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_ = r.ParseMultipartForm(1 << 20) // which reads other forms too
		if method := r.FormValue("_method"); method != "" {
			r.Method = method
		}
		did <- r.Method
	}
}

func TestNoFormMakesAnotherRequestOfOne(t *testing.T) {
	const form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	did := make(chan string, 100)
	u := newUpstream(t, overridesMethods(did))
	routes := route.Config{Refunds: rationhttp.Refunds{Statuses: []int{400}}, Routes: []route.Route{{Path: "/v1/items/*", Methods: []string{"DELETE"}, Scope: "admin"}, {Path: "/v1/*"}, {Path: "/pages/*", Free: true}}}
	part := "--b\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nDELETE\r\n--b--\r\n"
	for _, row := range []struct {
		name, method, path, kind, body string
		status                         int
		did                            string
	}{
		{"plain", "POST", "/v1/items/1", form, "a=1", 200, "POST"},
		{"query", "POST", "/v1/items/1?_method=DELETE", form, "a=1", 400, ""},
		{"query of a GET", "GET", "/v1/items/1?a=1&%5Fmethod=DELETE", "", "", 400, ""},
		{"path in the query", "GET", "/v1/x?rest_route=/v1/items/1", "", "", 400, ""},
		{"form", "POST", "/v1/items/1", form, "a=1&_method=DELETE", 400, ""},
		{"long form", "POST", "/v1/items/1", form, "a=" + strings.Repeat("x", 300_000) + "&_method=DELETE", 400, ""},
		{"form without a type", "POST", "/v1/items/1", "", "_method=DELETE", 400, ""},
		{"multipart", "POST", "/v1/items/1", parts, part, 400, ""},
		{"JSON", "POST", "/v1/items/1", "application/json", `{"_method":"DELETE"}`, 400, ""},
		{"character set", "POST", "/v1/items/1", form + "; charset=utf-16", "x", 415, ""},
		{"a route of all methods", "POST", "/v1/other", form, "_method=DELETE", 400, ""},
		{"a page's form", "POST", "/pages/x", form, "_method=DELETE", 200, "DELETE"},
	} {
		f := newFixture(t, u.URL, routes)
		response := f.do(t, row.method, row.path, strings.NewReader(row.body), "X-API-Key: "+canary, "Content-Type: "+row.kind)
		body := bodyOf(t, response)
		if response.StatusCode != row.status || row.status == 400 && !strings.Contains(body, "ambiguous_method") {
			t.Errorf("%s: got %d %s", row.name, response.StatusCode, body)
		}
		if strings.Contains(f.log.String(), "the upstream gave no answer") {
			t.Errorf("%s: the upstream is blamed:\n%s", row.name, f.log)
		}
		got := ""
		select {
		case got = <-did:
		default:
		}
		if got != row.did {
			t.Errorf("%s: the upstream did %q, want %q", row.name, got, row.did)
		}
	}
}

// TestNoQueryLeadsToAnotherRoute is for front controllers, which take the path from
// the query: a word that means one is refused everywhere, and one that others use
// where what it says is the path of a route that asks more.
func TestNoQueryLeadsToAnotherRoute(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	u := newUpstream(t, nil)
	guarded := []route.Route{
		{Path: "/health", Free: true},
		{Path: "/index.php", Free: true},
		{Path: "/public/*", Free: true},
		{Path: "/v1/admin/*", Scope: "admin"},
		{Path: "/ask", Amounts: map[string]ration.Amount{"tokens": {Units: 100}}},
		{Path: "/v1/*"},
	}
	f := newFixture(t, u.URL, route.Config{Routes: guarded})
	for _, row := range []struct {
		method, target, body string
		passes               bool
	}{
		{"GET", "/health?rest_route=/v1/admin/x", "", false},
		{"GET", "/health?REST_ROUTE=/v1/x", "", false},
		{"GET", "/health?rest%5Froute[]=x", "", false},
		{"POST", "/health", "rest_route=/v1/admin/x", false},
		{"POST", "/public/form", "a=1&rest.route=/v1/admin/x", false},
		{"GET", "/index.php?/v1/admin/x", "", false},
		{"GET", "/index.php?/v1/admin/x=1", "", false},
		{"GET", "/index.php?v1/admin/x", "", false},
		{"GET", "/index.php?a=1&/V1/Admin/", "", false},
		{"GET", "/index.php?r=v1/admin/x", "", false},
		{"GET", "/index.php?r=v1%2Fadmin%2Fx", "", false},
		{"GET", "/index.php?s=/v1/admin/x", "", false},
		{"GET", "/index.php?s=v1|admin|x", "", false},
		{"GET", "/index.php?S[]=//v1/x/../admin/x.json", "", false},
		{"GET", "/?q=v1/admin/x", "", false},
		{"GET", "/public/x?url=index.php/v1/admin/x", "", false},
		{"GET", "/v1/x?_url=/v1/admin/x", "", false},
		{"GET", "/v1/x?route=ask", "", false},
		{"GET", "/health?r=ask", "", false},
		{"GET", "/health?path=/v1/x", "", false}, // a key is more than none
		{"GET", "/v1/x?s=shoes", "", true},
		{"GET", "/health?s=ask", "", true},
		{"GET", "/v1/x?q=and/or", "", true},
		{"GET", "/v1/x?url=https://example.com/v1/admin/x", "", true},
		{"GET", "/v1/x?next=/v1/admin/x", "", true},
		{"GET", "/v1/x?path=/v1/y", "", true}, // it costs what it costs
		{"GET", "/public/image?url=/img/a.png&w=64", "", true},
		{"GET", "/v1/x?2026/07/15", "", true},
		{"POST", "/public/form", "_method=DELETE&s=shoes", true},
		{"POST", "/public/form", "method=x&route=/v1/admin", true},
	} {
		response := f.do(t, row.method, row.target, strings.NewReader(row.body), "X-API-Key: "+canary, "Content-Type: "+form)
		whole := slices.ContainsFunc(u.received(), func(r received) bool { return r.RequestURI == row.target && r.body == row.body })
		if row.passes != (response.StatusCode == http.StatusOK) || whole != row.passes {
			t.Errorf("%s %s %s: got %d %s", row.method, row.target, row.body, response.StatusCode, bodyOf(t, response))
		}
	}
}

func TestPathsInQueriesPassWhereTheyMayBeAmbiguous(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{AllowAmbiguous: true, Routes: []route.Route{{Path: "/health", Free: true}, {Path: "/v1/*"}}})
	for _, target := range []string{"/health?rest_route=/v1/x", "/health?r=v1/x"} {
		if response := f.get(t, target); response.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", target, response.StatusCode)
		}
	}
}

func TestOverridesPassWhereTheyAreAllowed(t *testing.T) {
	did := make(chan string, 10)
	u := newUpstream(t, overridesMethods(did))
	f := newFixture(t, u.URL, route.Config{}, func(c *proxy.Config) { c.AllowOverrides = true })
	for _, target := range []string{"/x?_method=PUT", "/x"} {
		if response := f.do(t, "POST", target, strings.NewReader("_method=PUT"), "X-API-Key: "+canary, "Content-Type: application/x-www-form-urlencoded", "X-HTTP-Method-Override: PUT"); response.StatusCode != 200 || <-did != "PUT" {
			t.Errorf("%s: got %d", target, response.StatusCode)
		}
	}
}

func TestBodiesThatAreLookedAtArriveWhole(t *testing.T) {
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded": "a=" + strings.Repeat("x&b=", 50_000), "application/json": `["` + strings.Repeat(`a","`, 50_000) + `"]`,
		"multipart/form-data; boundary=b": "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"_method\"\r\n\r\n" + strings.Repeat("content-d\r\n", 20_000) + "\r\n--b--\r\n",
	} {
		u := newUpstream(t, nil)
		f := newFixture(t, u.URL, route.Config{})
		for _, reader := range []io.Reader{strings.NewReader(body), io.MultiReader(strings.NewReader(body))} { // with a length, and in chunks
			f.do(t, "POST", "/x", reader, "X-API-Key: "+canary, "Content-Type: "+kind)
		}
		for _, got := range u.received() {
			if got.body != body {
				t.Errorf("%s: %d bytes of %d arrived", kind, len(got.body), len(body))
			}
		}
	}
}
