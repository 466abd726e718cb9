package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// unreachable is an address at which nobody listens.
func unreachable(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	return "http://" + listener.Addr().String()
}

// answers is an upstream that does one thing.
func answers(answer http.HandlerFunc) func(*testing.T) string {
	return func(t *testing.T) string { return newUpstream(t, answer).URL }
}

func withStatus(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// resets closes the connection so that the other side gets an RST.
func resets(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
}

// breaksOff sends half of what it announces.
func breaksOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "10")
	_, _ = io.WriteString(w, "half")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func hintsAnd(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			w.WriteHeader(http.StatusEarlyHints)
		}
		w.WriteHeader(status)
	}
}

func TestGivesBackByOutcome(t *testing.T) {
	none := func(t *testing.T) string { return unreachable(t) }
	only := func(outcomes ...string) route.Config {
		refunds, err := rationhttp.ParseRefunds(outcomes)
		if err != nil {
			t.Fatal(err)
		}
		return route.Config{Refunds: refunds}
	}
	for _, row := range []struct {
		name     string
		routes   route.Config
		upstream func(*testing.T) string
		status   int // 0: the answer may break off before its head
		back     int64
	}{
		{"unreachable", byDefault, none, 502, 1},
		{"reset before the head", byDefault, answers(resets), 502, 1},
		{"silence", byDefault, deaf, 504, 1},
		{"502", byDefault, answers(withStatus(502)), 502, 1},
		{"503", byDefault, answers(withStatus(503)), 503, 1},
		{"504", byDefault, answers(withStatus(504)), 504, 1},
		{"hints, and then 503", byDefault, answers(hintsAnd(503)), 503, 1},
		{"hints, and then 200", byDefault, answers(hintsAnd(200)), 200, 0},
		{"200", byDefault, answers(withStatus(200)), 200, 0},
		{"400", byDefault, answers(withStatus(400)), 400, 0},
		{"422", byDefault, answers(withStatus(422)), 422, 0},
		{"429", byDefault, answers(withStatus(429)), 429, 0},
		{"500", byDefault, answers(withStatus(500)), 500, 0},
		{"cut half-way", byDefault, answers(breaksOff), 0, 0},
		{"an upgrade that nobody asked for", byDefault, answers(echoUpgrade), 502, 0},

		{"never: unreachable", route.Config{}, none, 502, 0},
		{"never: 503", route.Config{}, answers(withStatus(503)), 503, 0},
		{"only unreachable: unreachable", only("unreachable"), none, 502, 1},
		{"only unreachable: reset", only("unreachable"), answers(resets), 502, 0},
		{"only unreachable: 502", only("unreachable"), answers(withStatus(502)), 502, 0},
		{"only 502: unreachable", only("502"), none, 502, 1},
		{"only timeout: silence", only("timeout"), deaf, 504, 1},
		{"only timeout: 504", only("timeout"), answers(withStatus(504)), 504, 0},
		{"only 500: 500", only("500"), answers(withStatus(500)), 500, 1},
		{"only 500: 503", only("500"), answers(withStatus(503)), 503, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // each has a database of its own, which is waited for
			c := newCounted(t, row.upstream(t), row.routes, []string{"100/day", "1000/month"}, func(config *proxy.Config) { config.Timeout = 100 * time.Millisecond })
			r, _ := http.NewRequestWithContext(t.Context(), "POST", c.URL+"/", strings.NewReader("x"))
			r.Header.Set("X-API-Key", c.key.Secret.Reveal())
			response, err := c.Client().Do(r)
			if err != nil && row.status != 0 {
				t.Fatal(err)
			}
			if err == nil {
				defer response.Body.Close()
				left := fmt.Sprintf(`"requests-day";r=%d;`, 99+row.back)
				if told := response.Header.Get("RateLimit"); row.status != 0 && response.StatusCode != row.status || !strings.HasPrefix(told, left) {
					t.Errorf("got %d, RateLimit %s; want %d, %s", response.StatusCode, told, row.status, left)
				}
				_, _ = io.Copy(io.Discard, response.Body)
			}
			c.expect(t, "requests", 1-row.back, row.back)
		})
	}
}

func TestARouteSaysWhatIsGivenBack(t *testing.T) {
	u := newUpstream(t, withStatus(503))
	routes := byDefault
	routes.Routes = []route.Route{
		{Path: "/never", Refunds: &rationhttp.Refunds{}},
		{Path: "/other", Refunds: &rationhttp.Refunds{Statuses: []int{500}}},
		{Path: "/tokens", Amounts: map[string]ration.Amount{"tokens": {Units: 40}}},
		{Path: "/free", Free: true},
	}
	c := newCounted(t, u.URL, routes, []string{"100/day", "1000 tokens/day"})
	for _, path := range []string{"/never", "/Never/", "/other", "/tokens", "/free", "/unmatched"} {
		if got := c.ask(t, "GET", path); got.StatusCode != 503 {
			t.Errorf("%s: got %d", path, got.StatusCode)
		}
	}
	c.expect(t, "requests", 3, 2)
	c.expect(t, "tokens", 0, 40)
}

// TestFailingOnPurposeBuysATenth plays a client that makes every call end in 503.
func TestFailingOnPurposeBuysATenth(t *testing.T) {
	for limit, free := range map[int]int{20: 10, 100: 10, 300: 30} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel() // each has a database of its own, which is waited for
			u := newUpstream(t, withStatus(503))
			c := newCounted(t, u.URL, byDefault, []string{fmt.Sprintf("%d/day", limit)})
			statuses := make(chan int, 2*limit)
			var group sync.WaitGroup
			for range 10 {
				group.Go(func() {
					for range limit / 5 {
						r, _ := http.NewRequestWithContext(context.Background(), "GET", c.URL, nil)
						r.Header.Set("X-API-Key", c.key.Secret.Reveal())
						response, err := c.Client().Do(r)
						if err != nil {
							t.Error(err)
							return
						}
						_ = response.Body.Close()
						statuses <- response.StatusCode
					}
				})
			}
			group.Wait()
			close(statuses)
			counts := map[int]int{}
			for status := range statuses {
				counts[status]++
			}
			if got := len(u.received()); got != limit+free || counts[503] != got || counts[429] != 2*limit-got {
				t.Errorf("%d calls reached the upstream, want %d; statuses %v", got, limit+free, counts)
			}
			c.expect(t, "requests", int64(limit), int64(free))
			if !strings.Contains(c.log.String(), "the charge stays") {
				t.Error("nobody can find out why")
			}
		})
	}
}

// TestFailingOnPurposeBuysATenthOfWhatItCosts has every call of a costly route end in
// 503, also where the cost is reserved first and released if nobody settles it.
func TestFailingOnPurposeBuysATenthOfWhatItCosts(t *testing.T) {
	costly := route.Route{Path: "/*", Amounts: map[string]ration.Amount{"requests": {Units: 100}, "tokens": {Units: 1000}}}
	reserved := costly
	reserved.Reserve = &route.Reserve{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease, Reports: map[string]route.Report{"tokens": {Header: "X-Tokens"}}}
	for name, routes := range map[string]route.Route{"charged": costly, "reserved": reserved} {
		for _, limit := range []string{"1000/hour", "1000/day", "1000/week", "1000/month", "1000/lifetime", "10000 tokens/month"} {
			t.Run(name+" "+limit, func(t *testing.T) {
				t.Parallel() // each has a database of its own, which is waited for
				u := newUpstream(t, withStatus(503))
				c := newCounted(t, u.URL, route.Config{Refunds: rationhttp.DefaultRefunds(), Routes: []route.Route{routes}}, []string{limit})
				for range 20 {
					c.ask(t, "GET", "/")
				}
				if got := len(u.received()); got != 11 {
					t.Errorf("%d calls reached the upstream, want 10 and a tenth", got)
				}
				c.expect(t, "requests", 1000, map[bool]int64{false: 100}[routes.Reserve != nil])
			})
		}
	}
}

func TestWhatTheClientBreaksOffStays(t *testing.T) {
	reached, gone := make(chan struct{}), make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			_, _ = io.Copy(io.Discard, r.Body)
			return
		}
		close(reached)
		<-r.Context().Done()
		close(gone)
		w.WriteHeader(503)
	})
	routes := route.Config{Refunds: rationhttp.Refunds{Unreachable: true, Timeout: true, Statuses: []int{400, 499, 502, 503, 504}}}
	c := newCounted(t, u.URL, routes, []string{"100/day"})
	broken := c.raw(t, "POST /broken HTTP/1.1\r\nHost: h\r\n"+c.header()+"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\nnonsense\r\n")
	if broken.StatusCode != 400 {
		t.Errorf("got %d", broken.StatusCode)
	}
	c.expect(t, "requests", 1, 0)
	connection := c.dial(t)
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n", c.header())
	<-reached
	_ = connection.Close()
	<-gone
	c.Close() // waits for the request to end
	c.expect(t, "requests", 2, 0)
}

func TestNothingIsGivenBackOfWhatFailedOpen(t *testing.T) {
	u := newUpstream(t, withStatus(503))
	routes := byDefault
	routes.Routes = []route.Route{{Path: "/", FailOpen: true}}
	c := newCounted(t, u.URL, routes, nil)
	c.store.BreakStore()
	response := c.ask(t, "GET", "/")
	c.store.MendStore()
	if response.StatusCode != 503 || len(u.received()) != 1 {
		t.Errorf("got %d, after %d calls of the upstream", response.StatusCode, len(u.received()))
	}
	c.expect(t, "requests", 0, 0)
}

// TestARefundThatFailsStopsNoAnswer breaks the store while the upstream is at work.
func TestARefundThatFailsStopsNoAnswer(t *testing.T) {
	var c *counted
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		c.store.BreakStore()
		w.WriteHeader(503)
	})
	var events []rationhttp.Event
	c = newCounted(t, u.URL, byDefault, []string{"100/day"}, func(config *proxy.Config) {
		config.Gate.Observe = func(_ context.Context, event rationhttp.Event) { events = append(events, event) }
	})
	response := c.ask(t, "GET", "/")
	c.store.MendStore()
	if told := response.Header.Get("RateLimit"); response.StatusCode != 503 || !strings.Contains(told, "r=99;") {
		t.Errorf("got %d, RateLimit %s", response.StatusCode, told)
	}
	c.expect(t, "requests", 1, 0)
	if len(events) != 2 || events[1].FollowUp != rationhttp.FollowUpRefund || events[1].Refunded || !errors.Is(events[1].Err, ration.ErrStoreUnavailable) {
		t.Errorf("observed %+v", events)
	}
}

func TestAProxyRefusesAChargerThatCannotGiveBack(t *testing.T) {
	table, err := route.Compile(byDefault)
	if err != nil {
		t.Fatal(err)
	}
	_, err = proxy.New(proxy.Config{Upstream: parse(t, "http://127.0.0.1:1"), Routes: table, Gate: rationhttp.Gate{Charger: struct{ rationhttp.Charger }{}}})
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "refunds" {
		t.Errorf("got %v", err)
	}
}
