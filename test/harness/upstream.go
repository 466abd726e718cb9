package harness

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Upstream is an API that keeps its own log of what reached it, in the test's
// process, which nobody kills. It is the judge of promises: what it saw was let
// through.
type Upstream struct {
	URL string

	// Entered gets a token when a request for /slow has arrived; it is answered
	// after a token was taken from Release.
	Entered, Release chan struct{}

	mu   sync.Mutex
	seen map[string]int // X-Auth-Key-Id → requests
}

// NewUpstream starts an upstream that answers "ok" to everything, to /slow only
// when told to, and 503 to /fail and what is below it, after ?wait=1s if it says so.
func NewUpstream(t *testing.T) *Upstream {
	t.Helper()
	u := &Upstream{seen: map[string]int{}, Entered: make(chan struct{}), Release: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.seen[r.Header.Get("X-Auth-Key-Id")]++
		u.mu.Unlock()
		switch path := r.URL.Path; {
		case path == "/slow":
			u.Entered <- struct{}{}
			<-u.Release
		case path == "/fail", strings.HasPrefix(path, "/fail/"):
			wait, _ := time.ParseDuration(r.URL.Query().Get("wait"))
			time.Sleep(wait)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(server.Close)
	u.URL = server.URL
	return u
}

// Seen returns how many requests of a key reached the upstream.
func (u *Upstream) Seen(keyID string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen[keyID]
}
