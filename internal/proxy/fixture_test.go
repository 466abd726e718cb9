package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log" //nolint:depguard // what http.Server logs to
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// canary is the secret of every test: it may be nowhere behind the proxy.
const canary = "rk_canaryCanaryCanary0123456789"

// fakeCharger admits canary and nothing else.
type fakeCharger struct {
	mu       sync.Mutex
	decision ration.Decision
	err      error
	charges  []ration.Charge
}

func (f *fakeCharger) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.charges = append(f.charges, charge)
	if charge.Secret.Reveal() != canary {
		return ration.Decision{Code: ration.CodeKeyUnknown}, nil
	}
	return f.decision, f.err
}

// Refund implements rationhttp.Refunder. Tests of refunds have a real store.
func (f *fakeCharger) Refund(context.Context, ration.Receipt) error { return nil }

func (f *fakeCharger) charged() []ration.Charge {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]ration.Charge(nil), f.charges...)
}

// upstream remembers what reached it.
type upstream struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
	answer   http.HandlerFunc
}

type received struct {
	*http.Request
	body string
}

func newUpstream(t *testing.T, answer http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{answer: answer}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.note(r)
		if u.answer != nil {
			u.answer(w, r)
		}
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) note(r *http.Request) {
	var body []byte
	if u.answer == nil {
		body, _ = io.ReadAll(r.Body)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests = append(u.requests, received{r, string(body)})
}

func (u *upstream) received() []received {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]received(nil), u.requests...)
}

// only returns the one request that reached the upstream.
func (u *upstream) only(t *testing.T) received {
	t.Helper()
	all := u.received()
	if len(all) != 1 {
		t.Fatalf("%d requests reached the upstream, want 1", len(all))
	}
	return all[0]
}

// fixture is a proxy on a socket, before an upstream.
type fixture struct {
	*httptest.Server
	proxy   *proxy.Proxy
	charger *fakeCharger
	log     *logBuffer
}

// newFixture starts a proxy; change may alter its configuration.
func newFixture(t *testing.T, target string, routes route.Config, change ...func(*proxy.Config)) *fixture {
	t.Helper()
	table, err := route.Compile(routes)
	if err != nil {
		t.Fatal(err)
	}
	parsed := parse(t, target)
	f := &fixture{log: new(logBuffer), charger: &fakeCharger{decision: ration.Decision{
		Code: ration.CodeOK, KeyID: ration.KeyID{1}, KeyName: "Ada's", Owner: "ada", Plan: "free", DecidedAt: noon,
		Limits: []ration.LimitStatus{{
			Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Quantity: 100, Period: ration.PeriodDay},
			Used:  5, Remaining: 95, ResetsAt: noon.Add(12 * time.Hour), AvailableAt: noon.Add(12 * time.Hour),
		}},
	}}}
	config := proxy.Config{
		Upstream: parsed, Routes: table, Gate: rationhttp.Gate{Charger: f.charger},
		Headers: map[string]string{"X-Upstream-Password": "hunter2"}, Log: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, alter := range change {
		alter(&config)
	}
	p, err := proxy.New(config)
	if err != nil {
		t.Fatal(err)
	}
	f.proxy = p
	f.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		f.Close()
		p.Close()
		if strings.Contains(f.log.String(), canary) || strings.Contains(f.log.String(), "hunter2") {
			t.Errorf("a secret is in the log:\n%s", f.log)
		}
	})
	return f
}

func parse(t *testing.T, target string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func trustLoopback(config *proxy.Config) {
	config.Gate.TrustedProxies = rationhttp.TrustedProxies{netip.MustParsePrefix("127.0.0.0/8")}
}

// get sends a request with the canary in X-API-Key.
func (f *fixture) get(t *testing.T, path string, headers ...string) *http.Response {
	t.Helper()
	return f.do(t, "GET", path, nil, append([]string{"X-API-Key: " + canary}, headers...)...)
}

func (f *fixture) do(t *testing.T, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value) // spelt as the test does
	}
	response, err := f.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// raw writes bytes to the proxy and returns the answer to the first request.
func (f *fixture) raw(t *testing.T, text string) *http.Response {
	t.Helper()
	connection := f.dial(t)
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return response
}

func (f *fixture) dial(t *testing.T) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return connection
}

func bodyOf(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// logBuffer is a buffer that handlers may write to at once.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// complaintsOf returns what a fixture's server will have to complain of: panics.
func complaintsOf(f *fixture) *logBuffer {
	complaints := new(logBuffer)
	f.Config.ErrorLog = log.New(complaints, "", 0)
	return complaints
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
