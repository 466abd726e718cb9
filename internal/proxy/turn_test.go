package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationtest"
)

// crowded is a proxy before an upstream that answers when it is let.
type crowded struct {
	*counted
	let     chan struct{}
	now     atomic.Int64 // requests that the upstream has
	most    atomic.Int64
	arrived chan string // their paths
}

func newCrowded(t *testing.T, capacity proxy.Capacity, routes route.Config) *crowded {
	t.Helper()
	c := &crowded{let: make(chan struct{}), arrived: make(chan string, 10_000)}
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		now := c.now.Add(1)
		defer c.now.Add(-1)
		for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
		}
		c.arrived <- r.URL.Path
		select {
		case <-c.let:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "done")
	})
	c.counted = newCounted(t, u.URL, routes, []string{"1000000/day"}, func(config *proxy.Config) { config.Capacity = capacity })
	return c
}

// start asks without waiting for the answer, whose status comes on the channel.
func (c *crowded) start(ctx context.Context, path, secret string) <-chan *http.Response {
	answers := make(chan *http.Response, 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		panic(err)
	}
	if secret != "" {
		r.Header.Set("X-API-Key", secret)
	}
	go func() {
		response, err := c.Client().Do(r)
		if err != nil {
			close(answers)
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		answers <- response
	}()
	return answers
}

// eventually waits for a condition that comes by itself.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *crowded) used() int64 {
	used, _ := c.store.Used(c.key.ID, "requests")
	return used
}

func TestRequestThatWaitsIsChargedWhenItsTurnComes(t *testing.T) {
	c := newCrowded(t, proxy.Capacity{InFlight: 1, Waiting: 10, Wait: time.Minute}, route.Config{})
	secret := c.key.Secret.Reveal()
	first := c.start(t.Context(), "/first", secret)
	<-c.arrived
	ctx, leave := context.WithCancel(t.Context())
	left := c.start(ctx, "/left", secret)
	second := c.start(t.Context(), "/second", secret)
	eventually(t, "a queue of two", func() bool { return c.proxy.Waiting() == 2 })
	if used := c.used(); used != 1 {
		t.Errorf("%d requests are charged while two wait", used)
	}
	leave()
	if _, answered := <-left; answered {
		t.Error("whoever left got an answer")
	}
	eventually(t, "a queue of one", func() bool { return c.proxy.Waiting() == 1 })
	c.let <- struct{}{}
	if path := <-c.arrived; path != "/second" {
		t.Errorf("%s reached the upstream", path)
	}
	c.let <- struct{}{}
	for _, answers := range []<-chan *http.Response{first, second} {
		if response := <-answers; response == nil || response.StatusCode != http.StatusOK {
			t.Errorf("got %v", response)
		}
	}
	c.expect(t, "requests", 2, 0)
	if c.most.Load() != 1 {
		t.Errorf("the upstream had %d requests at once", c.most.Load())
	}
}

func TestFullQueueAndLongWaitsGet503(t *testing.T) {
	for _, row := range []struct {
		name     string
		capacity proxy.Capacity
	}{
		{"nobody may wait", proxy.Capacity{InFlight: 1}},
		{"nobody may wait for long", proxy.Capacity{InFlight: 1, Waiting: 10, Wait: time.Millisecond}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCrowded(t, row.capacity, route.Config{})
			first := c.start(t.Context(), "/first", c.key.Secret.Reveal())
			<-c.arrived
			response := c.ask(t, "GET", "/second")
			body := bodyOf(t, response)
			if response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" || !strings.Contains(body, `"code":"upstream_busy"`) {
				t.Errorf("got %d %v %s", response.StatusCode, response.Header, body)
			}
			close(c.let)
			<-first
			c.expect(t, "requests", 1, 0)
			if response := c.ask(t, "GET", "/third"); response.StatusCode != 200 {
				t.Errorf("afterwards: %d", response.StatusCode)
			}
		})
	}
}

// TestGuessesAndMissingKeysDoNotWait asks while the upstream is full.
func TestGuessesAndMissingKeysDoNotWait(t *testing.T) {
	c := newCrowded(t, proxy.Capacity{InFlight: 1, Waiting: 10, Wait: time.Minute}, route.Config{})
	first := c.start(t.Context(), "/first", c.key.Secret.Reveal())
	<-c.arrived
	for _, row := range []struct{ name, header, code string }{
		{"no key", "Accept: */*", "key_missing"},
		{"a guess", "X-API-Key: rk_" + strings.Repeat("x", 38), "key_unknown"},
		{"a very long one", "X-API-Key: " + strings.Repeat("x", 1000), "key_unknown"},
	} {
		response := c.do(t, "GET", "/", nil, row.header)
		if body := bodyOf(t, response); response.StatusCode != 401 || !strings.Contains(body, row.code) {
			t.Errorf("%s: got %d %s", row.name, response.StatusCode, body)
		}
	}
	close(c.let)
	<-first
}

// TestKeysTakeTurns has one key ask far more than another, before it.
func TestKeysTakeTurns(t *testing.T) {
	c := newCrowded(t, proxy.Capacity{InFlight: 1, Waiting: 20, Wait: time.Minute}, route.Config{})
	other := c.store.Key(rationtest.Key{Limits: []string{"1000/day"}})
	answers := []<-chan *http.Response{c.start(t.Context(), "/first", c.key.Secret.Reveal())}
	<-c.arrived
	for i := range 20 {
		answers = append(answers, c.start(t.Context(), "/many", c.key.Secret.Reveal()))
		eventually(t, "the queue", func() bool { return c.proxy.Waiting() == i+1 })
	}
	answers = append(answers, c.start(t.Context(), "/other", other.Secret.Reveal()))
	busy := 0
	eventually(t, "one that is displaced", func() bool {
		for _, a := range answers {
			select {
			case response := <-a:
				if response.StatusCode == 503 {
					busy++
				}
			default:
			}
		}
		return busy == 1
	})
	for turn := 1; ; turn++ {
		c.let <- struct{}{}
		if path := <-c.arrived; path == "/other" {
			if turn > 2 {
				t.Errorf("the other key was served in turn %d", turn)
			}
			break
		}
	}
	close(c.let)
}

// TestSlowBodiesWithoutAKeyHoldHalfOfTheUpstreamAtMost sends 1,000 requests whose
// bodies never come: on a route that needs a key they don't reach the upstream, on a
// free one they hold half of its capacity, and holders of keys go on.
func TestSlowBodiesWithoutAKeyHoldHalfOfTheUpstreamAtMost(t *testing.T) {
	const capacity = 8
	c := newCrowded(t, proxy.Capacity{InFlight: capacity, Waiting: 4, Wait: time.Millisecond},
		route.Config{Routes: []route.Route{{Path: "/free", Free: true}}})
	codes := make(map[int]int)
	for i := range 1000 {
		path, answered := "/keyed", true
		if i%2 == 0 {
			path = "/free"
			answered = i >= capacity // the first ones are passed on
		}
		connection := c.dial(t)
		if _, err := fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\nx", path); err != nil {
			t.Fatal(err)
		}
		if !answered {
			<-c.arrived
			continue
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		codes[response.StatusCode]++
		_ = connection.Close()
	}
	if codes[401] != 500 || codes[503] != 500-capacity/2 || c.now.Load() != capacity/2 {
		t.Errorf("got %v, and the upstream has %d", codes, c.now.Load())
	}
	served := c.start(t.Context(), "/keyed", c.key.Secret.Reveal())
	<-c.arrived
	close(c.let)
	if response := <-served; response.StatusCode != 200 {
		t.Errorf("a holder of a key got %d", response.StatusCode)
	}
	c.expect(t, "requests", 1, 0)
}

func TestWebSocketsAreBoundedByThemselves(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			return
		}
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = buffered.ReadByte() // until the client goes
	})
	c := newCounted(t, u.URL, route.Config{}, []string{"100/day"}, func(config *proxy.Config) {
		config.Capacity = proxy.Capacity{InFlight: 1, WebSockets: 2}
	})
	handshake := "GET /ws HTTP/1.1\r\nHost: h\r\n" + c.header() + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	open := func() (io.Closer, int) {
		connection := c.dial(t)
		if _, err := io.WriteString(connection, handshake); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		return connection, response.StatusCode
	}
	var sockets []io.Closer
	for i, want := range []int{101, 101, 503} {
		connection, status := open()
		if status != want {
			t.Errorf("WebSocket %d got %d, want %d", i, status, want)
		}
		sockets = append(sockets, connection)
	}
	if response := c.ask(t, "GET", "/"); response.StatusCode != 200 {
		t.Errorf("beside open WebSockets a request got %d", response.StatusCode)
	}
	_ = sockets[0].Close()
	eventually(t, "room for another", func() bool {
		connection, status := open()
		_ = connection.Close()
		return status == 101
	})
}
