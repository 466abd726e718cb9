package integrations_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/forwardauth"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

// question is what a client asks for.
type question struct {
	secret  string
	amounts map[string]ration.Amount
	scope   string
	ip      netip.Addr
}

// answer is what the client gets.
type answer struct {
	Status int
	Fields map[string]string // those that Ration sets, by canonical name
	Body   string            // of a denial
	spoken string            // everything that left us: answers, requests to upstreams, logs
}

// way asks a question through one integration.
type way struct {
	name string
	ask  func(t *testing.T, charger rationhttp.Charger, q question) answer
	// gateway says that the way is asked by a gateway, which adds to the application's
	// answer only what remains.
	gateway bool
}

var ways = []way{
	{name: "middleware", ask: askMiddleware},
	{name: "proxy", ask: askProxy},
	{name: "verify API", ask: askVerify},
	{name: "forward-auth", ask: askForwardAuth, gateway: true},
	{name: "ext-authz", ask: askExtAuthz, gateway: true},
	{name: "ext-authz over gRPC", ask: askCheck, gateway: true},
}

// told are the fields of answers that tell of a decision.
var told = []string{
	"Ratelimit", "Ratelimit-Policy", "Retry-After", "Www-Authenticate", "Cache-Control", "Vary", "Content-Type", "X-Request-Id",
}

// applicationType is the content type of the application's own answer, which
// is none of ours.
const applicationType = "application/x-application"

func askMiddleware(t *testing.T, charger rationhttp.Charger, q question) answer {
	application := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", applicationType) })
	trusted := rationhttp.TrustedProxies{netip.MustParsePrefix("127.0.0.1/32")}
	handler := rationhttp.Middleware(charger, rationhttp.WithTrustedProxies(trusted), rationhttp.WithQuestion(func(*http.Request) rationhttp.Question {
		return rationhttp.Question{Amounts: q.list(), Scope: q.scope}
	}))(application)
	return askHandler(t, handler, q)
}

func askProxy(t *testing.T, charger rationhttp.Charger, q question) answer {
	var seen bytes.Buffer
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.Write(&seen)
		w.Header().Set("Content-Type", applicationType)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	table, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/", Amounts: q.amounts, Scope: q.scope}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := proxy.New(proxy.Config{
		Upstream: target, Routes: table, Log: slog.New(slog.NewJSONHandler(&seen, nil)),
		Gate: rationhttp.Gate{Charger: charger, TrustedProxies: rationhttp.TrustedProxies{netip.MustParsePrefix("127.0.0.1/32")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := askHandler(t, p, q)
	got.spoken += seen.String()
	return got
}

func askForwardAuth(t *testing.T, charger rationhttp.Charger, q question) answer {
	return askGateway(t, charger, q, func(r *http.Request) {
		r.Header.Set("X-Forwarded-Method", r.Method)
		r.Header.Set("X-Forwarded-Uri", r.RequestURI)
		r.RequestURI = forwardauth.Path
	})
}

func askExtAuthz(t *testing.T, charger rationhttp.Charger, q question) answer {
	return askGateway(t, charger, q, func(r *http.Request) { r.RequestURI = forwardauth.Prefix + r.RequestURI })
}

// askGateway sends a client's request to a gateway that makes its question of it.
func askGateway(t *testing.T, charger rationhttp.Charger, q question, ask func(*http.Request)) answer {
	table, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/", Amounts: q.amounts, Scope: q.scope}}})
	if err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	handler := forwardauth.New(forwardauth.Config{
		Inbound: inbound.Config{Routes: table, Gate: rationhttp.Gate{Charger: charger, TrustedProxies: rationhttp.TrustedProxies{netip.MustParsePrefix("127.0.0.1/32")}}},
		Log:     slog.New(slog.NewJSONHandler(&seen, nil)),
	})
	got := askHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask(r)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if answer.Code == http.StatusOK {
			_ = answer.Header().Write(&seen)
			for _, name := range []string{"Ratelimit", "Ratelimit-Policy"} {
				w.Header()[name] = answer.Header()[name]
			}
			w.Header().Set("Content-Type", applicationType)
			return
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}), q)
	got.spoken += seen.String()
	return got
}

// askHandler sends a client's request over a socket.
func askHandler(t *testing.T, handler http.Handler, q question) answer {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if q.secret != "" {
		r.Header.Set("X-API-Key", q.secret)
	}
	if q.ip.IsValid() {
		r.Header.Set("X-Forwarded-For", q.ip.String())
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{Status: response.StatusCode, Fields: map[string]string{}, Body: string(body)}
	for _, name := range told {
		if values := response.Header[name]; len(values) > 1 {
			t.Errorf("%s comes %d times", name, len(values))
		} else if len(values) == 1 && values[0] != applicationType {
			got.Fields[name] = values[0]
		}
	}
	var spoken strings.Builder
	_ = response.Header.Write(&spoken)
	got.spoken = spoken.String() + got.Body
	return got
}

func askVerify(t *testing.T, charger rationhttp.Charger, q question) answer {
	t.Helper()
	asked := api.VerifyRequest{Secret: q.secret, Amounts: make(map[string]api.Number), Scope: q.scope}
	for meter, amount := range q.amounts {
		asked.Amounts[meter] = api.Number(amount.Text())
	}
	if q.ip.IsValid() {
		asked.IP = q.ip.String()
	}
	body, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(verify.NewHandler(verify.Config{Charger: charger, Callers: bearer.New(anyToken{})}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+verify.Path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer service-token")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{Status: response.StatusCode, Fields: map[string]string{}, spoken: string(text)}
	if response.StatusCode != http.StatusOK { // no decision: the caller's answer is what its client should get
		got.Body = string(text)
		for _, name := range told {
			if value := response.Header.Get(name); value != "" {
				got.Fields[name] = value
			}
		}
		return got
	}
	var verified api.VerifyResponse
	if err := json.Unmarshal(text, &verified); err != nil {
		t.Fatal(err)
	}
	if verified.Allowed != (verified.Response.Status == http.StatusOK) {
		t.Errorf("allowed is %t with status %d", verified.Allowed, verified.Response.Status)
	}
	got.Status, got.Body = verified.Response.Status, verified.Response.Body
	for name, value := range verified.Response.Headers {
		got.Fields[http.CanonicalHeaderKey(name)] = value
	}
	return got
}

func (q question) list() []ration.Amount {
	var amounts []ration.Amount
	for meter, amount := range q.amounts {
		amount.Meter = meter
		amounts = append(amounts, amount)
	}
	return amounts
}

// anyToken lets every service ask.
type anyToken struct{}

func (anyToken) Check(context.Context, ration.Secret, string) (admin.Token, error) {
	return admin.Token{}, nil
}
