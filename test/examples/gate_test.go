package examples_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/api"
)

// gate stands between an app and Ration, at an address that it keeps: it notes
// what is asked and answered, refuses connections while it is closed, and answers
// in Ration's place if it is told to.
type gate struct {
	t       *testing.T
	addr    string
	behind  string // the URL of Ration's API
	server  *httptest.Server
	mu      sync.Mutex
	calls   int
	asked   api.VerifyRequest
	said    api.VerifyResponse
	sent    string // the last body that came through
	instead http.HandlerFunc

	connections atomic.Int64 // that have begun
}

func newGate(t *testing.T, behind string) *gate {
	t.Helper()
	g := &gate{t: t, addr: "127.0.0.1:0", behind: behind}
	g.open()
	t.Cleanup(g.close)
	return g
}

// open listens.
func (g *gate) open() {
	g.t.Helper()
	listener, err := new(net.ListenConfig).Listen(g.t.Context(), "tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.addr = listener.Addr().String()
	g.server = httptest.NewUnstartedServer(g)
	_ = g.server.Listener.Close()
	g.server.Listener = listener
	g.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			g.connections.Add(1)
		}
	}
	g.server.Start()
}

// close breaks all connections and refuses new ones.
func (g *gate) close() {
	g.server.CloseClientConnections()
	g.server.Close()
}

// answerWith makes the gate answer in Ration's place; nil ends it.
func (g *gate) answerWith(instead http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.instead, g.calls = instead, 0
}

// seen returns how many calls came since answerWith, and the last of those that
// Ration answered.
func (g *gate) seen() (calls int, asked api.VerifyRequest, said api.VerifyResponse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls, g.asked, g.said
}

// text returns the last body that came through.
func (g *gate) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent
}

// beneath is a path under which a gate has Ration's paths, too, as a proxy may.
const beneath = "/internal/ration"

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, beneath), strings.TrimPrefix(r.URL.RawPath, beneath)
	g.mu.Lock()
	g.calls++
	instead := g.instead
	g.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	g.pass(w, r)
}

// pass asks Ration and gives its answer back.
func (g *gate) pass(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Errorf("reading what the app asks: %v", err)
	}
	g.mu.Lock()
	g.sent = string(question)
	g.mu.Unlock()
	request, err := http.NewRequestWithContext(r.Context(), r.Method, g.behind+r.URL.String(), bytes.NewReader(question))
	if err != nil {
		g.t.Error(err)
		return
	}
	request.Header = r.Header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Errorf("asking Ration: %v", err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Errorf("reading Ration's answer: %v", err)
	}
	if r.URL.Path == "/v1/verify" {
		g.note(question, text)
	}
	maps.Copy(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(text)
}

func (g *gate) note(question, text []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked, g.said = api.VerifyRequest{}, api.VerifyResponse{}
	if err := json.Unmarshal(question, &g.asked); err != nil {
		g.t.Errorf("the app asked %s: %v", question, err)
	}
	if err := json.Unmarshal(text, &g.said); err != nil {
		g.t.Errorf("Ration said %s: %v", text, err)
	}
}
