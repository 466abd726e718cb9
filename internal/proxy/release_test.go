package proxy_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

// newLimited is a proxy before an upstream that answers when it is let, and a key with
// a concurrent limit.
func newLimited(t *testing.T, answer http.HandlerFunc, limits ...string) *counted {
	t.Helper()
	u := newUpstream(t, answer)
	return newCounted(t, u.URL, route.Config{}, limits, func(config *proxy.Config) { config.Capacity = proxy.Capacity{} })
}

// free waits until a request finds a slot.
func (c *counted) free(t *testing.T) {
	t.Helper()
	eventually(t, "a free slot", func() bool { return c.ask(t, "GET", "/quick").StatusCode == 200 })
}

func TestRequestsBeyondTheConcurrentLimitAreRefused(t *testing.T) {
	entered, let := make(chan struct{}), make(chan struct{})
	c := newLimited(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-let
		}
		_, _ = io.WriteString(w, "done")
	}, "2 at once")
	statuses := make(chan int, 2)
	for range 2 {
		go func() { statuses <- c.ask(t, "GET", "/slow").StatusCode }()
		<-entered
	}
	refused := c.ask(t, "GET", "/quick")
	body, err := io.ReadAll(refused.Body)
	if err != nil {
		t.Fatal(err)
	}
	if refused.StatusCode != 429 || refused.Header.Get("Retry-After") != "1" || !strings.Contains(string(body), `"code":"concurrency_exceeded"`) {
		t.Errorf("got %d, %v: %s", refused.StatusCode, refused.Header, body)
	}
	if policy := refused.Header.Get("RateLimit-Policy"); policy != `"requests-concurrent";q=2;qu="concurrent-requests"` {
		t.Errorf("policy %s", policy)
	}
	if state := refused.Header.Get("RateLimit"); state != `"requests-concurrent";r=0` {
		t.Errorf("state %s", state)
	}
	close(let)
	for range 2 {
		if status := <-statuses; status != 200 {
			t.Errorf("a request within the limit got %d", status)
		}
	}
	if response := c.ask(t, "GET", "/quick"); response.StatusCode != 200 {
		t.Errorf("after both have ended got %d", response.StatusCode)
	}
}

// TestOneAfterAnotherIsNeverRefused asks again as soon as the last byte is there, of
// answers of any length and form.
func TestOneAfterAnotherIsNeverRefused(t *testing.T) {
	c := newLimited(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if r.URL.RawQuery == "" {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}, "1 at once")
	for range 5 {
		for _, size := range []string{"0", "10", "5000", "70000"} {
			for _, form := range []string{"", "?chunked"} {
				response := c.ask(t, "GET", "/"+size+form)
				if response.StatusCode != 200 {
					t.Fatalf("size %s%s: got %d", size, form, response.StatusCode)
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					t.Fatal(err)
				}
			}
		}
		if response := c.ask(t, "HEAD", "/10"); response.StatusCode != 200 {
			t.Fatalf("HEAD got %d", response.StatusCode)
		}
	}
}

func TestAClientThatLeavesGivesItsSlotBack(t *testing.T) {
	entered := make(chan struct{}, 1)
	c := newLimited(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			entered <- struct{}{}
			<-r.Context().Done()
		case "/stream":
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			entered <- struct{}{}
			<-r.Context().Done()
		}
	}, "1 at once")
	for _, path := range []string{"/silent", "/stream"} {
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
			r.Header.Set("X-API-Key", c.key.Secret.Reveal())
			if response, err := c.Client().Do(r); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}()
		<-entered
		if response := c.ask(t, "GET", "/quick"); response.StatusCode != 429 {
			t.Errorf("beside %s got %d", path, response.StatusCode)
		}
		leave()
		c.free(t)
	}
}

func TestAnUpstreamThatBreaksOffGivesTheSlotBack(t *testing.T) {
	c := newLimited(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}, "1 at once")
	for range 3 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/broken", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", c.key.Secret.Reveal())
		if response, err := c.Client().Do(r); err == nil {
			if _, err := io.Copy(io.Discard, response.Body); err == nil {
				t.Error("the broken answer looks whole")
			}
			_ = response.Body.Close()
		}
		c.free(t)
	}
}

func TestAWebSocketHoldsItsSlotUntilItCloses(t *testing.T) {
	c := newLimited(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			return
		}
		connection, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = buffered.ReadByte() // until the client goes
	}, "1 at once")
	connection := c.dial(t)
	_, err := io.WriteString(connection, "GET /ws HTTP/1.1\r\nHost: h\r\n"+c.header()+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatalf("got %v, %v", response, err)
	}
	for range 3 {
		if response := c.ask(t, "GET", "/"); response.StatusCode != 429 {
			t.Errorf("beside an open WebSocket a request got %d", response.StatusCode)
		}
	}
	_ = connection.Close()
	c.free(t)
}
