package gateways

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of the tool that keeps the file busy

	"github.com/ration-dev/ration/test/harness"
)

// starters start the gateways that there are, before a Ration and an API, which they
// know by their addresses.
var starters = []func(t *testing.T, ration, api string) gateway{startNginx, startHAProxy, startTraefik, startEnvoy, startEnvoyGateway}

const routes = `
trusted_proxies: [127.0.0.1]
preflights: upstream
routes:
  - {path: /health, free: true}
  - {path: /events}
  - {path: /v1/*}
  - {path: /admin/*, scope: admin}
  - {path: /big, amounts: {tokens: 100}}
  - {path: /jobs, amounts: {tokens: 5}, reserve: {}, settle: {tokens: {header: X-Tokens}}}
`

// world is one Ration on a database, an API, and what tests know of both.
type world struct {
	t   *testing.T
	db  string
	api *api
}

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

func TestGatewaysAsTheDocumentationHasThem(t *testing.T) {
	dir := t.TempDir()
	w := &world{t: t, db: "sqlite:" + filepath.Join(dir, "ration.db"), api: newAPI(t)}
	server := harness.NewInstance(t, w.db, w.api.URL, "--config", write(t, filepath.Join(dir, "ration.yaml"), routes))
	server.Start()
	server.AwaitReady()
	gateways := make([]gateway, len(starters))
	for i, start := range starters {
		gateways[i] = start(t, strings.TrimPrefix(server.APIURL, "http://"), w.api.Listener.Addr().String())
	}
	for _, g := range gateways {
		t.Run(g.name, func(t *testing.T) { w.try(t, g) })
	}
	w.tryWithoutDatabase(gateways, filepath.Join(dir, "ration.db"))
}

// try sends what clients send through a gateway.
func (w *world) try(t *testing.T, g gateway) {
	key := harness.CreateKey(t, w.db, "--owner", "ada", "--limit", "1000/day", "--limit", "10 tokens/day")
	t.Run("a request passes, with what remains", func(t *testing.T) {
		response, got := g.ask(t, "GET", "/v1/x?a=%20b", nil, "X-API-Key: "+key.Secret)
		if response.StatusCode != 200 || got.Method != "GET" || got.URI != "/v1/x?a=%20b" {
			t.Fatalf("%d, and the API saw %+v", response.StatusCode, got)
		}
		if limit := response.Header["Ratelimit"]; !g.silent && (len(limit) != 1 || !strings.Contains(limit[0], `"requests-day";r=999`)) {
			t.Errorf("RateLimit is %q", limit)
		}
		if policy := response.Header["Ratelimit-Policy"]; !g.silent && (len(policy) != 1 || !strings.Contains(policy[0], `"requests-day";q=1000`)) {
			t.Errorf("RateLimit-Policy is %q", policy)
		}
		wantHeader(t, got, map[string]string{"X-Auth-Subject": "ada", "X-Auth-Key-Id": key.ID, "X-Auth-Plan": "", "X-Auth-Reservation": ""})
		if strings.Contains(fmt.Sprint(got.Header), key.Secret) {
			t.Errorf("the API got the secret: %v", got.Header)
		}
	})
	t.Run("a bearer passes", func(t *testing.T) {
		response, got := g.ask(t, "GET", "/v1/x", nil, "Authorization: Bearer "+key.Secret)
		if response.StatusCode != 200 || strings.Contains(fmt.Sprint(got.Header), key.Secret) {
			t.Errorf("%d, and the API saw %v", response.StatusCode, got.Header)
		}
	})
	t.Run("a free route needs no key", func(t *testing.T) {
		response, got := g.ask(t, "GET", "/health", nil, "X-Auth-Subject: mallory", "X-Auth-Key-Id: key_1", "X-Auth-Plan: gold", "X-Auth-Reservation: res_1")
		if response.StatusCode != 200 {
			t.Errorf("status %d", response.StatusCode)
		}
		wantHeader(t, got, map[string]string{"X-Auth-Subject": "", "X-Auth-Key-Id": "", "X-Auth-Plan": "", "X-Auth-Reservation": ""})
	})
	for _, row := range []struct {
		name, path, code, challenge string
		status                      int
		headers                     []string
	}{
		{"without a key", "/v1/x", "key_missing", `Bearer realm="api"`, 401, nil},
		{"with an unknown key", "/v1/x", "key_unknown", `Bearer realm="api", error="invalid_token"`, 401, []string{"X-API-Key: rk_nobody"}},
		{"without the scope", "/admin/x", "insufficient_scope", `Bearer realm="api", error="insufficient_scope", scope="admin"`, 403, []string{"X-API-Key: " + key.Secret}},
		{"beyond what a limit could allow", "/big", "cost_exceeds_limit", "", 422, []string{"X-API-Key: " + key.Secret}},
		{"with a path of two meanings", "/admin%2fx", "ambiguous_path", "", 400, []string{"X-API-Key: " + key.Secret}},
		{"with the key in the URL", "/v1/x?api_key=" + key.Secret, "keys_in_url", `Bearer realm="api", error="invalid_request"`, 400, nil},
		{"with two keys", "/v1/x", "invalid_request", `Bearer realm="api", error="invalid_request"`, 400, []string{"X-API-Key: " + key.Secret, "Authorization: Bearer other"}},
		{"that claims to be another one", "/admin/x", "insufficient_scope", `Bearer realm="api", error="insufficient_scope", scope="admin"`, 403, []string{
			"X-API-Key: " + key.Secret, "X-Forwarded-Uri: /health", "X-Forwarded-Method: OPTIONS", "X-Forwarded-For: 1.2.3.4", "X-Request-Id: mine", "X-Ration-Token: x",
		}},
	} {
		t.Run("a request "+row.name, func(t *testing.T) {
			before := w.api.seen.Load()
			response, problem := g.refused(t, "GET", row.path, nil, row.headers...)
			if response.StatusCode != row.status || problem.Code != row.code || problem.Status != row.status {
				t.Errorf("%d %+v, want %d %s", response.StatusCode, problem, row.status, row.code)
			}
			if kind := response.Header.Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("Content-Type is %q", kind)
			}
			if got := response.Header.Values("WWW-Authenticate"); strings.Join(got, "|") != row.challenge {
				t.Errorf("WWW-Authenticate is %q, want %q", got, row.challenge)
			}
			if ids := response.Header.Values("X-Request-Id"); len(ids) != 1 || ids[0] != problem.RequestID || ids[0] == "" {
				t.Errorf("X-Request-Id is %q, and the body has %q", ids, problem.RequestID)
			}
			if w.api.seen.Load() != before {
				t.Error("the API saw it")
			}
		})
	}
	t.Run("a used up quota", func(t *testing.T) { w.tryQuota(t, g) })
	t.Run("spoofed headers change nothing", func(t *testing.T) {
		_, got := g.ask(t, "POST", "/v1/x", strings.NewReader("{}"), "X-API-Key: "+key.Secret, "X-Auth-Subject: mallory", "X-Auth-Key-Id: key_1", "X-Auth-Plan: gold",
			"X-Forwarded-For: 203.0.113.9", "X-Forwarded-Uri: /health", "X-Forwarded-Method: GET")
		wantHeader(t, got, map[string]string{"X-Auth-Subject": "ada", "X-Auth-Key-Id": key.ID, "X-Auth-Plan": ""})
		if strings.Contains(got.Header.Get("X-Forwarded-For"), "203.0.113.9") {
			t.Errorf("the API was told %q", got.Header["X-Forwarded-For"])
		}
	})
	t.Run("the client's hop ends at the gateway", func(t *testing.T) { tryHop(t, g, key.Secret) })
	t.Run("another spelling reaches no API", func(t *testing.T) {
		if g.name == "Envoy Gateway" {
			t.Skip("it refuses underscores by itself, which isn't played, and can't ask about the rest")
		}
		for _, name := range []string{"x_auth_subject", "X.Auth.Subject", "X-Auth_Key-Id"} {
			response := g.do(t, "GET", "/health", nil, name+": mallory") // the gateway drops it, or the request is refused
			body, err := io.ReadAll(response.Body)
			if err != nil || strings.Contains(string(body), "mallory") || response.StatusCode != 200 && response.StatusCode != 400 {
				t.Errorf("%s: %d %s %v", name, response.StatusCode, body, err)
			}
		}
	})
	t.Run("one request id for all calls saves nothing", func(t *testing.T) {
		before := harness.Used(t, w.db, key.ID)
		for range 3 {
			g.ask(t, "GET", "/v1/x", nil, "X-API-Key: "+key.Secret, "X-Request-Id: always-the-same")
		}
		if used := harness.Used(t, w.db, key.ID) - before; used != 3 {
			t.Errorf("3 calls were counted as %d", used)
		}
	})
	t.Run("a preflight passes", func(t *testing.T) {
		response, _ := g.send(t, "OPTIONS", "/v1/x", nil, "Origin: https://app.example.com", "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: x-api-key")
		if response.StatusCode != 204 || response.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %v", response.StatusCode, response.Header)
		}
	})
	t.Run("a reservation is named to the API", func(t *testing.T) {
		_, got := g.ask(t, "GET", "/jobs", nil, "X-API-Key: "+key.Secret)
		if id := got.Header["X-Auth-Reservation"]; len(id) != 1 || len(id[0]) != 36 {
			t.Errorf("X-Auth-Reservation is %q", id)
		}
	})
	t.Run("a large upload passes", func(t *testing.T) {
		const size = 20 << 20
		if response, got := g.ask(t, "POST", "/v1/x", io.LimitReader(zeros{}, size), "X-API-Key: "+key.Secret); response.StatusCode != 200 || got.Body != size || got.Method != "POST" {
			t.Errorf("%d; %d bytes of %s arrived", response.StatusCode, got.Body, got.Method)
		}
	})
	t.Run("a WebSocket passes", func(t *testing.T) { g.tryWebSocket(t, key.Secret) })
	t.Run("a stream of events passes", func(t *testing.T) {
		response := g.do(t, "GET", "/events", nil, "X-API-Key: "+key.Secret)
		line, err := bufio.NewReader(response.Body).ReadString('\n')
		if response.StatusCode != 200 || line != "data: first\n" {
			t.Errorf("%d %q %v", response.StatusCode, line, err)
		}
	})
}

// tryQuota uses up a quota.
func (w *world) tryQuota(t *testing.T, g gateway) {
	key := harness.CreateKey(t, w.db, "--limit", "1/day")
	g.ask(t, "GET", "/v1/x", nil, "X-API-Key: "+key.Secret)
	for _, method := range []string{"GET", "POST", "HEAD"} {
		response, problem := g.refused(t, method, "/v1/x", strings.NewReader("{}"), "X-API-Key: "+key.Secret) // a longer body may end in a reset: HAProxy closes without reading it
		if method == "HEAD" {
			problem.Code = "quota_exceeded" // it has no body
		}
		if response.StatusCode != 429 || problem.Code != "quota_exceeded" {
			t.Errorf("%s: %d %+v", method, response.StatusCode, problem)
		}
		for name, want := range map[string]string{"Ratelimit": `"requests-day";r=0;t=`, "Ratelimit-Policy": `"requests-day";q=1`, "Retry-After": "", "Cache-Control": "no-store"} {
			if got := response.Header[name]; len(got) != 1 || got[0] == "" || !strings.HasPrefix(got[0], want) {
				t.Errorf("%s: %s is %q", method, name, got)
			}
		}
	}
}

// tryWithoutDatabase asks while another program keeps the database to itself.
func (w *world) tryWithoutDatabase(gateways []gateway, path string) {
	t := w.t
	keys := make([]harness.Key, len(gateways))
	for i := range gateways {
		keys[i] = harness.CreateKey(t, w.db)
		gateways[i].ask(t, "GET", "/v1/x", nil, "X-API-Key: "+keys[i].Secret)
	}
	tool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	tool.SetMaxOpenConns(1)
	if _, err := tool.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	for i, g := range gateways {
		asking.Go(func() {
			response, problem := g.refused(t, "GET", "/v1/x", nil, "X-API-Key: "+keys[i].Secret)
			if response.StatusCode != 503 || problem.Status != 503 || problem.RequestID == "" {
				t.Errorf("%s without a database: %d %+v", g.name, response.StatusCode, problem)
			}
		})
	}
	asking.Wait()
}

// problem is the body of a refusal.
type problem struct {
	Status    int
	Code      string
	RequestID string `json:"request_id"`
}

// ask sends a request that passes, and returns what the API saw of it.
func (g gateway) ask(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, seen) {
	t.Helper()
	response, text := g.send(t, method, path, body, headers...)
	var got seen
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s %s: %d %v %s", method, path, response.StatusCode, response.Header, text)
	}
	return response, got
}

// refused sends a request that doesn't.
func (g gateway) refused(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, problem) {
	t.Helper()
	response, text := g.send(t, method, path, body, headers...)
	var got problem
	if err := json.Unmarshal(text, &got); err != nil && method != http.MethodHead {
		t.Errorf("%s %s: %d %v %s", method, path, response.StatusCode, response.Header, text)
	}
	return response, got
}

func (g gateway) send(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	t.Helper()
	response := g.do(t, method, path, body, headers...)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response, text
}

func (g gateway) do(t *testing.T, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, g.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatalf("%s: %s %s: %v", g.name, method, path, err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// tryWebSocket sends a line to the API and awaits its echo, and is refused without a key.
func (g gateway) tryWebSocket(t *testing.T, secret string) {
	if line, _, _ := g.upgrade(t, ""); !strings.HasPrefix(line, "HTTP/1.1 401") {
		t.Errorf("without a key: %q", line)
	}
	line, lines, connection := g.upgrade(t, "X-API-Key: "+secret+"\r\nConnection: X-Auth-Subject\r\n")
	if !strings.HasPrefix(line, "HTTP/1.1 101") {
		t.Fatalf("with a key: %q", line)
	}
	named := g.played
	for line != "\r\n" {
		var err error
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		named = named || strings.EqualFold(line, "X-Seen: ada\r\n")
	}
	if !named {
		t.Error("the API wasn't told whose WebSocket it is")
	}
	fmt.Fprint(connection, "hello\n")
	if line, err := lines.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("the echo is %q, %v", line, err)
	}
}

// upgrade asks for a WebSocket, and returns the first line of the answer and what follows.
func (g gateway) upgrade(t *testing.T, header string) (line string, rest *bufio.Reader, connection net.Conn) {
	t.Helper()
	connection, err := net.DialTimeout("tcp", strings.TrimPrefix(g.url, "http://"), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(connection, "GET /v1/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", header)
	rest = bufio.NewReader(connection)
	if line, err = rest.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return line, rest, connection
}

// wantHeader compares what the API got. Gateways may leave out what is empty.
func wantHeader(t *testing.T, got seen, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if values := got.Header[name]; len(values) > 1 || strings.Join(values, "") != value {
			t.Errorf("the API got %s %q, want %q", name, values, value)
		}
	}
}

// zeros is an endless body.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{'0'}, len(p))), nil }
