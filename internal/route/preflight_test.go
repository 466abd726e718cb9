package route_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

func TestOptionsIsAMethodLikeAnyOther(t *testing.T) {
	guarded := route.Route{Name: "admin", Path: "/v1/admin/*", Methods: []string{"GET", "POST"}, Scope: "admin"}
	for _, row := range []struct {
		name   string
		routes []route.Route
		line   string
		want   string
	}{
		{"without a route", nil, "OPTIONS /x", "unmatched"},
		{"of a scoped path", []route.Route{guarded}, "OPTIONS /v1/admin/x", "admin"},
		{"in lower case", []route.Route{guarded}, "options /v1/admin/x", "admin"},
		{"before a free rest", []route.Route{guarded, {Name: "rest", Path: "/*", Free: true}}, "OPTIONS /v1/Admin/x", "admin"},
		{"a method that nobody knows", []route.Route{guarded, {Name: "rest", Path: "/*", Free: true}}, "FOO /v1/admin/x", "admin"},
		{"before an exact free path", []route.Route{{Name: "get", Path: "/x", Methods: []string{"GET"}}, {Name: "all", Path: "/x", Free: true}}, "OPTIONS /x", "get"},
		{"where a route names it", []route.Route{guarded, {Name: "options", Path: "/*", Methods: []string{"OPTIONS"}, Free: true}}, "OPTIONS /v1/admin/x", "options"},
		{"of a free path", []route.Route{{Name: "free", Path: "/x", Free: true}}, "OPTIONS /x", "free"},
		{"a usual method that no route takes", []route.Route{guarded}, "DELETE /v1/admin/x", "unmatched"},
	} {
		found, err := compile(t, route.Config{Routes: row.routes}).Find(request(t, row.line, "Origin: https://a.example", "Access-Control-Request-Method: GET"))
		if err != nil || found.Name != row.want {
			t.Errorf("%s: %s is %+v, %v; want %s", row.name, row.line, found, err, row.want)
		}
	}
}

func TestAPreflightIsToldTheMethodsThatRoutesTake(t *testing.T) {
	routes := []route.Route{{Path: "/ask", Methods: []string{"POST"}}, {Path: "/ask", Methods: []string{"GET"}, Scope: "read"}, {Path: "/dav/*"}}
	for _, row := range []struct {
		path, announced string
		refuse          bool
		want            string // empty: unmatched
	}{
		{"/ask", "POST", true, "GET HEAD POST"},
		{"/ask", "GET", true, "GET HEAD POST"},
		{"/ask", "DELETE", true, ""},
		{"/ask", "post", true, "GET HEAD POST post"},
		{"/other", "GET", true, ""},
		{"/other", "GET", false, "GET HEAD POST PUT PATCH DELETE"},
		{"/dav/x", "PROPFIND", true, "GET HEAD POST PUT PATCH DELETE PROPFIND"},
		{"/ask", "TRACE", false, ""},
		{"/ask", "connect", false, ""},
	} {
		table := compile(t, route.Config{Routes: routes, RefuseUnmatched: row.refuse})
		got, err := table.MethodsFor(request(t, "OPTIONS "+row.path, "Access-Control-Request-Method: "+row.announced))
		if strings.Join(got, " ") != row.want || (err != nil) != (row.want == "") || err != nil && !errors.Is(err, route.ErrUnmatched) {
			t.Errorf("%s of %s: got %v, %v; want %s", row.announced, row.path, got, err, row.want)
		}
	}
	_, err := compile(t, route.Config{}).MethodsFor(request(t, "OPTIONS /a%2fb", "Access-Control-Request-Method: GET"))
	if _, ambiguous := errors.AsType[*route.AmbiguousPathError](err); !ambiguous {
		t.Errorf("an ambiguous path: got %v", err)
	}
}

func TestPreflightsPassOnlyWhereNothingIsGuarded(t *testing.T) {
	routes := []route.Route{
		{Path: "/ask", Methods: []string{"POST"}, KeyQuery: "token", Amounts: map[string]ration.Amount{"tokens": {Units: 5}}},
		{Path: "/both", Methods: []string{"GET"}},
		{Path: "/both", Methods: []string{"POST"}, Scope: "write"},
		{Path: "/v1/admin/*", Scope: "admin"},
		{Path: "/v1/*"},
		{Path: "/dav", Methods: []string{"GET", "PROPFIND"}},
	}
	lenient := compile(t, route.Config{Routes: routes, AllowAmbiguous: true})
	for _, row := range []struct {
		path, announced string
		passes          bool
	}{
		{"/ask", "POST", true},
		{"/ask?token=S", "POST", true},
		{"/ask", "GET", false}, // no route takes it
		{"/both", "GET", false},
		{"/both", "POST", false},
		{"/v1/x", "GET", true},
		{"/v1/x", "patch", true}, // as a page sends it that writes it so
		{"/v1/x", "TRACE", false},
		{"/v1/x", "trace", false},
		{"/v1/x", "TRACK", false},
		{"/v1/x", "CONNECT", false},
		{"/v1/x", "OPTIONS", false},
		{"/v1/x", "PROPFIND", false},
		{"/v1/x", "GETX", false},
		{"/v1/x", "X", false},
		{"/dav", "PROPFIND", true}, // a route names it
		{"/dav", "MKCOL", false},
		{"/v1/admin/x", "GET", false},
		{"/V1/Admin/x", "GET", false},
		{"/v1/admin", "GET", false},
		{"/other", "GET", false},
		{"/v1/a%2fb", "GET", false},
		{"//v1/x", "GET", false},
		{"http://h", "GET", false},
		{"http://h?x", "GET", false},
		{"http://h/v1/x", "GET", false},
		{"*", "GET", false},
	} {
		found := lenient.PassedOn(request(t, "OPTIONS "+row.path, "Access-Control-Request-Method: "+row.announced))
		if (found != nil) != row.passes {
			t.Errorf("%s of %s: got %+v", row.announced, row.path, found)
		}
		if found != nil && (!found.Free || found.KeyQuery != map[bool]string{true: "token"}[strings.HasPrefix(row.path, "/ask")]) {
			t.Errorf("%s of %s: got %+v", row.announced, row.path, found)
		}
	}
	if methods, err := lenient.MethodsFor(request(t, "OPTIONS /v1/a%2fb", "Access-Control-Request-Method: GET")); err != nil || !slices.Contains(methods, "GET") {
		t.Errorf("an ambiguous path that is allowed: got %v, %v", methods, err)
	}
}
