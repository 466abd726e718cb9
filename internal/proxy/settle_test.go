package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// reserving is a table whose every request reserves 1000 tokens.
func reserving(change ...func(*route.Route)) route.Config {
	one := route.Route{Path: "/*", Amounts: map[string]ration.Amount{"tokens": {Units: 1000}}, Idempotency: route.IdempotencyOn, Reserve: &route.Reserve{
		TTL:     5 * time.Minute,
		Reports: map[string]route.Report{"tokens": {Header: "x-tokens-used", JSON: "/usage/total_tokens", SSE: "/usage/total_tokens"}},
	}}
	for _, alter := range change {
		alter(&one)
	}
	return route.Config{Refunds: rationhttp.DefaultRefunds(), Routes: []route.Route{one}}
}

// told is an upstream's answer, in pieces that it sends one by one.
type told struct {
	status   int // 0: 200
	header   string
	kind     string
	encoding string
	pieces   []string
	cut      bool // breaks off in the end
}

func (a told) answer(w http.ResponseWriter, _ *http.Request) {
	for value := range strings.SplitSeq(a.header, "|") {
		if a.header != "" {
			w.Header().Add("X-Tokens-Used", value)
		}
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	if a.encoding != "" {
		w.Header().Set("Content-Encoding", a.encoding)
	}
	w.WriteHeader(max(a.status, 200))
	for _, piece := range a.pieces {
		_, _ = io.WriteString(w, piece)
		_ = http.NewResponseController(w).Flush()
	}
	if a.cut {
		panic(http.ErrAbortHandler)
	}
}

const (
	jsonKind   = "application/json"
	eventsKind = "text/event-stream; charset=utf-8"
	jsonUsage  = `{"answer": "hi", "usage": {"prompt_tokens": 21, "total_tokens": 321}}`
)

var eventsUsage = "data: {\"delta\":\"a\"}\n\n: a comment\n\nevent: message\nid: 1\ndata: {\"usage\":{\"total_tokens\":321},\ndata:\"delta\":\"b\"}\n\n"

func bytewise(text string) []string { return strings.Split(text, "") }

var reports = []struct {
	name   string
	answer told
	used   int64
}{
	{"header", told{header: "120"}, 120},
	{"header of nothing", told{header: "0"}, 0},
	{"header of more than was reserved", told{header: "1001"}, 1000},
	{"header that is no number", told{header: "many"}, 1000},
	{"header that is negative", told{header: "-5"}, 1000},
	{"header of too large a number", told{header: "99999999999999999999"}, 1000},
	{"header of a float that is whole", told{header: "37.0"}, 37},
	{"header with a fraction", told{header: "0.002"}, 1},
	{"header with a negative fraction", told{header: "-0.5"}, 1000},
	{"header with an exponent", told{header: "3.7e1"}, 37},
	{"header that is not a number by name", told{header: "NaN"}, 1000},
	{"header that comes twice", told{header: "120|130"}, 1000},
	{"no report", told{}, 1000},

	{"JSON", told{kind: jsonKind, pieces: []string{jsonUsage}}, 321},
	{"JSON byte by byte", told{kind: jsonKind, pieces: bytewise(jsonUsage)}, 321},
	{"JSON beside a header", told{kind: jsonKind, header: "120", pieces: []string{jsonUsage}}, 120},
	{"JSON beside a header that is no number", told{kind: jsonKind, header: "x", pieces: []string{jsonUsage}}, 321},
	{"JSON of an error", told{status: 422, kind: jsonKind, pieces: []string{jsonUsage}}, 321},
	{"JSON without it", told{kind: jsonKind, pieces: []string{`{"usage": null}`}}, 1000},
	{"JSON with a text", told{kind: jsonKind, pieces: []string{`{"usage": {"total_tokens": "321"}}`}}, 1000},
	{"JSON with a fraction", told{kind: jsonKind, pieces: []string{`{"usage": {"total_tokens": 3.5}}`}}, 4},
	{"JSON with an exponent", told{kind: jsonKind, pieces: []string{`{"usage": {"total_tokens": 3.7e1}}`}}, 37},
	{"JSON of a float that is whole", told{kind: jsonKind, pieces: []string{`{"usage": {"total_tokens": 37.0}}`}}, 37},
	{"JSON of infinity", told{kind: jsonKind, pieces: []string{`{"usage": {"total_tokens": 1e400}}`}}, 1000},
	{"JSON that is broken", told{kind: jsonKind, pieces: []string{jsonUsage[1:]}}, 1000},
	{"JSON larger than the bound", told{kind: jsonKind, pieces: []string{jsonUsage, strings.Repeat(" ", 1<<20)}}, 1000},
	{"JSON that is encoded", told{kind: jsonKind, encoding: "br", pieces: []string{jsonUsage}}, 1000},
	{"JSON that says it is a text", told{kind: "text/plain", pieces: []string{jsonUsage}}, 1000},

	{"events", told{kind: eventsKind, pieces: []string{eventsUsage, "data: [DONE]\n\n"}}, 321},
	{"events byte by byte", told{kind: eventsKind, pieces: bytewise(eventsUsage)}, 321},
	{"events with carriage returns", told{kind: eventsKind, pieces: bytewise(strings.ReplaceAll(eventsUsage, "\n", "\r"))}, 321},
	{"events with both", told{kind: eventsKind, pieces: bytewise(strings.ReplaceAll(eventsUsage, "\n", "\r\n"))}, 321},
	{"the last of several events", told{kind: eventsKind, pieces: []string{eventsUsage, "data: {\"usage\":{\"total_tokens\":400}}\n\n"}}, 400},
	{"an event with a float that is whole", told{kind: eventsKind, pieces: []string{"data: {\"usage\":{\"total_tokens\":3.7e1}}\n\n"}}, 37},
	{"an event without it afterwards", told{kind: eventsKind, pieces: []string{eventsUsage, "data: {\"usage\":null}\n\n", "data: {\"usage\":{\"total_tokens\":\"x\"}}\n\n"}}, 321},
	{"an event that nothing ends", told{kind: eventsKind, pieces: []string{strings.TrimSpace(eventsUsage)}}, 321},
	{"no event with it", told{kind: eventsKind, pieces: []string{"data: {}\n\ndata\n\ndata: [DONE]\n\n"}}, 1000},
	{"an event larger than the bound", told{kind: eventsKind, pieces: []string{"data: " + strings.Repeat("x", 1<<20), "\n", "data: {\"usage\":{\"total_tokens\":5}}\n\n"}}, 1000},
	{"an event after one larger than the bound", told{kind: eventsKind, pieces: []string{"data: " + strings.Repeat("x", 1<<20), "\n\n", eventsUsage}}, 321},

	{"header, and then cut", told{header: "120", pieces: []string{"half"}, cut: true}, 120},
	{"JSON that is cut", told{kind: jsonKind, pieces: []string{jsonUsage[:40]}, cut: true}, 1000},
	{"events that are cut after it", told{kind: eventsKind, pieces: []string{eventsUsage, "data: {\"usage\":{\"total"}, cut: true}, 321},
	{"events that are cut before it", told{kind: eventsKind, pieces: []string{"data: {}\n\n"}, cut: true}, 1000},
}

func TestSettlesByWhatTheUpstreamReports(t *testing.T) {
	for _, row := range reports {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // each has a database of its own, which is waited for
			u := newUpstream(t, row.answer.answer)
			c := newCounted(t, u.URL, reserving(), []string{"100/day", "5000 tokens/day"})
			r, _ := http.NewRequestWithContext(t.Context(), "GET", c.URL, nil)
			r.Header.Set("X-API-Key", c.key.Secret.Reveal())
			response, err := c.Client().Do(r)
			if err == nil {
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				if want := strings.Join(row.answer.pieces, ""); (err != nil) != row.answer.cut || err == nil && string(body) != want {
					t.Errorf("got %d bytes and %v, want %d bytes; logged %s", len(body), err, len(want), c.log)
				}
				if told := response.Header.Get("RateLimit"); !strings.Contains(told, `"tokens-day";r=4000;`) {
					t.Errorf("RateLimit: %s", told)
				}
				if noted := strings.Contains(c.log.String(), "the upstream reported"); noted != (row.used == 1000) && err == nil {
					t.Errorf("whether it is noted that something else is counted: %t; logged %s", noted, c.log)
				}
			} else if !row.answer.cut {
				t.Fatal(err)
			}
			c.Close() // waits for the request to end
			c.expect(t, "tokens", row.used, 0)
			c.expect(t, "requests", 1, 0)
		})
	}
}

func TestReservationsEndByOutcome(t *testing.T) {
	for _, row := range []struct {
		name     string
		upstream func(*testing.T) string
		tokens   int64
		requests int64
	}{
		{"unreachable", unreachable, 0, 0},
		{"reset before the head", answers(resets), 0, 0},
		{"silence", deaf, 0, 0},
		{"503", answers(withStatus(503)), 0, 0},
		{"503 with a report", answers(told{status: 503, header: "120"}.answer), 0, 0},
		{"500", answers(withStatus(500)), 1000, 1},
		{"500 with a report", answers(told{status: 500, header: "120"}.answer), 120, 1},
		{"an upgrade that nobody asked for", answers(echoUpgrade), 1000, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // each has a database of its own, which is waited for
			c := newCounted(t, row.upstream(t), reserving(), []string{"100/day", "10000 tokens/day"}, func(config *proxy.Config) { config.Timeout = 100 * time.Millisecond })
			response := c.ask(t, "GET", "/")
			if left := fmt.Sprintf(`"tokens-day";r=%d;`, 10_000-1000*row.requests); !strings.Contains(response.Header.Get("RateLimit"), left) {
				t.Errorf("RateLimit %s, want %s", response.Header.Get("RateLimit"), left)
			}
			c.expect(t, "tokens", row.tokens, 0)
			c.expect(t, "requests", row.requests, 0)
		})
	}
}

func TestVoidedReservationsAreBoundedAndFreeTheIdempotencyKey(t *testing.T) {
	u := newUpstream(t, withStatus(503))
	c := newCounted(t, u.URL, reserving(), []string{"20/day"})
	for i := range 35 {
		headers := []string{}
		if i < 10 {
			headers = append(headers, "Idempotency-Key: always the same")
		}
		if got, want := c.ask(t, "POST", "/", headers...).StatusCode, 503; i < 30 && got != want {
			t.Errorf("call %d: got %d, want %d", i, got, want)
		}
	}
	if got := len(u.received()); got != 30 {
		t.Errorf("%d calls reached the upstream, want 20 and the 10 that are given back", got)
	}
	c.expect(t, "requests", 20, 0)
	c.expect(t, "tokens", 20_000, 0)
}

func TestWhatIsReservedIsNobodyElses(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Tokens-Used", "100")
		if r.URL.Path == "/slow" {
			close(begun)
			<-end
		}
	})
	c := newCounted(t, u.URL, reserving(), []string{"1500 tokens/day"})
	done := make(chan int)
	go func() {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", c.URL+"/slow", nil)
		r.Header.Set("X-API-Key", c.key.Secret.Reveal())
		response, err := c.Client().Do(r)
		if err != nil {
			t.Error(err)
			close(done)
			return
		}
		_ = response.Body.Close()
		done <- response.StatusCode
	}()
	<-begun
	if got := c.ask(t, "GET", "/").StatusCode; got != 429 {
		t.Errorf("while the tokens are reserved: got %d", got)
	}
	close(end)
	if status := <-done; status != 200 {
		t.Errorf("got %d", status)
	}
	if got := c.ask(t, "GET", "/").StatusCode; got != 200 {
		t.Errorf("after they were settled: got %d", got)
	}
	c.expect(t, "tokens", 200, 0)
}

// TestAClientThatLeavesSavesNothing: what streams report first is less than what
// they report in the end.
func TestAClientThatLeavesSavesNothing(t *testing.T) {
	for _, row := range []struct {
		name   string
		events string
		used   int64
	}{
		{"before the end", eventsUsage, 1000},
		{"after the last event", eventsUsage + "data: [DONE]\n\n", 321},
		{"before anything was told", "data: {}\n\n", 1000},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // each has a database of its own, which is waited for
			gone := make(chan struct{})
			u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				told{kind: eventsKind, pieces: []string{row.events}}.answer(w, r)
				<-r.Context().Done()
				close(gone)
			})
			c := newCounted(t, u.URL, reserving(), nil)
			ctx, leave := context.WithCancel(t.Context())
			r, _ := http.NewRequestWithContext(ctx, "GET", c.URL, nil)
			r.Header.Set("X-API-Key", c.key.Secret.Reveal())
			response, err := c.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if _, err := io.ReadFull(response.Body, make([]byte, len(row.events))); err != nil {
				t.Fatal(err)
			}
			leave()
			<-gone
			c.Close()
			c.expect(t, "tokens", row.used, 0)
		})
	}
}

// TestClientsThatLeaveAtAnyTimeLeaveNothingReserved has clients go in the queue, in
// the batch, while the upstream works and while it answers.
func TestClientsThatLeaveAtAnyTimeLeaveNothingReserved(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fails" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		told{kind: eventsKind, pieces: bytewise(eventsUsage)}.answer(w, r)
	})
	c := newCounted(t, u.URL, reserving(), nil)
	var group sync.WaitGroup
	for i := range 400 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), rand.N(60*time.Millisecond))
			defer cancel()
			path := []string{"/", "/fails"}[i%2]
			r, _ := http.NewRequestWithContext(ctx, "GET", c.URL+path, nil)
			r.Header.Set("X-API-Key", c.key.Secret.Reveal())
			if response, err := c.Client().Do(r); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		})
	}
	group.Wait()
	c.Close()
	// The last batch is done with once another charge of the key has been answered.
	if _, err := c.store.Engine.Charge(t.Context(), ration.Charge{KeyID: c.key.ID, DryRun: true}); err != nil {
		t.Fatal(err)
	}
	c.store.Advance(5 * time.Minute) // some left before it was known that they had reserved
	if _, err := c.store.Engine.ExpireDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "requests", c.usedRequests(), 0)
	served := 0
	for _, request := range u.received() {
		if request.URL.Path == "/" {
			served++
		}
	}
	if used := c.usedRequests(); used < int64(served) || used > 400 {
		t.Errorf("%d requests are counted, %d were served", used, served)
	}
}

func (c *counted) usedRequests() int64 {
	used, _ := c.store.Used(c.key.ID, "requests")
	return used
}

func TestEventsThatAreSettledArriveOneByOne(t *testing.T) {
	next := make(chan string)
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for part := range next {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
	})
	c := newCounted(t, u.URL, reserving(), nil)
	response := c.ask(t, "GET", "/")
	body := bufio.NewReader(response.Body)
	for _, part := range []string{"data: ", "{\"usage\":", "{\"total_tokens\":7}}", "\n\n"} { // no part waits for the event's end
		next <- part
		got := make([]byte, len(part))
		if _, err := io.ReadFull(body, got); err != nil || string(got) != part {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	close(next)
	if rest := bodyOf(t, response); rest != "" {
		t.Errorf("got %q", rest)
	}
	c.expect(t, "tokens", 7, 0)
}

func TestWhatIsRewrittenIsSettledByTheUpstreamsOwn(t *testing.T) {
	var asked string
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Accept-Encoding") + r.Header.Get("Range")
		told{kind: jsonKind, pieces: []string{jsonUsage}}.answer(w, r)
	})
	c := newCounted(t, u.URL, reserving(), []string{"100/day"}, func(config *proxy.Config) {
		config.Rewrite = new(rewrite.Body)
		if err := config.Rewrite.Add("/usage/total_tokens", "remaining"); err != nil {
			t.Fatal(err)
		}
	})
	response := c.ask(t, "GET", "/", "Accept-Encoding: br", "Range: bytes=0-9")
	if body := bodyOf(t, response); !strings.Contains(body, `"total_tokens": 99}`) || asked != "identity" {
		t.Errorf("got %s, asked for %q", body, asked)
	}
	c.expect(t, "tokens", 321, 0)
}

func TestAnAnswerThatOutlivesItsReservationIsSettledLate(t *testing.T) {
	var c *counted
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		c.store.Advance(6 * time.Minute)
		if _, err := c.store.Engine.ExpireDue(context.Background()); err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Tokens-Used", "120")
	})
	c = newCounted(t, u.URL, reserving(), nil)
	c.ask(t, "GET", "/")
	if used, _ := c.store.Used(c.key.ID, "tokens"); used != 120 {
		t.Errorf("%d tokens are used", used)
	}
}

func TestAReservationThatCannotBeSettledEndsByItself(t *testing.T) {
	for _, row := range []struct {
		at   ration.AtExpiry
		used int64
	}{{ration.AtExpiryKeep, 1000}, {ration.AtExpiryRelease, 0}} {
		t.Run(string(row.at), func(t *testing.T) {
			var c *counted
			u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
				c.store.BreakStore()
				w.Header().Set("X-Tokens-Used", "120")
			})
			var events []rationhttp.Event
			c = newCounted(t, u.URL, reserving(func(r *route.Route) { r.Reserve.AtExpiry = row.at }), nil, func(config *proxy.Config) {
				config.Gate.Observe = func(_ context.Context, event rationhttp.Event) { events = append(events, event) }
			})
			if got := c.ask(t, "GET", "/").StatusCode; got != 200 {
				t.Errorf("got %d", got)
			}
			c.Close()
			c.store.MendStore()
			if held := c.store.Reserved(c.key.ID, "tokens"); held != 1000 {
				t.Errorf("%d tokens are reserved", held)
			}
			if len(events) != 2 || events[1].FollowUp != rationhttp.FollowUpSettle || !errors.Is(events[1].Err, ration.ErrStoreUnavailable) || !strings.Contains(c.log.String(), "not settled") {
				t.Errorf("observed %+v, logged %s", events, c.log)
			}
			c.store.Advance(5 * time.Minute)
			if _, err := c.store.Engine.ExpireDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if used, _ := c.store.Used(c.key.ID, "tokens"); used != row.used || c.store.Reserved(c.key.ID, "tokens") != 0 {
				t.Errorf("%d tokens are used, want %d", used, row.used)
			}
		})
	}
}

func TestMoreThanWasReservedIsCountedOnlyIfAskedFor(t *testing.T) {
	for over, used := range map[ration.Overage]int64{"": 1000, ration.OverageRefuse: 1000, ration.OverageClamp: 1000, ration.OverageAllow: 1500} {
		t.Run(string(over), func(t *testing.T) {
			t.Parallel() // each has a database of its own, which is waited for
			u := newUpstream(t, told{header: "1500"}.answer)
			c := newCounted(t, u.URL, reserving(func(r *route.Route) { r.Reserve.Overage = over }), []string{"1200 tokens/day"})
			c.ask(t, "GET", "/")
			c.expect(t, "tokens", used, 0)
		})
	}
}

func TestAProxyRefusesAChargerThatCannotEndReservations(t *testing.T) {
	table, err := route.Compile(reserving())
	if err != nil {
		t.Fatal(err)
	}
	_, err = proxy.New(proxy.Config{Upstream: parse(t, "http://127.0.0.1:1"), Routes: table, Gate: rationhttp.Gate{Charger: &fakeCharger{}}})
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "reserve" {
		t.Errorf("got %v", err)
	}
}

func TestFractionsAreSaidOncePerRoute(t *testing.T) {
	u := newUpstream(t, told{header: "3.5"}.answer)
	table := reserving(func(r *route.Route) { r.Name = "all" })
	other := table.Routes[0]
	other.Name, other.Path = "other", "/other"
	table.Routes = append([]route.Route{other}, table.Routes...)
	c := newCounted(t, u.URL, table, []string{"5000 tokens/day"})
	for _, path := range []string{"/", "/", "/other", "/a", "/other"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", c.URL+path, nil)
		r.Header.Set("X-API-Key", c.key.Secret.Reveal())
		response, err := c.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	c.Close() // waits for the requests to end
	c.expect(t, "tokens", 20, 0)
	said := c.log.String()
	if strings.Count(said, "rounded up") != 2 || !strings.Contains(said, "route=all meter=tokens") || !strings.Contains(said, "route=other meter=tokens") {
		t.Errorf("logged %s", said)
	}
}
