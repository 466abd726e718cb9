package cli_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
)

// gate is a way to a database that is closed at first: who comes is cut off, as
// by a server that is starting.
type gate struct {
	url  string
	open atomic.Bool
}

func newGate(t *testing.T, database string) *gate {
	t.Helper()
	location, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	host := location.Host
	location.Host = listener.Addr().String()
	g := &gate{url: location.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if !g.open.Load() {
				_ = client.Close()
				continue
			}
			server, err := net.Dial("tcp", host)
			if err != nil {
				_ = client.Close()
				return
			}
			go forward(client, server)
			go forward(server, client)
		}
	}()
	return g
}

func forward(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

// answer returns the status, the field Retry-After and the body of an answer.
func answer(t *testing.T, location, secret string) (status int, retryAfter, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, location, nil)
	if err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		request.Header.Set("X-API-Key", secret)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Retry-After"), string(text)
}

// A server that is started while its database is away behaves as one whose
// database went away, and serves once it is there.
func TestServeWaitsForADatabaseThatIsAway(t *testing.T) {
	database := testdb.Postgres(t)
	must(t, database, "migrate")
	secret := must(t, database, "keys", "create", "k", "--limit", "2/day", "-q")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") }))
	t.Cleanup(upstream.Close)
	way := newGate(t, database)
	proxy := freeAddress(t)
	running := startServer(t, []string{"RATION_DB=" + way.url}, "--upstream", upstream.URL, "--listen", proxy)

	if status, _, body := answer(t, running.api+"/healthz", ""); status != 200 {
		t.Errorf("healthz: %d %s", status, body)
	}
	if status, _, body := answer(t, running.api+"/readyz", ""); status != 503 || !strings.Contains(body, "waiting for the database since the start") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, retryAfter, body := answer(t, "http://"+proxy, secret); status != 503 || retryAfter == "" || !strings.Contains(body, "store_unavailable") {
		t.Errorf("proxy: %d, Retry-After %q, %s", status, retryAfter, body)
	}
	for _, listener := range []string{"http://" + proxy, running.api} {
		if status, retryAfter, body := answer(t, listener+"/v1/usage", secret); status != 503 || retryAfter == "" || !strings.Contains(body, "store_unavailable") {
			t.Errorf("usage: %d, Retry-After %q, %s", status, retryAfter, body)
		}
	}
	way.open.Store(true)
	for status := 503; status != 200; {
		if status, _, _ = answer(t, running.api+"/readyz", ""); t.Context().Err() != nil {
			t.Fatal("it never was ready")
		}
	}
	for _, want := range []int{200, 200, 429} {
		if status, _, body := answer(t, "http://"+proxy, secret); status != want {
			t.Errorf("proxy: %d %s, want %d", status, body, want)
		}
	}
	for _, listener := range []string{"http://" + proxy, running.api} {
		if status, _, body := answer(t, listener+"/v1/usage", secret); status != 200 || !strings.Contains(body, `"used":2,"reserved":0,"remaining":0`) {
			t.Errorf("usage: %d %s", status, body)
		}
	}
	wants(t, running.stop(), 0, "not ready: waiting for the database", "the database is there", "stopped cleanly")
}

func TestServeStopsInOrderWhileItWaits(t *testing.T) {
	running := startServer(t, []string{"RATION_DB=" + newGate(t, "postgres://u:hunter2@127.0.0.1:1/d").url})
	done := running.stop()
	wants(t, done, 0, "stopped cleanly")
	if strings.Contains(done.stderr, "hunter2") {
		t.Error("it shows the password")
	}
}

func TestServeWaitsOnlySoLong(t *testing.T) {
	way := newGate(t, testdb.Postgres(t))
	begun := time.Now()
	wantsOn(t, way.url, "serve --api-listen 127.0.0.1:0 --wait-for-database 1s", 4, "the database was away for 1s (wait_for_database)")
	if waited := time.Since(begun); waited < time.Second {
		t.Errorf("it waited for %s", waited)
	}
	wantsOn(t, way.url, "serve --api-listen 127.0.0.1:0 --wait-for-database 0s", 4, "failed to connect")
}

// What no waiting mends ends it at once, also where it comes up while it waits.
func TestServeDoesNotWaitForWhatIsWrong(t *testing.T) {
	database := testdb.Postgres(t)
	other, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	other.Path = "/there_is_no_such_database"
	wantsOn(t, other.String(), "serve --api-listen 127.0.0.1:0", 4, "there_is_no_such_database")

	must(t, database, "migrate")
	onDatabase(t, database, newerSchema)
	wantsOn(t, database, "serve --api-listen 127.0.0.1:0", 6, "has version 99999")
	way := newGate(t, database)
	running := startServer(t, []string{"RATION_DB=" + way.url})
	way.open.Store(true)
	wants(t, <-running.done, 6, "waiting for the database", "has version 99999")
	running.done <- invocation{}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
