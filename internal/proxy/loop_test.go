package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/route"
)

// free routes are those on which a loop has no end by itself.
var free = route.Config{Routes: []route.Route{{Path: "/*", Free: true}}}

// TestALoopIsCut lets one proxy, and several behind a balancer, be their own upstream.
func TestALoopIsCut(t *testing.T) {
	for _, instances := range []int{1, 2, 20} {
		var turn atomic.Int64
		var proxies []*fixture
		balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next := proxies[int(turn.Add(1))%len(proxies)]
			next.Config.Handler.ServeHTTP(w, r)
		}))
		for range instances {
			proxies = append(proxies, newFixture(t, balancer.URL, free))
		}
		response := proxies[0].do(t, "GET", "/x", nil)
		if response.StatusCode != http.StatusLoopDetected || turn.Load() > 8 {
			t.Errorf("%d instances: got %d after %d turns", instances, response.StatusCode, turn.Load())
		}
		balancer.Close()
	}
}

func TestProxiesMayStandInARow(t *testing.T) {
	u := newUpstream(t, nil)
	inner := newFixture(t, u.URL, free)
	outer := newFixture(t, inner.URL, free)
	response := outer.do(t, "GET", "/x", nil, "Via: 1.1 cdn")
	via := u.only(t).Header["Via"]
	if response.StatusCode != 200 || len(via) != 3 || via[0] != "1.1 cdn" || via[1] == via[2] {
		t.Errorf("got %d; the upstream got Via %q", response.StatusCode, via)
	}
	if got := response.Header["Via"]; len(got) != 2 || got[0] != "1.1 ration" {
		t.Errorf("got Via %q", got)
	}
	// Whoever sends what we have sent is refused, and nobody else.
	if again := outer.do(t, "GET", "/x", nil, "Via: "+via[1]); again.StatusCode != http.StatusLoopDetected {
		t.Errorf("got %d", again.StatusCode)
	}
}
