package forwardauth_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/forwardauth"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// canary is the secret of every test: no answer and no log may have it.
const canary = "rk_canaryCanaryCanary0123456789"

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// fakeCharger admits canary, and remembers what it was asked.
type fakeCharger struct {
	decision ration.Decision
	err      error
	charges  []ration.Charge
}

func (f *fakeCharger) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	f.charges = append(f.charges, charge)
	if charge.Secret.Reveal() != canary {
		return ration.Decision{Code: ration.CodeKeyUnknown}, nil
	}
	return f.decision, f.err
}

// Refund and Settle let the proxy take this charger, to be compared with.
func (f *fakeCharger) Refund(context.Context, ration.Receipt) error { return nil }

// Settle implements rationhttp.Settler.
func (f *fakeCharger) Settle(context.Context, ration.KeyID, ration.ReservationID, ration.Settlement) (ration.Reservation, error) {
	return ration.Reservation{}, nil
}

// tokens knows the token "good".
type tokens struct{}

func (tokens) Check(_ context.Context, token ration.Secret, scope string) (admin.Token, error) {
	if token.Reveal() != "good" || scope != admin.ScopeVerify {
		return admin.Token{}, admin.ErrTokenInvalid
	}
	return admin.Token{Name: "gateway"}, nil
}

// fixture is a handler with a charger and a log.
type fixture struct {
	*forwardauth.Handler
	charger *fakeCharger
	log     strings.Builder
	events  []rationhttp.Event
}

func newFixture(t *testing.T, change ...func(*forwardauth.Config)) *fixture {
	t.Helper()
	f := &fixture{charger: &fakeCharger{decision: ration.Decision{
		Code: ration.CodeOK, KeyID: ration.KeyID{1}, KeyName: "Ada's", Owner: "ada", Plan: "free", DecidedAt: noon,
		Limits: []ration.LimitStatus{{
			Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Quantity: 100, Period: ration.PeriodDay},
			Used:  5, Remaining: 95, ResetsAt: noon.Add(12 * time.Hour), AvailableAt: noon.Add(12 * time.Hour),
		}},
	}}}
	table, err := route.Compile(route.Config{Routes: []route.Route{
		{Path: "/health", Free: true},
		{Path: "/admin/*", Scope: "admin"},
		{Path: "/search", Amounts: map[string]ration.Amount{"tokens": {Units: 7}}, KeyQuery: "key", Methods: []string{"GET"}},
		{Path: "/v1/*"},
		{Path: "/once", Idempotency: route.IdempotencyOn},
		{Path: "/open", FailOpen: true},
		{Path: "/jobs", Reserve: &route.Reserve{Reports: map[string]route.Report{"requests": {Header: "X-Used"}}}},
	}, Refunds: rationhttp.Refunds{Unreachable: true}})
	if err != nil {
		t.Fatal(err)
	}
	config := forwardauth.Config{
		Inbound: inbound.Config{Routes: table, Preflights: inbound.PreflightsUpstream, Gate: rationhttp.Gate{
			Charger: f.charger, TrustedProxies: rationhttp.TrustedProxies{netip.MustParsePrefix("127.0.0.1/32")},
			Observe: func(_ context.Context, event rationhttp.Event) { f.events = append(f.events, event) },
		}},
		Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
	for _, alter := range change {
		alter(&config)
	}
	f.Handler = forwardauth.New(config)
	t.Cleanup(func() {
		if strings.Contains(f.log.String(), canary) {
			t.Errorf("a secret is in the log: %s", &f.log)
		}
	})
	return f
}

// ask sends a question as a gateway on this machine does.
func (f *fixture) ask(method, target string, headers ...string) *httptest.ResponseRecorder {
	return f.askFrom("127.0.0.1:4711", method, target, headers...)
}

func (f *fixture) askFrom(peer, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = peer
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// about are the headers of a question about a request with the canary.
func about(method, uri string, more ...string) []string {
	return append([]string{"X-Forwarded-Method: " + method, "X-Forwarded-Uri: " + uri, "X-API-Key: " + canary}, more...)
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) api.Problem {
	t.Helper()
	var problem api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%d %q: %v", w.Code, w.Body, err)
	}
	return problem
}

func TestAnAdmittedRequestHasWhatTheGatewayPassesOn(t *testing.T) {
	f := newFixture(t)
	w := f.ask("GET", forwardauth.Path, about("POST", "/v1/x?a=b", "X-Request-Id: r-1", "X-Forwarded-For: 203.0.113.9")...)
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"X-Auth-Subject": "ada", "X-Auth-Key-Id": ration.KeyID{1}.String(), "X-Auth-Plan": "free", "X-Auth-Reservation": "", "X-Request-Id": "r-1",
		"RateLimit": `"requests-day";r=95;t=43200`, "RateLimit-Policy": `"requests-day";q=100;w=86400`, "Cache-Control": "no-store",
	} {
		if got := w.Header()[http.CanonicalHeaderKey(name)]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	charge := f.charger.charges[0]
	if charge.Via != "forward-auth" || charge.Request.Method != "POST" || charge.Request.Route != "/v1/*" || charge.Request.ID != "r-1" || charge.IP.String() != "203.0.113.9" {
		t.Errorf("charged %+v of %+v", charge, charge.Request)
	}
	if charge.Refundable || charge.InFlight || charge.Idempotency != nil {
		t.Errorf("charged %+v: nobody will say how the request ended", charge)
	}
}

func TestWhoMayAsk(t *testing.T) {
	withToken := func(c *forwardauth.Config) { c.Callers = bearer.New(tokens{}) }
	for _, row := range []struct {
		name, peer string
		change     []func(*forwardauth.Config)
		headers    []string
		status     int
	}{
		{"a trusted proxy", "127.0.0.1:1", nil, nil, 200},
		{"somebody else", "203.0.113.9:1", nil, nil, 403},
		{"somebody who claims to be one", "203.0.113.9:1", nil, []string{"X-Forwarded-For: 127.0.0.1"}, 403},
		{"a unix socket", "@", nil, nil, 403},
		{"a trusted proxy without the token", "127.0.0.1:1", []func(*forwardauth.Config){withToken}, nil, 403},
		{"with a wrong token", "127.0.0.1:1", []func(*forwardauth.Config){withToken}, []string{"X-Ration-Token: bad"}, 403},
		{"with two tokens", "127.0.0.1:1", []func(*forwardauth.Config){withToken}, []string{"X-Ration-Token: good", "X-Ration-Token: good"}, 403},
		{"with an empty token", "127.0.0.1:1", []func(*forwardauth.Config){withToken}, []string{"X-Ration-Token: "}, 403},
		{"with the token as a bearer", "127.0.0.1:1", []func(*forwardauth.Config){withToken}, []string{"Authorization: Bearer good"}, 403},
		{"with the token", "127.0.0.1:1", []func(*forwardauth.Config){withToken}, []string{"X-Ration-Token: good"}, 200},
		{"somebody else with the token", "203.0.113.9:1", []func(*forwardauth.Config){withToken}, []string{"X-Ration-Token: good"}, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, target := range []string{forwardauth.Path, forwardauth.Prefix + "/v1/x"} {
				f := newFixture(t, row.change...)
				w := f.askFrom(row.peer, "GET", target, append(about("GET", "/v1/x"), row.headers...)...)
				if w.Code != row.status {
					t.Errorf("%s: got %d %s", target, w.Code, w.Body)
				}
				if w.Code == 403 && (problemOf(t, w).Code != "gateway_refused" || len(f.charger.charges) > 0 || w.Header().Get("WWW-Authenticate") != "") {
					t.Errorf("%s: got %s %v after %d charges", target, w.Body, w.Header(), len(f.charger.charges))
				}
				if w.Code == 403 && !strings.Contains(f.log.String(), "cure=") {
					t.Errorf("the log has no cure: %s", &f.log)
				}
			}
		})
	}
}

func TestWhichRequestItIs(t *testing.T) {
	key := "X-API-Key: " + canary
	for _, row := range []struct {
		name    string
		headers []string
		status  int
		code    string
		route   string
	}{
		{"Caddy and Traefik", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /search?q=1"}, 200, "", "/search"},
		{"nginx by the old names", []string{"X-Original-Method: GET", "X-Original-URI: /search"}, 200, "", "/search"},
		{"ingress-nginx", []string{"X-Original-Method: GET", "X-Original-URL: https://a.example:8443/search?q=/v1/x"}, 200, "", "/search"},
		{"a host and no path", []string{"X-Original-Method: GET", "X-Original-URL: https://a.example"}, 200, "", "unmatched"},
		{"all names agree", []string{"X-Forwarded-Method: GET", "X-Original-Method: GET", "X-Forwarded-Uri: /search", "X-Original-URI: /search", "X-Original-URL: http://h/search"}, 200, "", "/search"},
		{"twice the same", []string{"X-Forwarded-Method: GET", "X-Forwarded-Method: GET", "X-Forwarded-Uri: /search"}, 200, "", "/search"},
		{"nothing", nil, 400, "original_request_missing", ""},
		{"no method", []string{"X-Forwarded-Uri: /search"}, 400, "original_request_missing", ""},
		{"no URI", []string{"X-Forwarded-Method: GET"}, 400, "original_request_missing", ""},
		{"empty", []string{"X-Forwarded-Method: ", "X-Forwarded-Uri: "}, 400, "original_request_missing", ""},
		{"a path that the API may believe", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /health", "X-Rewrite-URL: /search"}, 400, "invalid_original_request", ""},
		{"another spelling", []string{"X_Forwarded_Method: GET", "X_Forwarded_Uri: /health"}, 400, "original_request_missing", ""},
		{"two methods", []string{"X-Forwarded-Method: POST", "X-Original-Method: GET", "X-Forwarded-Uri: /search"}, 400, "invalid_original_request", ""},
		{"a free path besides", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /search", "X-Original-URI: /health"}, 400, "invalid_original_request", ""},
		{"a free URL besides", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /search", "X-Original-URL: http://h/health"}, 400, "invalid_original_request", ""},
		{"a free path first", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /health", "X-Forwarded-Uri: /search"}, 400, "invalid_original_request", ""},
		{"an empty one besides", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /search", "X-Original-Uri: "}, 400, "invalid_original_request", ""},
		{"a list", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /health, /search"}, 400, "invalid_original_request", ""},
		{"no token as method", []string{"X-Forwarded-Method: GE T", "X-Forwarded-Uri: /search"}, 400, "invalid_original_request", ""},
		{"no path", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: search"}, 400, "invalid_original_request", ""},
		{"a whole URL", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: http://h/search"}, 400, "ambiguous_path", ""},
		{"what is read as a host", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: //health/x"}, 400, "ambiguous_path", ""},
		{"a broken encoding", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /%zz"}, 400, "invalid_original_request", ""},
		{"a dot segment", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /health/../search"}, 400, "ambiguous_path", ""},
		{"a fragment", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /health#/../search"}, 400, "ambiguous_path", ""},
		{"an encoded slash", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /admin%2fx"}, 400, "ambiguous_path", ""},
		{"another method in the query", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /search?_method=DELETE"}, 400, "ambiguous_method", ""},
		{"another method in a header", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /search", "X-HTTP-Method-Override: DELETE"}, 400, "ambiguous_method", ""},
		{"CONNECT", []string{"X-Forwarded-Method: CONNECT", "X-Forwarded-Uri: /search"}, 501, "method_not_supported", ""},
		{"a secret in the path", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /v1/" + canary}, 400, "keys_in_url", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			w := f.ask("GET", forwardauth.Path, append([]string{key}, row.headers...)...)
			if w.Code != row.status {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if row.status == 200 {
				if got := f.charger.charges[0].Request.Route; got != row.route {
					t.Errorf("charged for %s", got)
				}
				return
			}
			if problem := problemOf(t, w); problem.Code != row.code || problem.RequestID == "" || len(f.charger.charges) > 0 {
				t.Errorf("got %s after %d charges", w.Body, len(f.charger.charges))
			}
		})
	}
}

func TestAnotherSpellingOfWhatOnlyGatewaysSetIsRefused(t *testing.T) {
	for line, status := range map[string]int{
		"x_auth_subject: root": 400, "X.Auth.Subject: root": 400, "X-Auth_Key-Id: k": 400, "X--Auth-Plan: p": 400, "X_Auth_Reservation: r": 400, "X_Request_Id: r": 400,
		"X_Original_Url: /search": 400, "X_Rewrite_Url: /search": 400, "X-Original.Uri: /search": 400, "Content_Length: 5": 400, "Transfer_Encoding: chunked": 400, "X_Forwarded_For: 1.2.3.4": 400,
		"X_Custom: a": 200, "X-Auth-Subject: root": 200, "x-request-id: r-1": 200, "Content-Type: text/plain": 200,
	} {
		for _, target := range []string{forwardauth.Path, forwardauth.Prefix + "/health"} {
			w := newFixture(t).ask("GET", target, append([]string{line}, about("GET", "/health")...)...)
			if w.Code != status || status == 400 && problemOf(t, w).Code != "ambiguous_header" {
				t.Errorf("%s with %s: got %d %s", target, line, w.Code, w.Body)
			}
		}
	}
}

func TestEnvoySendsTheRequestItself(t *testing.T) {
	for _, row := range []struct {
		name, method, target string
		status               int
		code, route          string
	}{
		{"a path and a query", "GET", "/search?q=1", 200, "", "/search"},
		{"another method", "POST", "/v1/x", 200, "", "/v1/*"},
		{"the root", "GET", "/", 200, "", "unmatched"},
		{"options of forward-auth are its client's here", "GET", "/search?deny_status=403&once=request_id", 200, "", "/search"},
		{"two slashes", "GET", "//health", 400, "ambiguous_path", ""},
		{"a dot segment", "GET", "/v1/../health", 400, "ambiguous_path", ""},
		{"an encoded slash", "GET", "/admin%2Fx", 400, "ambiguous_path", ""},
		{"its own path once more", "GET", forwardauth.Prefix + "/health", 200, "", "/v1/*"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			w := f.ask(row.method, forwardauth.Prefix+row.target, "X-API-Key: "+canary, "X-Forwarded-Method: GET", "X-Forwarded-Uri: /health")
			if w.Code != row.status {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if row.status != 200 {
				if got := problemOf(t, w).Code; got != row.code {
					t.Errorf("got %s", got)
				}
				return
			}
			charge := f.charger.charges[0]
			if charge.Via != "ext-authz" || charge.Request.Route != row.route || charge.Request.Method != row.method || charge.Idempotency != nil {
				t.Errorf("charged %+v for %+v", charge, charge.Request)
			}
			if got := w.Header().Get("X-Envoy-Auth-Headers-To-Remove"); got != "x-api-key,"+pathHeaders {
				t.Errorf("to remove: %q", got)
			}
		})
	}
}

// pathHeaders could make an API serve another path than the one that was charged.
const pathHeaders = "x-original-uri,x-original-url,x-rewrite-url"

func TestEnvoyRemovesTheHeadersWithAKey(t *testing.T) {
	for _, row := range []struct{ name, path, header, want string }{
		{"a bearer", "/v1/x", "Authorization: Bearer " + canary, "x-api-key,authorization"},
		{"the application's own, on a free route", "/health", "Authorization: Bearer of-the-app", "x-api-key"},
		{"a key, on a free route", "/health", "Authorization: Bearer " + canary, "x-api-key,authorization"},
		{"the application's own scheme", "/health", "Authorization: Digest username=x", "x-api-key"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newFixture(t).ask("GET", forwardauth.Prefix+row.path, row.header)
			if got := w.Header().Get("X-Envoy-Auth-Headers-To-Remove"); w.Code != 200 || got != row.want+","+pathHeaders {
				t.Errorf("%d, to remove: %q", w.Code, got)
			}
		})
	}
}

func TestFreeRoutesAndPreflightsNeedNoKeyAndNameNobody(t *testing.T) {
	f := newFixture(t)
	for name, headers := range map[string][]string{
		"free":      about("GET", "/health"),
		"preflight": {"X-Forwarded-Method: OPTIONS", "X-Forwarded-Uri: /v1/x", "Origin: https://app.example.com", "Access-Control-Request-Method: GET"},
	} {
		f.events = nil
		w := f.ask("GET", forwardauth.Path, headers...)
		if w.Code != 200 || len(f.charger.charges) > 0 {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
		for _, field := range []string{"X-Auth-Subject", "X-Auth-Key-Id", "X-Auth-Plan", "X-Auth-Reservation"} {
			if got := w.Header()[field]; len(got) != 1 || got[0] != "" {
				t.Errorf("%s: %s is %q", name, field, got)
			}
		}
		if len(f.events) != 1 || string(f.events[0].Code) != name || f.events[0].Via != "forward-auth" {
			t.Errorf("%s: told %+v", name, f.events)
		}
	}
}

func TestPagesMayReadRefusals(t *testing.T) {
	f := newFixture(t, func(c *forwardauth.Config) { c.CORS = cors.Policy{Origins: []string{"https://app.example.com"}} })
	w := f.ask("GET", forwardauth.Path, "X-Forwarded-Method: GET", "X-Forwarded-Uri: /v1/x", "Origin: https://app.example.com")
	if w.Code != 401 || w.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "RateLimit") {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	w = f.ask("GET", forwardauth.Path, "X-Forwarded-Method: OPTIONS", "X-Forwarded-Uri: /admin/x", "Origin: https://app.example.com", "Access-Control-Request-Method: GET")
	if w.Code != 401 {
		t.Errorf("a preflight for a scoped route got %d", w.Code)
	}
}

func TestRefusalsForNginx(t *testing.T) {
	f := newFixture(t)
	f.charger.decision = ration.Decision{Code: ration.CodeQuotaExceeded, KeyID: ration.KeyID{1}, RetryAfter: 90 * time.Second, DecidedAt: noon}
	for _, row := range []struct {
		query        string
		headers      []string
		status, told int
	}{
		{"", about("GET", "/v1/x"), 429, 0},
		{"/deny_status=403", about("GET", "/v1/x"), 403, 429},
		{"/deny_status=401", about("GET", "/v1/x"), 401, 429},
		{"/deny_status=403", []string{"X-Forwarded-Method: GET", "X-Forwarded-Uri: /v1/x"}, 401, 401},
		{"/deny_status=403", nil, 403, 400},
		{"/deny_status=403", about("GET", "/health"), 200, 0},
	} {
		w := f.ask("GET", forwardauth.Path+row.query, row.headers...)
		if w.Code != row.status {
			t.Errorf("%s %q: got %d", row.query, row.headers, w.Code)
		}
		told, body := w.Header().Get("X-Auth-Status"), w.Header().Get("X-Auth-Body")
		if row.told == 0 {
			if told+body != "" {
				t.Errorf("%s: told %s %s", row.query, told, body)
			}
			continue
		}
		if problem := problemOf(t, w); told != strconv.Itoa(row.told) || body != w.Body.String() || problem.Status != row.told {
			t.Errorf("%s: told %s %s, body %s", row.query, told, body, w.Body)
		}
	}
}

func TestOptionsThatDoNotExist(t *testing.T) {
	for _, option := range []string{"", "deny_status=429", "deny_status=", "once=1", "deny=403", "deny_status%3D403", "once=request_id/", "../forward-auth", "x"} {
		f := newFixture(t)
		w := f.ask("GET", forwardauth.Path+"/"+option, about("GET", "/health")...)
		if w.Code != 400 || problemOf(t, w).Code != "invalid_option" {
			t.Errorf("%s: got %d %s", option, w.Code, w.Body)
		}
	}
}

func TestTheQueryOfAQuestionIsItsClients(t *testing.T) {
	f := newFixture(t)
	for _, query := range []string{"once=request_id", "deny_status=401", "anything", "%zz"} {
		f.charger.charges = nil
		w := f.ask("GET", forwardauth.Path+"?"+query, about("GET", "/v1/x")...)
		if w.Code != 200 || f.charger.charges[0].Idempotency != nil {
			t.Errorf("%s: got %d %s for %+v", query, w.Code, w.Body, f.charger.charges)
		}
		if w := f.ask("GET", forwardauth.Path+"?"+query); w.Code != 400 || w.Header().Get("X-Auth-Status") != "" {
			t.Errorf("%s: got %d %v", query, w.Code, w.Header())
		}
	}
}

func TestOnceByTheRequestID(t *testing.T) {
	const once = forwardauth.Path + "/once=request_id"
	f := newFixture(t)
	w := f.ask("GET", once, about("GET", "/v1/x?a=b", "X-Request-Id: r-1")...)
	if got := f.charger.charges[0].Idempotency; w.Code != 200 || got == nil || got.Key != "forward-auth r-1" || got.About != "/v1/x?a=b" {
		t.Fatalf("got %d, remembered as %+v", w.Code, got)
	}
	f.charger.decision.Replayed = true
	if w := f.ask("GET", once, about("GET", "/v1/x?a=b", "X-Request-Id: r-1")...); w.Code != 200 || w.Header().Get("X-Auth-Subject") != "ada" {
		t.Errorf("nginx's second question got %d %s", w.Code, w.Body)
	}
	if w := f.ask("GET", forwardauth.Path, about("GET", "/once", "Idempotency-Key: k-1")...); w.Code != 409 {
		t.Errorf("a client's repetition got %d", w.Code)
	}
	f.ask("GET", once, about("GET", "/once", "Idempotency-Key: k-1", "X-Request-Id: r-2")...)
	if got := f.charger.charges[3].Idempotency; got.Key != "k-1" || got.About != "/once? r-2" {
		t.Errorf("remembered as %+v, of which nginx's second question by another method would differ", got)
	}
	f.ask("GET", once, about("GET", "/v1/x")...)
	f.ask("GET", once, about("GET", "/v1/x")...)
	if a, b := f.charger.charges[4].Idempotency.Key, f.charger.charges[5].Idempotency.Key; a == b {
		t.Errorf("two questions without an id are one: %s", a)
	}
}

func TestAReservationIsNamed(t *testing.T) {
	f := newFixture(t)
	id := ration.NewReservationID()
	f.charger.decision.Reservation = &ration.Reservation{ID: id}
	w := f.ask("GET", forwardauth.Path, about("GET", "/jobs")...)
	if w.Code != 200 || w.Header().Get("X-Auth-Reservation") != id.String() || f.charger.charges[0].Hold == nil {
		t.Errorf("got %d %v for %+v", w.Code, w.Header(), f.charger.charges[0])
	}
}

func TestWithoutADecision(t *testing.T) {
	f := newFixture(t)
	f.charger.err = ration.ErrStoreUnavailable
	if w := f.ask("GET", forwardauth.Path, about("GET", "/v1/x")...); w.Code != 503 || w.Header().Get("Retry-After") != "1" || problemOf(t, w).Code != "store_unavailable" {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
	w := f.ask("GET", forwardauth.Path, about("GET", "/open")...)
	if w.Code != 200 || w.Header().Get("X-Auth-Key-Id") != "" {
		t.Errorf("a route that fails open got %d %v", w.Code, w.Header())
	}
}

func TestServesOnlyItsOwnPaths(t *testing.T) {
	for target, want := range map[string]string{
		"/v1/forward-auth": forwardauth.Via, "/v1/forward-auth?once=request_id": forwardauth.Via, "/v1/forward-auth/once=request_id": forwardauth.Via, "/v1/forward-authx": "",
		"/v1/ext-authz": "", "/v1/ext-authzx": "", "/v1/ext-authz/": forwardauth.ViaExtAuthz, "/v1/ext-authz//x": forwardauth.ViaExtAuthz, "/v1/%65xt-authz/": "", "/V1/forward-auth": "", "/x?/v1/ext-authz/": "",
	} {
		r := httptest.NewRequest("GET", target, nil)
		if got := forwardauth.Serves(r); got != want {
			t.Errorf("%s is for %q", target, got)
		}
	}
}
