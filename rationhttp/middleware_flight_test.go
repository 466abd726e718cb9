package rationhttp_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// newFlights serves a handler behind middleware, and makes a key with a concurrent
// limit.
func newFlights(t *testing.T, handler http.HandlerFunc) (ask func(path string) int) {
	t.Helper()
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{Limits: []string{"1 at once"}})
	server := httptest.NewServer(rationhttp.Middleware(f.Engine)(handler))
	t.Cleanup(server.Close)
	return func(path string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", key.Secret.Reveal())
		response, err := server.Client().Do(r)
		if err != nil {
			return 0
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.StatusCode
	}
}

// awaitFree waits until a request finds a slot.
func awaitFree(t *testing.T, ask func(string) int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ask("/quick") != 200; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the slot was not given back")
		}
	}
}

func TestAHandlerHoldsItsSlotUntilItReturns(t *testing.T) {
	entered, let := make(chan struct{}), make(chan struct{})
	ask := newFlights(t, func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			entered <- struct{}{}
			<-let
		case "/panic":
			panic(http.ErrAbortHandler)
		}
		if decision, found := rationhttp.DecisionFrom(r.Context()); !found || decision.Lease != nil {
			t.Errorf("the handler got %+v, %t; want a decision without a lease, which is not its own", decision, found)
		}
	})
	slow := make(chan int)
	go func() { slow <- ask("/slow") }()
	<-entered
	if status := ask("/quick"); status != 429 {
		t.Errorf("beside a running handler a request got %d", status)
	}
	close(let)
	if status := <-slow; status != 200 {
		t.Errorf("the slow request got %d", status)
	}
	awaitFree(t, ask)
	ask("/panic")
	awaitFree(t, ask)
}

func TestAConnectionThatWasTakenOverHoldsItsSlotUntilItCloses(t *testing.T) {
	taken := make(chan net.Conn, 1)
	ask := newFlights(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/take" {
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		taken <- connection // and is closed after the handler has returned
	})
	if status := ask("/take"); status != 200 {
		t.Fatalf("got %d", status)
	}
	connection := <-taken
	for range 3 {
		if status := ask("/quick"); status != 429 {
			t.Errorf("beside a connection that was taken over a request got %d", status)
		}
	}
	if err := connection.Close(); err != nil {
		t.Error(err)
	}
	awaitFree(t, ask)
	_ = connection.Close() // again
	awaitFree(t, ask)
}
