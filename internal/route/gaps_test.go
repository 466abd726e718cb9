package route_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

func TestGapsBesideWhatIsScopedOrPriced(t *testing.T) {
	scoped := route.Route{Path: "/v1/admin", Scope: "admin"}
	toRead := route.Route{Path: "/v1/*/files/*", Scope: "read", Methods: []string{"GET"}}
	priced := func(amounts map[string]ration.Amount) route.Route { return route.Route{Path: "/ask", Amounts: amounts} }
	for _, row := range []struct {
		name   string
		config route.Config
		want   []string // a part of each sentence
	}{
		{"no routes", route.Config{}, nil},
		{"nothing but the usual price", route.Config{Routes: []route.Route{{Path: "/a"}, priced(map[string]ration.Amount{"requests": {Units: 1}})}}, nil},
		{"less than the usual price", route.Config{Routes: []route.Route{priced(map[string]ration.Amount{"requests": {Units: 0}, "tokens": {Units: 0}})}}, nil},
		{"a scope", route.Config{Routes: []route.Route{{Path: "/a"}, scoped}}, []string{"routes[1] (/v1/admin) asks for a scope, and refuse_unmatched is not set"}},
		{"a price", route.Config{Routes: []route.Route{priced(map[string]ration.Amount{"requests": {Units: 2}})}}, []string{"routes[0] (/ask) has a price"}},
		{"a meter", route.Config{Routes: []route.Route{priced(map[string]ration.Amount{"tokens": {Units: 1}})}}, []string{"routes[0] (/ask) has a price"}},
		{"a reservation", route.Config{Routes: []route.Route{{Path: "/ask", Reserve: &route.Reserve{Reports: map[string]route.Report{"requests": {Header: "X-Used"}}}}}}, []string{"has a price"}},
		{"one sentence for all paths", route.Config{Routes: []route.Route{scoped, priced(map[string]ration.Amount{"requests": {Units: 2}})}}, []string{"routes[0]"}},
		{
			"some methods",
			route.Config{Routes: []route.Route{toRead}},
			[]string{"routes[0]", "routes[0] (/v1/*/files/*) asks for a scope, for GET alone: no route matches POST, PUT, PATCH, DELETE on this path, which cost one request and need no scope"},
		},
		{
			"the other methods elsewhere",
			route.Config{Routes: []route.Route{toRead, {Path: "/v1/*/files/*", Methods: []string{"POST", "PUT"}}, {Path: "/v1/*", Methods: []string{"PATCH"}}}},
			[]string{"routes[0]", "no route matches DELETE on this path"},
		},
		{"reading left out", route.Config{Routes: []route.Route{{Path: "/a", Scope: "s", Methods: []string{"POST", "PUT", "PATCH", "DELETE"}}}}, []string{"routes[0]", "no route matches GET on this path"}},
		{"all methods named", route.Config{Routes: []route.Route{{Path: "/a", Scope: "s", Methods: []string{"GET", "POST", "PUT", "PATCH", "DELETE"}}}}, []string{"routes[0]"}},
		{"the rest refused", route.Config{RefuseUnmatched: true, Routes: []route.Route{scoped, toRead}}, nil},
		{"the rest in a route", route.Config{Routes: []route.Route{scoped, toRead, {Path: "/*"}}}, nil},
		{"the rest in a route for one method", route.Config{Routes: []route.Route{scoped, {Path: "/*", Methods: []string{"GET"}}}}, []string{"routes[0]"}},
		{"a variable as others write it", route.Config{Routes: []route.Route{{Path: "/users/$id/$"}}}, []string{`the segment "$id" stands for itself; write "{id}"`}},
	} {
		got := row.config.Gaps()
		if len(got) != len(row.want) {
			t.Errorf("%s: %q; want %d", row.name, got, len(row.want))
			continue
		}
		for i, want := range row.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %q; want %q", row.name, got[i], want)
			}
		}
	}
}
