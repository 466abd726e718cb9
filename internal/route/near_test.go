package route_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

// TestNoSpellingEscapesARoute asks what frameworks read as a path for which a
// route asks a scope and more than one request.
func TestNoSpellingEscapesARoute(t *testing.T) {
	ask := route.Route{Name: "ask", Path: "/ask", Methods: []string{"GET"}, Scope: "ask", Amounts: map[string]ration.Amount{"tokens": {Units: 100}}}
	for _, row := range []struct {
		name   string
		routes []route.Route
		line   string
		want   string
	}{
		{"as it is", []route.Route{ask}, "GET /ask", "ask"},
		{"HEAD", []route.Route{ask}, "HEAD /ask", "ask"},
		{"HEAD before a rest", []route.Route{ask, {Name: "rest", Path: "/*"}}, "HEAD /ask", "ask"},
		{"method in lower case", []route.Route{ask}, "get /ask", "ask"},
		{"method in lower case before a free path", []route.Route{ask, {Path: "/ask", Free: true}}, "get /ask", "ask"},
		{"another method", []route.Route{ask}, "POST /ask", "unmatched"},
		{"another method, another spelling", []route.Route{ask}, "POST /Ask/", "unmatched"},
		{"slash at the end", []route.Route{ask}, "GET /ask/", "ask"},
		{"letter case", []route.Route{ask}, "GET /Ask", "ask"},
		{"letter case in percent encoding", []route.Route{ask}, "GET /%41sk", "ask"},
		{"all at once", []route.Route{ask}, "HEAD /ASK/", "ask"},
		{"slash taken away", []route.Route{{Name: "ask", Path: "/ask/"}}, "GET /ask", "ask"},
		{"root of a prefix", []route.Route{{Name: "v1", Path: "/v1/*"}}, "GET /v1", "v1"},
		{"letter case of a prefix", []route.Route{{Name: "v1", Path: "/v1/*"}}, "GET /V1/x", "v1"},
		{"letter case around a wildcard", []route.Route{{Name: "chat", Path: "/v1/*/chat"}}, "GET /v1/m/Chat/", "chat"},
		{"letter case outside ASCII", []route.Route{{Name: "size", Path: "/größe"}}, "GET /GR%C3%96%C3%9FE", "size"},
		{"before a free rest", []route.Route{ask, {Name: "rest", Path: "/*", Free: true}}, "GET /Ask/", "ask"},
		{"before a charged rest", []route.Route{ask, {Name: "rest", Path: "/*"}}, "GET /ask/", "ask"},
		{"after a free prefix", []route.Route{{Name: "public", Path: "/public/*", Free: true}, {Name: "root", Path: "/public"}}, "GET /public/", "public"},
		{"before a path of its own", []route.Route{ask, {Name: "slash", Path: "/ask/"}}, "GET /ask/", "slash"},
		{"before a free path of its own", []route.Route{ask, {Name: "upper", Path: "/Ask", Free: true}}, "GET /Ask", "upper"},
		{"the first of two", []route.Route{ask, {Name: "upper", Path: "/ASK"}}, "GET /Ask", "ask"},
		{"another path", []route.Route{ask}, "GET /asks", "unmatched"},
		{"below", []route.Route{ask}, "GET /ask/x", "unmatched"},
		{"the root is near nothing", []route.Route{ask}, "GET /", "unmatched"},
		{"free path in another case", []route.Route{{Name: "free", Path: "/health", Free: true}}, "GET /Health", "unmatched"},
		{"free path with a slash", []route.Route{{Name: "free", Path: "/health", Free: true}}, "GET /health/", "unmatched"},
		{"free path, method in lower case", []route.Route{{Name: "free", Path: "/health", Free: true, Methods: []string{"GET"}}}, "get /health", "unmatched"},
		{"free path, HEAD", []route.Route{{Name: "free", Path: "/health", Free: true, Methods: []string{"GET"}}}, "HEAD /health", "free"},
		{"free prefix, its root", []route.Route{{Name: "free", Path: "/static/*", Free: true}}, "GET /static", "unmatched"},
	} {
		found, err := compile(t, route.Config{Routes: row.routes}).Find(request(t, row.line))
		if err != nil || found.Name != row.want {
			t.Errorf("%s: %s is %+v, %v; want %s", row.name, row.line, found, err, row.want)
			continue
		}
		if tokens := []ration.Amount{{Meter: "tokens", Units: 100}}; row.want == "ask" && row.routes[0].Scope != "" && (found.Scope != "ask" || !cmp.Equal(found.Amounts, tokens)) {
			t.Errorf("%s: %s needs scope %q and costs %v", row.name, row.line, found.Scope, found.Amounts)
		}
	}
}

func TestNearSpellingsAreNeverCheaperThanUnmatched(t *testing.T) {
	table := compile(t, route.Config{Routes: []route.Route{{Path: "/ask", FailOpen: true, Amounts: map[string]ration.Amount{"requests": {Units: 0}, "tokens": {Units: 3}}}}})
	for line, want := range map[string]struct {
		failOpen bool
		requests int64
	}{"GET /ask": {true, 0}, "GET /ask/": {false, 1}, "GET /ASK": {false, 1}} {
		found, err := table.Find(request(t, line))
		if err != nil || found.FailOpen != want.failOpen || !cmp.Equal(found.Amounts, []ration.Amount{{Meter: "requests", Units: want.requests}, {Meter: "tokens", Units: 3}}) {
			t.Errorf("%s: got %+v, %v; want %+v", line, found, err, want)
		}
	}
}

func TestNearSpellingsAreRefusedWhereUnmatchedIs(t *testing.T) {
	table := compile(t, route.Config{RefuseUnmatched: true, Routes: []route.Route{{Path: "/ask", Methods: []string{"GET"}}}})
	for _, line := range []string{"GET /ask/", "GET /Ask", "POST /ask"} {
		if found, err := table.Find(request(t, line)); !errors.Is(err, route.ErrUnmatched) {
			t.Errorf("%s: got %+v, %v", line, found, err)
		}
	}
	if _, err := table.Find(request(t, "HEAD /ask")); err != nil {
		t.Errorf("HEAD: %v", err)
	}
}
