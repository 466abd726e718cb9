package wire_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/internal/server"
	"github.com/ration-dev/ration/internal/testcert"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

// way is a way in.
type way struct {
	name    string
	address string
	path    string // of the message
	fields  string // what the way asks for; each line ended, KEY.. is the secret
	after   string // path of the request that follows
	own     bool   // the server isn't ours
	secure  bool   // it speaks TLS
}

// tally is what was counted and what was seen, by conversation.
type tally struct {
	mu      sync.Mutex
	charged map[string]int
	seen    map[string][]string // methods and paths
	faults  strings.Builder     // what the servers had to complain of

	files certfile.Files // of ways with TLS
}

// refusals are why secrets of a conversation are refused that begin so.
var refusals = map[string]ration.Code{"spent_": ration.CodeQuotaExceeded, "narrow_": ration.CodeInsufficientScope}

// Charge implements rationhttp.Charger: it admits whoever has a secret of a conversation,
// unless the secret says otherwise.
func (c *tally) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for prefix, code := range refusals {
		if strings.HasPrefix(charge.Secret.Reveal(), prefix) {
			return ration.Decision{Code: code, KeyID: ration.KeyID{1}, RetryAfter: time.Minute}, nil
		}
	}
	name, known := strings.CutPrefix(charge.Secret.Reveal(), "rk_")
	if !known {
		return ration.Decision{Code: ration.CodeKeyUnknown}, nil
	}
	c.charged[name]++
	return ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{1}, Owner: "ada"}, nil
}

// see notes a request that reached the upstream.
func (c *tally) see(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[r.Host] = append(c.seen[r.Host], r.Method+" "+r.URL.Path)
}

// of returns what was counted and seen of a conversation.
func (c *tally) of(name string) (charged int, seen []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.charged[name], append([]string(nil), c.seen[name]...)
}

// Write takes the lines of servers' logs.
func (c *tally) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.Contains(string(line), "panic") {
		c.faults.Write(line)
	}
	return len(line), nil
}

// Check implements verify.TokenChecker.
func (*tally) Check(context.Context, ration.Secret, string) (admin.Token, error) {
	return admin.Token{}, nil
}

// newWays starts every way in, with upstreams that read a request before they
// answer, that answer at once, and that are down.
func newWays(t testing.TB) ([]way, *tally) {
	t.Helper()
	c := &tally{charged: map[string]int{}, seen: map[string][]string{}}
	c.files.Cert, c.files.Key = testcert.New(t, "wire", time.Now().Add(time.Hour)).Write(t, t.TempDir())
	reads := serve(t, c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.see(r)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "read")
	}))
	early := serve(t, c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.see(r)
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "early")
		_ = http.NewResponseController(w).Flush()
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	const token, key = "Content-Type: application/json\r\nAuthorization: Bearer token\r\n", "X-API-Key: rk_HOST..\r\n"
	var ways []way
	for name, upstream := range map[string]string{"reads": reads, "early": early, "down": closedPort(t)} {
		through, secure, api := start(t, c, upstream)
		ways = append(ways,
			way{name: name + "/keyed", address: through, path: "/keyed", fields: key, after: "/free/after"},
			way{name: name + "/free", address: through, path: "/free/x", after: "/free/after"},
			way{name: name + "/TLS", address: secure, path: "/keyed", fields: key, after: "/free/after", secure: true})
		if name != "reads" {
			continue
		}
		ways = append(ways,
			way{name: "refused/no key", address: through, path: "/keyed", after: "/free/after"},
			way{name: "refused/unknown key", address: through, path: "/keyed", fields: "X-API-Key: nobody\r\n", after: "/free/after"},
			way{name: "refused/over quota", address: through, path: "/keyed", fields: "X-API-Key: spent_HOST..\r\n", after: "/free/after"},
			way{name: "refused/without the scope", address: through, path: "/keyed", fields: "X-API-Key: narrow_HOST..\r\n", after: "/free/after"},
			way{name: "refused/two keys", address: through, path: "/keyed", fields: key + "Authorization: Bearer other\r\n", after: "/free/after"},
			way{name: "refused/path", address: through, path: "/a%2fb", fields: key, after: "/free/after"},
			way{name: "refused/no route", address: through, path: "/nowhere", fields: key, after: "/free/after"},
			way{name: "refused/method", address: through, path: "/keyed", fields: key + "X-HTTP-Method-Override: GET\r\n", after: "/free/after"},
			way{name: "verify", address: api, path: "/v1/verify", fields: token, after: "/healthz"},
			way{name: "verify/no token", address: api, path: "/v1/verify", after: "/healthz"},
			way{name: "verify/no such path", address: api, path: "/nowhere", after: "/healthz"})
	}
	behind := serve(t, c, rationhttp.Middleware(c)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.see(r)
		_, _ = io.Copy(io.Discard, r.Body)
	})))
	return append(ways, way{name: "middleware", address: behind, path: "/keyed", fields: key, after: "/", own: true}), c
}

// start starts Ration before an upstream and returns the addresses of the proxy, with
// and without TLS, and of the API.
func start(t testing.TB, c *tally, upstream string) (through, secure, api string) {
	t.Helper()
	table, err := route.Compile(route.Config{RefuseUnmatched: true, Routes: []route.Route{{Path: "/keyed"}, {Path: "/free/*", Free: true}}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(c, nil))
	p, err := proxy.New(proxy.Config{
		Upstream: &url.URL{Scheme: "http", Host: upstream}, Routes: table, Gate: rationhttp.Gate{Charger: c}, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(verify.Path, verify.NewHandler(verify.Config{Charger: c, Callers: bearer.New(c)}))
	certificate, err := certfile.Open(c.files)
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Config{Log: log, Listeners: []server.Listener{
		{Name: "verify API", Address: "127.0.0.1:0", Handler: mux, Health: true},
		{Name: "proxy", Address: "127.0.0.1:0", Handler: p},
		{Name: "proxy with TLS", Address: "127.0.0.1:0", Handler: p, Certificate: certificate},
	}})
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.Close()
	})
	return s.Addr("proxy").String(), s.Addr("proxy with TLS").String(), s.Addr("verify API").String()
}

// serve starts a server of its own and returns its address.
func serve(t testing.TB, c *tally, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(c, nil), slog.LevelWarn)}
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Close() })
	return listener.Addr().String()
}

// closedPort returns an address where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
