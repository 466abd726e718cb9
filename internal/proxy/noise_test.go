package proxy_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/route"
)

// TestUpstreamThatIsDownIsLoggedOnceAnInterval: a thousand refused connections are
// one cause, and one line of each route.
func TestUpstreamThatIsDownIsLoggedOnceAnInterval(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, target, route.Config{Routes: []route.Route{{Path: "/search", Name: "search"}, {Path: "/free/*", Free: true, Name: "free"}}})
	for range 50 {
		for _, path := range []string{"/search", "/free/x", "/nowhere"} {
			if got := f.get(t, path); got.StatusCode != http.StatusBadGateway {
				t.Fatalf("GET %s: status %d, want 502", path, got.StatusCode)
			}
		}
	}
	if lines := strings.Count(f.log.String(), "the upstream gave no answer"); lines != 3 {
		t.Errorf("%d lines for one cause on three routes:\n%s", lines, f.log)
	}
}

// TestALoopIsLoggedOnceAnInterval: it is a fault of the configuration that clients
// meet as often as they call.
func TestALoopIsLoggedOnceAnInterval(t *testing.T) {
	var f *fixture
	back := newUpstream(t, func(w http.ResponseWriter, r *http.Request) { f.Config.Handler.ServeHTTP(w, r) })
	f = newFixture(t, back.URL, route.Config{Routes: []route.Route{{Path: "/free/*", Free: true}}})
	for range 20 {
		if got := f.get(t, "/free/x"); got.StatusCode != http.StatusLoopDetected {
			t.Fatalf("status %d, want 508", got.StatusCode)
		}
	}
	if logged := f.log.String(); strings.Count(logged, "a loop was cut") != 1 || !strings.Contains(logged, "code=loop_detected upstream="+back.URL) {
		t.Errorf("want one line that names the upstream:\n%s", logged)
	}
}
