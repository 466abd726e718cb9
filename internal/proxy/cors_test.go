package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// ours is the page that may call.
var ours = page{origin: "https://app.example.com"}

func allowOurs(c *proxy.Config) { c.CORS = cors.Policy{Origins: []string{ours.origin}} }

// ignoresMethods is an upstream that answers whatever comes with all that it has.
func ignoresMethods(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Access-Control-Expose-Headers", "X-Total")
	w.Header().Set("X-Total", "1")
	w.Header().Set("X-Leak", "all keys")
	w.Header().Set("Set-Cookie", "session=1")
	w.Header().Set("Link", "</all-keys>; rel=preload")
	w.WriteHeader(http.StatusEarlyHints)
	_, _ = io.WriteString(w, "all keys")
}

var preflightLines = []string{"Origin: " + ours.origin, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: x-api-key"}

func TestAPreflightIsARequestLikeAnyOtherWithoutASetting(t *testing.T) {
	routes := []route.Route{
		{Path: "/v1/admin/*", Methods: []string{"GET"}, Scope: "admin"},
		{Path: "/v1/costly", Methods: []string{"POST"}, Amounts: map[string]ration.Amount{"tokens": {Units: 100}}},
		{Path: "/v1/any/*"},
	}
	for _, refuse := range []bool{false, true} {
		u := newUpstream(t, ignoresMethods)
		f := newFixture(t, u.URL, route.Config{Routes: routes, RefuseUnmatched: refuse})
		for _, path := range []string{"/v1/admin/x", "/v1/costly", "/v1/any/x", "/other"} {
			want := 401
			if refuse && path != "/v1/any/x" {
				want = 404
			}
			response := f.do(t, "OPTIONS", path, nil, preflightLines...)
			if body := bodyOf(t, response); response.StatusCode != want || strings.Contains(body, "all keys") {
				t.Errorf("%s: got %d %s", path, response.StatusCode, body)
			}
			if _, err := ours.fetch(f.Client(), "GET", f.URL+path, map[string]string{"X-API-Key": canary}); !errors.Is(err, errNetwork) {
				t.Errorf("%s: a page got %v", path, err)
			}
		}
		if got := u.received(); len(got) != 0 {
			t.Errorf("%d requests reached the upstream", len(got))
		}
		if log := f.log.String(); strings.Count(log, "preflight") == 0 || strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "set cors_origins") || !strings.Contains(log, "preflights: upstream") {
			t.Errorf("logged %s", log)
		}
	}
}

func TestOptionsWithAKeyIsChargedWithTheScopeOfItsRoute(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/v1/admin/*", Methods: []string{"GET"}, Scope: "admin", Amounts: map[string]ration.Amount{"tokens": {Units: 100}}}}})
	response := f.do(t, "OPTIONS", "/v1/admin/x", nil, append(preflightLines, "X-API-Key: "+canary)...)
	charges := f.charger.charged()
	if response.StatusCode != 200 || len(charges) != 1 || charges[0].Scope != "admin" || charges[0].Amounts[0].Units != 100 || u.only(t).Method != "OPTIONS" {
		t.Errorf("got %d, charged %+v", response.StatusCode, charges)
	}
}

func TestPagesOfAllowedOriginsCallAndReadEveryAnswer(t *testing.T) {
	routes := route.Config{RefuseUnmatched: true, Routes: []route.Route{
		{Path: "/v1/items", Methods: []string{"GET", "DELETE"}, Scope: "items"}, {Path: "/v1/free", Free: true}, {Path: "/v1/once", Idempotency: route.IdempotencyRequired},
	}}
	for _, row := range []struct {
		name         string
		method, path string
		key          string
		headers      map[string]string
		decision     func(*fakeCharger)
		status       int
		readable     []string
	}{
		{name: "answer", method: "GET", path: "/v1/items", key: canary, status: 200, readable: []string{"RateLimit", "RateLimit-Policy", "X-Request-Id", "X-Total"}},
		{name: "method that isn't simple", method: "DELETE", path: "/v1/items", key: canary, status: 200, readable: []string{"RateLimit"}},
		{name: "header of its own", method: "GET", path: "/v1/items", key: canary, headers: map[string]string{"X-Own": "1", "Content-Type": "application/json"}, status: 200, readable: []string{"RateLimit"}},
		{name: "free", method: "GET", path: "/v1/free", headers: map[string]string{"X-Own": "1"}, status: 200, readable: []string{"X-Request-Id", "X-Total"}},
		{name: "no key", method: "GET", path: "/v1/items", status: 401, readable: []string{"X-Request-Id", "Www-Authenticate"}},
		{name: "unknown key", method: "GET", path: "/v1/items", key: "other", status: 401, readable: []string{"X-Request-Id"}},
		{name: "no scope", method: "GET", path: "/v1/items", key: canary, decision: func(c *fakeCharger) { c.decision.Code = ration.CodeInsufficientScope }, status: 403, readable: []string{"X-Request-Id", "Www-Authenticate"}},
		{name: "used up", method: "GET", path: "/v1/items", key: canary, decision: func(c *fakeCharger) {
			c.decision.Code, c.decision.RetryAfter, c.decision.Limits[0].Exceeded = ration.CodeQuotaExceeded, 1, true
		}, status: 429, readable: []string{"Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"}},
		{name: "no decision", method: "GET", path: "/v1/items", key: canary, decision: func(c *fakeCharger) { c.err = ration.ErrStoreUnavailable }, status: 503, readable: []string{"Retry-After", "X-Request-Id"}},
		{name: "no idempotency key", method: "POST", path: "/v1/once", key: canary, status: 400, readable: []string{"X-Request-Id"}},
		{name: "ambiguous query", method: "GET", path: "/v1/items?a;b", key: canary, status: 400, readable: []string{"X-Request-Id"}},
	} {
		for _, worded := range []bool{false, true} {
			u := newUpstream(t, ignoresMethods)
			f := newFixture(t, u.URL, routes, allowOurs, func(c *proxy.Config) {
				if worded {
					c.Errors = new(rewrite.Errors)
					if err := c.Errors.Add("default", 0, "text/plain", "${detail}"); err != nil {
						t.Fatal(err)
					}
				}
			})
			if row.decision != nil {
				row.decision(f.charger)
			}
			headers := map[string]string{"X-Own": "1"}
			for name, value := range row.headers {
				headers[name] = value
			}
			if row.key != "" {
				headers["X-API-Key"] = row.key
			}
			path := row.path
			if strings.Contains(path, ";") {
				headers = map[string]string{} // its preflight would be refused too, and no page need send one
			}
			response, err := ours.fetch(f.Client(), row.method, f.URL+path, headers)
			if err != nil || response.StatusCode != row.status {
				t.Errorf("%s: got %v, %v", row.name, response, err)
				continue
			}
			for _, name := range row.readable {
				if response.Header.Get(name) == "" {
					t.Errorf("%s: the page can't read %s; it can read %v", row.name, name, response.Header)
				}
			}
			if response.Header.Get("X-Leak") != "" {
				t.Errorf("%s: the page reads %v", row.name, response.Header)
			}
			for _, got := range u.received() {
				if got.Method == "OPTIONS" {
					t.Errorf("%s: the preflight reached the upstream", row.name)
				}
			}
			if _, err := (page{origin: "https://evil.example"}).fetch(f.Client(), row.method, f.URL+path, headers); !errors.Is(err, errNetwork) {
				t.Errorf("%s: another page got %v", row.name, err)
			}
		}
	}
}

func TestPagesReadThatTheUpstreamIsAway(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{}, allowOurs)
	u.Close()
	response, err := ours.fetch(f.Client(), "GET", f.URL+"/x", map[string]string{"X-API-Key": canary})
	if err != nil || response.StatusCode != 502 || response.Header.Get("RateLimit") == "" {
		t.Errorf("got %v, %v", response, err)
	}
}

func TestAPreflightIsAnsweredWithoutTheUpstreamAndACharge(t *testing.T) {
	u := newUpstream(t, ignoresMethods)
	f := newFixture(t, u.URL, route.Config{RefuseUnmatched: true, Routes: []route.Route{{Path: "/v1/items", Methods: []string{"GET"}, Scope: "items"}}}, allowOurs)
	for _, row := range []struct {
		path, method, origin string
		status               int
		allowed              string
	}{
		{"/v1/items", "GET", ours.origin, 204, "GET, HEAD"},
		{"/v1/items", "POST", ours.origin, 404, ""},
		{"/other", "GET", ours.origin, 404, ""},
		{"/v1%2fitems", "GET", ours.origin, 400, ""},
		{"/v1/items", "GET", "https://evil.example", 403, ""},
		{"/v1/items", "GET", "null", 403, ""},
		{"/v1/items", "GET", "https://APP.example.com", 403, ""},
	} {
		response := f.do(t, "OPTIONS", row.path, nil, "Origin: "+row.origin, "Access-Control-Request-Method: "+row.method, "Access-Control-Request-Headers: x-api-key")
		if response.StatusCode != row.status || response.Header.Get("Access-Control-Allow-Methods") != row.allowed || (row.allowed != "") != (response.Header.Get("Access-Control-Max-Age") != "") {
			t.Errorf("%+v: got %d %v", row, response.StatusCode, response.Header)
		}
		if vary := response.Header.Get("Vary"); !strings.Contains(vary, "Origin") {
			t.Errorf("%+v: answers vary by %q", row, vary)
		}
	}
	if len(u.received()) != 0 || len(f.charger.charged()) != 0 {
		t.Errorf("%d requests reached the upstream, %d were charged", len(u.received()), len(f.charger.charged()))
	}
	if log := f.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "add its origin to cors_origins") {
		t.Errorf("logged %s", log)
	}
}

func TestCookiesGoWithNamedOriginsAlone(t *testing.T) {
	withCookies := page{origin: ours.origin, cookies: true}
	for _, credentials := range []bool{false, true} {
		u := newUpstream(t, ignoresMethods)
		f := newFixture(t, u.URL, route.Config{}, func(c *proxy.Config) {
			c.CORS = cors.Policy{Origins: []string{ours.origin}, Credentials: credentials}
		})
		_, err := withCookies.fetch(f.Client(), "GET", f.URL+"/", map[string]string{"X-API-Key": canary})
		if (err == nil) != credentials {
			t.Errorf("with credentials %t: got %v", credentials, err)
		}
	}
	all := newFixture(t, newUpstream(t, ignoresMethods).URL, route.Config{}, func(c *proxy.Config) { c.CORS = cors.Policy{Origins: []string{cors.All}} })
	if _, err := withCookies.fetch(all.Client(), "GET", all.URL+"/", map[string]string{"X-API-Key": canary}); !errors.Is(err, errNetwork) {
		t.Errorf("with cookies, where all origins may: got %v", err)
	}
	for _, origin := range []string{"https://any.example", "null"} {
		if _, err := (page{origin: origin}).fetch(all.Client(), "PATCH", all.URL+"/", map[string]string{"Authorization": "Bearer " + canary}); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

func TestPagesReadTheFieldsOfTheStyleThatIsOn(t *testing.T) {
	for style, want := range map[rationhttp.Style]string{rationhttp.StyleLegacy: "X-RateLimit-Remaining", rationhttp.StyleBoth: "X-RateLimit-Remaining", rationhttp.StyleDraft10: "RateLimit"} {
		f := newFixture(t, newUpstream(t, nil).URL, route.Config{}, allowOurs, func(c *proxy.Config) { c.Gate.Responder.Style = style })
		response, err := ours.fetch(f.Client(), "GET", f.URL+"/", map[string]string{"X-API-Key": canary})
		if err != nil || response.Header.Get(want) == "" {
			t.Errorf("%s: got %v, %v", style, response, err)
		}
	}
}

func upstreamAnswers(c *proxy.Config) { c.Preflights = inbound.PreflightsUpstream }

func TestTheUpstreamAnswersPreflightsWhereItIsAskedTo(t *testing.T) {
	u := newUpstream(t, ignoresMethods)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{
		{Path: "/v1/admin/*", Scope: "admin"}, {Path: "/v1/ask", Methods: []string{"POST"}, KeyQuery: "token"}, {Path: "/free/*", Free: true},
	}}, upstreamAnswers)
	passed := 0
	for _, row := range []struct {
		path, method string
		status       int
	}{
		{"/v1/ask", "POST", 200},
		{"/v1/ask?token=" + canary, "POST", 200},
		{"/free/x", "GET", 200},
		{"/v1/ask", "GET", 401},
		{"/v1/admin/x", "GET", 401},
		{"/V1/ADMIN/x", "GET", 401},
		{"/other", "GET", 401},
	} {
		response := f.do(t, "OPTIONS", row.path, nil, "Origin: "+ours.origin, "Access-Control-Request-Method: "+row.method)
		body := bodyOf(t, response)
		if response.StatusCode != row.status || strings.Contains(body, "all keys") {
			t.Errorf("%s: got %d %q", row.path, response.StatusCode, body)
		}
		if row.status != 200 {
			continue
		}
		passed++
		for _, name := range []string{"X-Leak", "Set-Cookie", "Link"} {
			if response.Header[name] != nil {
				t.Errorf("%s: got %s: %s", row.path, name, response.Header[name])
			}
		}
		if body != "" || response.Header.Get("Access-Control-Allow-Origin") != "*" || response.Header.Get("X-Request-Id") == "" || response.ContentLength != 0 {
			t.Errorf("%s: got %q %v", row.path, body, response.Header)
		}
	}
	if len(u.received()) != passed {
		t.Errorf("%d requests reached the upstream, want %d", len(u.received()), passed)
	}
	for _, got := range u.received() {
		if strings.Contains(got.RequestURI, "token") || got.Header.Get("X-Auth-Subject") != "" {
			t.Errorf("upstream got %s %v", got.RequestURI, got.Header)
		}
	}
	for _, charge := range f.charger.charged() {
		if !charge.Secret.IsZero() {
			t.Errorf("charged %+v", charge)
		}
	}
}

func TestPreflightsOfOneAddressReachTheUpstreamSoManyTimesASecond(t *testing.T) {
	u := newUpstream(t, ignoresMethods)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/*"}}}, upstreamAnswers, trustLoopback, func(c *proxy.Config) { c.PreflightRate = 3 })
	for i := range 100 {
		response := f.do(t, "OPTIONS", "/x", nil, append(preflightLines, "X-Forwarded-For: 192.0.2.1")...)
		if limited := response.StatusCode == 429; i < 3 && limited || limited && response.Header.Get("Retry-After") != "1" {
			t.Errorf("%d: got %d %v", i, response.StatusCode, response.Header)
		}
	}
	if got := len(u.received()); got < 3 || got > 50 { // a slow machine takes seconds for all of them
		t.Errorf("%d of 100 reached the upstream, with 3 a second", got)
	}
	before := len(u.received())
	f.do(t, "OPTIONS", "/x", nil, append(preflightLines, "X-Forwarded-For: 192.0.2.2")...)
	if len(u.received()) != before+1 {
		t.Error("another address has no share of its own")
	}
}

// TestAnEndlessAnswerToAPreflightIsCutOff is for an upstream that takes it for a
// request and streams.
func TestAnEndlessAnswerToAPreflightIsCutOff(t *testing.T) {
	ended := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for r.Context().Err() == nil {
			fmt.Fprintln(w, "all keys")
			_ = http.NewResponseController(w).Flush()
		}
	})
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/*"}}}, upstreamAnswers)
	if response := f.do(t, "OPTIONS", "/x", nil, preflightLines...); response.StatusCode != 200 || bodyOf(t, response) != "" {
		t.Errorf("got %d", response.StatusCode)
	}
	<-ended
}

func TestSettingsOfPagesThatContradictEachOtherAreRefused(t *testing.T) {
	table, err := route.Compile(route.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*proxy.Config){
		"preflights":  func(c *proxy.Config) { allowOurs(c); upstreamAnswers(c) },
		"credentials": func(c *proxy.Config) { c.CORS = cors.Policy{Origins: []string{cors.All}, Credentials: true} },
		"origin":      func(c *proxy.Config) { c.CORS = cors.Policy{Origins: []string{"https://*.example"}} },
	} {
		config := proxy.Config{Upstream: parse(t, "http://h"), Routes: table}
		change(&config)
		_, err := proxy.New(config)
		if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, err := proxy.New(proxy.Config{Upstream: parse(t, "http://h"), Routes: table, Preflights: "charge"}); err == nil {
		t.Error("another word for preflights is taken")
	}
}
