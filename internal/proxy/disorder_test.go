package proxy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/route"
)

// TestAnUpstreamThatIsDownCostsNoConnection is for a body that net/http finds unread
// when the handler has returned, and reads at the wrong moment (golang/go#68560).
func TestAnUpstreamThatIsDownCostsNoConnection(t *testing.T) {
	f := newFixture(t, "http://"+closedPort(t), route.Config{})
	complaints := complaintsOf(f)
	connection := f.dial(t)
	reader := bufio.NewReader(connection)
	for range 30 {
		fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nContent-Length: 5\r\n\r\nhello", canary)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != 502 {
			t.Fatalf("got %v, %v", response, err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
	}
	if complaints.String() != "" {
		t.Errorf("the server complains: %s", complaints)
	}
}

// TestNoOrderOfEventsPanics lets client, body, answer and upstream end in any order.
func TestNoOrderOfEventsPanics(t *testing.T) {
	const seed = 13
	target := disorderly(t)
	f := newFixture(t, target, route.Config{Routes: []route.Route{{Path: "/free", Free: true}}})
	complaints := complaintsOf(f)
	var clients sync.WaitGroup
	for client := range 6 {
		random := rand.New(rand.NewPCG(seed, uint64(client)))
		clients.Go(func() {
			for range disorders / 6 {
				disturb(f, random)
			}
		})
	}
	clients.Wait()
	f.Close() // waits for all connections
	if complaints.String() != "" {
		t.Errorf("the server complains: %s", complaints)
	}
}

// disturb sends a request in pieces, of which the last may be missing, and leaves at
// any time.
func disturb(f *fixture, random *rand.Rand) {
	connection, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		return
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(100 * time.Millisecond)) // some bodies never end, and get no answer
	bodies := []string{
		"Content-Length: 5\r\n\r\nhello", "Content-Length: 40000\r\n\r\n" + strings.Repeat("b", 40000), "Content-Length: 9000\r\n\r\nhello",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
		"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Content-Length: 300000\r\n\r\n" + strings.Repeat("b", 300000),
	}
	paths := []string{"/reads", "/early", "/resets", "/half", "/hangs", "/free"}
	text := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\n%s", paths[random.IntN(len(paths))], canary, bodies[random.IntN(len(bodies))])
	for len(text) > 0 {
		n := 1 + random.IntN(len(text))
		if _, err := io.WriteString(connection, text[:n]); err != nil {
			return
		}
		if text = text[n:]; random.IntN(6) == 0 {
			return // in the midst of it
		}
	}
	switch random.IntN(3) {
	case 0: // leaves without an answer
	case 1:
		_ = connection.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, connection)
	case 2:
		_, _ = connection.Read(make([]byte, 100))
	}
}

// disorderly is an upstream that ends things in every way.
func disorderly(t *testing.T) string {
	t.Helper()
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/early", "/half":
			w.Header().Set("Connection", "close")
			w.Header().Set("Content-Length", "70000")
			_, _ = w.Write(bytes.Repeat([]byte("a"), 35000))
			_ = http.NewResponseController(w).Flush()
			if r.URL.Path == "/half" {
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(bytes.Repeat([]byte("a"), 35000))
		case "/resets":
			panic(http.ErrAbortHandler)
		case "/hangs":
			select {
			case <-r.Context().Done():
			case <-time.After(20 * time.Millisecond):
			}
		default:
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}))
	t.Cleanup(u.Close)
	return u.URL
}
