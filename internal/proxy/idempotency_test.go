package proxy_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// once is a table whose routes know idempotency keys.
var once = route.Config{Refunds: rationhttp.DefaultRefunds(), Routes: []route.Route{
	{Path: "/on", Idempotency: route.IdempotencyOn},
	{Path: "/required", Idempotency: route.IdempotencyRequired},
	{Path: "/required/kept", Idempotency: route.IdempotencyRequired, Refunds: &rationhttp.Refunds{}},
	{Path: "/query", Idempotency: route.IdempotencyOn, KeyQuery: "api_key"},
	{Path: "/nothing", Idempotency: route.IdempotencyOn, Amounts: map[string]ration.Amount{"requests": {Units: 0}}},
}}

// TestOneIdempotencyKeyBuysOneCall plays a client that sends one key with all of
// its calls, at once and later, in every form of it.
func TestOneIdempotencyKeyBuysOneCall(t *testing.T) {
	var reached atomic.Int64
	u := newUpstream(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	c := newCounted(t, u.URL, once, []string{"1000/day"})
	statuses := make(chan int, 100)
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			r, _ := http.NewRequestWithContext(context.Background(), "POST", c.URL+"/on", strings.NewReader("body"))
			r.Header.Set("X-API-Key", c.key.Secret.Reveal())
			r.Header.Set("Idempotency-Key", []string{"8e03978e", `"8e03978e"`, `"8e03978e";v=1`, " 8e03978e "}[i%4])
			response, err := c.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			statuses <- response.StatusCode
		})
	}
	group.Wait()
	close(statuses)
	counts := map[int]int{}
	for status := range statuses {
		counts[status]++
	}
	if reached.Load() != 1 || counts[200] != 1 || counts[409] != 99 {
		t.Errorf("%d calls reached the upstream; statuses %v", reached.Load(), counts)
	}
	for range 3 {
		c.store.Advance(7 * time.Hour)
		response := c.ask(t, "POST", "/on", "Idempotency-Key: 8e03978e")
		body := bodyOf(t, response)
		if response.StatusCode != 409 || response.Header.Get("Idempotent-Replayed") != "true" || !strings.Contains(body, `"code":"idempotency_replayed"`) {
			t.Errorf("got %d %v %s", response.StatusCode, response.Header, body)
		}
		if response.Header.Get("RateLimit") != "" {
			t.Errorf("it tells of limits of then: %s", response.Header.Get("RateLimit"))
		}
	}
	c.expect(t, "requests", 1, 0)
	if reached.Load() != 1 {
		t.Errorf("%d calls reached the upstream", reached.Load())
	}
	c.store.Advance(3 * time.Hour) // 24 h after the first
	if response := c.ask(t, "POST", "/on", "Idempotency-Key: 8e03978e"); response.StatusCode != 200 || reached.Load() != 2 {
		t.Errorf("a key that is forgotten: got %d after %d calls", response.StatusCode, reached.Load())
	}
}

func TestIdempotencyKeysByRoute(t *testing.T) {
	u := newUpstream(t, func(http.ResponseWriter, *http.Request) {})
	c := newCounted(t, u.URL, once, []string{"1000/day"})
	other := c.store.Key(rationtest.Key{})
	first := "Idempotency-Key: first"
	for _, row := range []struct {
		name    string
		method  string
		path    string
		headers []string
		status  int
		code    string
	}{
		{"the first", "POST", "/on?a=1", []string{c.header(), first}, 200, ""},
		{"the same", "POST", "/on?a=1", []string{c.header(), first}, 409, "idempotency_replayed"},
		{"another method", "PUT", "/on?a=1", []string{c.header(), first}, 422, "idempotency_mismatch"},
		{"another query", "POST", "/on?a=2", []string{c.header(), first}, 422, "idempotency_mismatch"},
		{"another spelling", "POST", "/On?a=1", []string{c.header(), first}, 422, "idempotency_mismatch"},
		{"another route", "POST", "/required", []string{c.header(), first}, 422, "idempotency_mismatch"},
		{"somebody else's", "POST", "/on?a=1", []string{"X-API-Key: " + other.Secret.Reveal(), first}, 200, ""},
		{"nobody's", "POST", "/on?a=1", []string{first}, 401, "key_missing"},
		{"nobody's with two secrets", "POST", "/on?a=1", []string{c.header(), "Authorization: Bearer x", first}, 400, "invalid_request"},
		{"no key where it may be missing", "POST", "/on", []string{c.header()}, 200, ""},
		{"no key where it may not", "POST", "/required", []string{c.header()}, 400, "idempotency_key_missing"},
		{"a key where it may not be missing", "POST", "/required", []string{c.header(), "Idempotency-Key: second"}, 200, ""},
		{"a lost quote", "POST", "/on", []string{c.header(), `Idempotency-Key: "x`}, 400, "invalid_idempotency_key"},
		{"two keys", "POST", "/on", []string{c.header(), "Idempotency-Key: x", "Idempotency-Key: y"}, 400, "invalid_idempotency_key"},
		{"a key that is nothing to the route", "POST", "/other", []string{c.header(), first}, 200, ""},
		{"again", "POST", "/other", []string{c.header(), first}, 200, ""},
		{"what costs nothing", "POST", "/nothing", []string{c.header(), "Idempotency-Key: third"}, 200, ""},
		{"what costs nothing, again", "POST", "/nothing", []string{c.header(), "Idempotency-Key: third"}, 409, "idempotency_replayed"},
		{"a secret in the query", "POST", "/query?a=1&api_key=" + c.key.Secret.Reveal(), []string{"Idempotency-Key: fourth"}, 200, ""},
		{"the secret elsewhere", "POST", "/query?a=1", []string{c.header(), "Idempotency-Key: fourth"}, 409, "idempotency_replayed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := len(u.received())
			response := c.do(t, row.method, row.path, nil, row.headers...)
			body := bodyOf(t, response)
			if response.StatusCode != row.status || row.code != "" && !strings.Contains(body, `"code":"`+row.code+`"`) {
				t.Errorf("got %d %s, want %d %s", response.StatusCode, body, row.status, row.code)
			}
			reached := u.received()[before:]
			if len(reached) > 1 || (len(reached) == 1) != (row.status == 200) {
				t.Fatalf("%d calls reached the upstream", len(reached))
			}
			for _, line := range row.headers {
				if name, value, _ := strings.Cut(line, ": "); len(reached) == 1 && name == "Idempotency-Key" && reached[0].Header.Get(name) != value {
					t.Errorf("the upstream got the key as %q", reached[0].Header.Get(name))
				}
			}
		})
	}
}

func TestARefundFreesTheIdempotencyKey(t *testing.T) {
	status := 503
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	c := newCounted(t, u.URL, once, []string{"1000/day"})
	ask := func(path string, want, reached int) {
		t.Helper()
		if got := c.ask(t, "POST", path, "Idempotency-Key: "+path); got.StatusCode != want || len(u.received()) != reached {
			t.Errorf("%s: got %d after %d calls, want %d after %d", path, got.StatusCode, len(u.received()), want, reached)
		}
	}
	ask("/required", 503, 1)
	ask("/required", 503, 2)
	ask("/required/kept", 503, 3)
	ask("/required/kept", 409, 3)
	status = 500
	ask("/required", 500, 4)
	ask("/required", 409, 4)
	c.expect(t, "requests", 2, 2)
	status = 503
	for range 8 {
		c.ask(t, "POST", "/on") // in all 10 are given back
	}
	status = 200
	ask("/on", 200, 13)
	c.expect(t, "requests", 3, 10)
}

func TestAnIdempotencyKeyOutlivesAStoreThatIsOutOfReach(t *testing.T) {
	u := newUpstream(t, func(http.ResponseWriter, *http.Request) {})
	var events []rationhttp.Event
	c := newCounted(t, u.URL, once, []string{"1000/day"}, func(config *proxy.Config) {
		config.Gate.Observe = func(_ context.Context, event rationhttp.Event) { events = append(events, event) }
	})
	for _, row := range []struct {
		broken bool
		status int
		code   ration.Code
	}{{true, 503, "store_unavailable"}, {false, 200, "ok"}, {true, 503, "store_unavailable"}, {false, 409, "idempotency_replayed"}} {
		if row.broken {
			c.store.BreakStore()
		}
		response := c.ask(t, "POST", "/on", "Idempotency-Key: 1")
		c.store.MendStore()
		if told := events[len(events)-1]; response.StatusCode != row.status || told.Code != row.code {
			t.Errorf("got %d and observed %s, want %d and %s", response.StatusCode, told.Code, row.status, row.code)
		}
	}
	c.expect(t, "requests", 1, 0)
}
