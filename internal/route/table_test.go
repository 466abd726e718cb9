package route_test

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

// request reads a request as a server does.
func request(t *testing.T, line string, headers ...string) *http.Request {
	t.Helper()
	r, err := readRequest(line, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readRequest(line string, headers ...string) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(strings.NewReader(line + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n")))
}

func compile(t *testing.T, config route.Config) *route.Table {
	t.Helper()
	table, err := route.Compile(config)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTheFirstRouteThatMatchesCounts(t *testing.T) {
	table := compile(t, route.Config{Routes: []route.Route{
		{Path: "/", Free: true},
		{Path: "/static/*", Free: true},
		{Name: "ask", Path: "/ask", Methods: []string{"POST"}, Amounts: map[string]ration.Amount{"tokens": {Units: 5}, "requests": {Units: 2}}},
		{Path: "/v1/*/chat", Scope: "chat"},
		{Path: "/v1/*", KeyQuery: "api_key"},
		{Path: "/größe"},
	}})
	for _, row := range []struct{ line, want string }{
		{"GET /", "/"},
		{"GET /?a=/static/x", "/"},
		{"GET /static/a", "/static/*"},
		{"GET /static/a/b", "/static/*"},
		{"GET /static/", "/static/*"},
		{"GET /static", "unmatched"},
		{"GET /staticx", "unmatched"},
		{"GET /STATIC/a", "unmatched"},
		{"POST /ask", "ask"},
		{"POST /%61sk", "ask"}, // what every upstream reads as /ask costs as much
		{"GET /ask", "unmatched"},
		{"post /ask", "ask"}, // some upstreams take it for POST
		{"POST /ask/", "ask"},
		{"POST /v1/m/chat", "/v1/*/chat"},
		{"POST /v1/m/chat/x", "/v1/*"},
		{"POST /v1/chat", "/v1/*"},
		{"POST /v1/", "/v1/*"},
		{"POST /v1", "/v1/*"},
		{"GET /gr%C3%B6%C3%9Fe", "/größe"},
		{"GET /a%20b", "unmatched"},
		{"GET /100%25", "unmatched"},
		{`GET /v1/a"b<c>^|{}`, "/v1/*"}, // odd, and passed on as it is
	} {
		found, err := table.Find(request(t, row.line))
		if err != nil || found.Name != row.want {
			t.Errorf("%s: got %+v, %v; want %s", row.line, found, err, row.want)
		}
	}
	ask, _ := table.Find(request(t, "POST /ask"))
	if diff := cmp.Diff([]ration.Amount{{Meter: "requests", Units: 2}, {Meter: "tokens", Units: 5}}, ask.Amounts); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
}

func TestUnmatchedNeedsAKeyUnlessItIsRefused(t *testing.T) {
	found, err := compile(t, route.Config{}).Find(request(t, "GET /x"))
	if err != nil || found.Free || found.Amounts != nil || found.FailOpen {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := compile(t, route.Config{RefuseUnmatched: true}).Find(request(t, "GET /x")); !errors.Is(err, route.ErrUnmatched) {
		t.Errorf("got %v", err)
	}
}

var ambiguous = []string{
	"/a//b", "/a/./b", "/a/../b", "/a/..", "/.", "/a/%2e%2e/b", "/a/.%2E/b", "/%2e", "/a%2fb", "/a%2Fb", "/a%5cb", `/a\b`,
	"/a;b", "/a;b=1/../c", "/a%3bb", "/a%00b", "/a%0d%0ab", "/a%7fb", "/a%252e%252e/b", "/a%252fb", "/a%ffb", "/a\"%2Fb", "/a#b", "/gr\xc3\xb6\xc3\x9fe",
}

func TestAmbiguousPathsAreRefused(t *testing.T) {
	table := compile(t, route.Config{Routes: []route.Route{{Path: "/*", Free: true}}})
	lenient := compile(t, route.Config{Routes: []route.Route{{Path: "/*", Free: true}}, AllowAmbiguous: true})
	for _, target := range ambiguous {
		r, err := readRequest("GET " + target)
		if err != nil {
			continue // refused by the server already
		}
		if _, err := table.Find(r); err == nil {
			t.Errorf("%s is taken", target)
		} else if _, ok := errors.AsType[*route.AmbiguousPathError](err); !ok {
			t.Errorf("%s: got %v", target, err)
		}
		if found, err := lenient.Find(r); err != nil || found.Free {
			t.Errorf("%s where ambiguous paths are allowed: got %+v, %v", target, found, err)
		}
	}
	for _, target := range []string{"//a", "*", "http://other/a"} {
		for _, table := range []*route.Table{table, lenient} {
			if found, err := table.Find(request(t, "GET "+target)); err == nil {
				t.Errorf("%s, which is no path, is taken as %+v", target, found)
			}
		}
	}
	// The one empty segment that is no ambiguity.
	if found, err := table.Find(request(t, "GET /a/")); err != nil || !found.Free {
		t.Errorf("/a/: got %+v, %v", found, err)
	}
}

func TestBadRoutesAreNamed(t *testing.T) {
	many := make(map[string]ration.Amount)
	for c := 'a'; c < 'a'+16; c++ {
		many[string(c)] = ration.Amount{Units: 1}
	}
	for _, row := range []struct {
		name  string
		route route.Route
		field string
	}{
		{"no path", route.Route{}, "path"},
		{"path without a slash", route.Route{Path: "ask"}, "path"},
		{"path that no request can have", route.Route{Path: "/a//b"}, "path"},
		{"path with dots", route.Route{Path: "/a/../b"}, "path"},
		{"encoded path", route.Route{Path: "/a%20b"}, "path"},
		{"half a wildcard", route.Route{Path: "/admin*"}, "path"},
		{"double wildcard", route.Route{Path: "/a/**"}, "path"},
		{"free wildcard inside", route.Route{Path: "/*/x", Free: true}, "path"},
		{"covered by an earlier route", route.Route{Path: "/first/x/y"}, "path"},
		{"same as an earlier route", route.Route{Path: "/first/*", Methods: []string{"GET"}}, "path"},
		{"method", route.Route{Path: "/a", Methods: []string{"GET", "get"}}, "methods[1]"},
		{"negative amount", route.Route{Path: "/a", Amounts: map[string]ration.Amount{"tokens": {Units: -1}}}, "amounts.tokens"},
		{"amount too large", route.Route{Path: "/a", Amounts: map[string]ration.Amount{"tokens": {Units: 1<<53 + 1}}}, "amounts.tokens"},
		{"requests with decimals", route.Route{Path: "/a", Amounts: map[string]ration.Amount{"requests": {Units: 5, Unit: 1}}}, "amounts.requests"},
		{"meter", route.Route{Path: "/a", Amounts: map[string]ration.Amount{"Tokens": {Units: 1}}}, "amounts"},
		{"too many meters", route.Route{Path: "/a", Amounts: many}, "amounts"},
		{"scope", route.Route{Path: "/a", Scope: "a b"}, "scope"},
		{"free with amounts", route.Route{Path: "/a", Free: true, Amounts: map[string]ration.Amount{"tokens": {Units: 1}}}, "amounts"},
		{"free with a scope", route.Route{Path: "/a", Free: true, Scope: "x"}, "scope"},
		{"free with a key", route.Route{Path: "/a", Free: true, KeyQuery: "k"}, "key_query"},
		{"free and open", route.Route{Path: "/a", Free: true, FailOpen: true}, "fail_open"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/first/*"}, row.route}})
			invalid, ok := errors.AsType[*ration.InvalidError](err)
			if !ok || invalid.Field != "routes[1]."+row.field || invalid.Reason == "" {
				t.Errorf("got %v, want a fault in %s", err, row.field)
			}
		})
	}
}

func TestRoutesThatOverlapWithoutCoveringAreTaken(t *testing.T) {
	for _, paths := range [][2]string{{"/a/*", "/a"}, {"/a", "/a/*"}, {"/a/*/c", "/a/*"}, {"/a/b", "/a/*"}, {"/a/*/c", "/a/b/*"}, {"/*/b", "/a/*"}} {
		if _, err := route.Compile(route.Config{Routes: []route.Route{{Path: paths[0]}, {Path: paths[1]}}}); err != nil {
			t.Errorf("%v: %v", paths, err)
		}
	}
	if _, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/a", Methods: []string{"GET"}}, {Path: "/a"}}}); err != nil {
		t.Errorf("methods: %v", err)
	}
}
