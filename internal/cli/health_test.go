package cli_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

func TestHealthTellsWhatTheServerSays(t *testing.T) {
	for _, row := range []struct {
		name           string
		status         int
		body           string
		code           int
		stdout, stderr string
	}{
		{"ready", http.StatusOK, `{"status":"ready"}`, 0, "ready\n", ""},
		{"not ready", http.StatusServiceUnavailable, `{"status":"not ready","reason":"shutting down"}`, 1, "", "ration: not ready: shutting down\n"},
		{"reason that acts on a terminal", http.StatusServiceUnavailable, `{"status":"not ready","reason":"\u001b[2J"}`, 1, "", "ration: not ready: \ufffd[2J\n"},
		{"another program", http.StatusOK, "<p>Welcome", 1, "", "ration: what answers at ADDRESS with status 200 is not Ration's verify API\n"},
		{"redirect", http.StatusFound, "", 1, "", "ration: what answers at ADDRESS with status 302 is not Ration's verify API\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					t.Errorf("%s was asked", r.URL)
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			}))
			defer server.Close()
			address := server.Listener.Addr().String()
			got := askHealth(t, address)
			want := invocation{row.code, row.stdout, strings.ReplaceAll(row.stderr, "ADDRESS", address)}
			if got != want {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestHealthAsksAllAddressesAtLoopback(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"status":"ready"}`))
	}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "", "[::]"} {
		if got := askHealth(t, host+":"+port); got.code != 0 || got.stdout != "ready\n" {
			t.Errorf("at %q: %+v", host, got)
		}
	}
	if got := askHealth(t, "127.0.0.1:0"); got.code != 2 || !strings.Contains(got.stderr, "name the port") {
		t.Errorf("without a port: %+v", got)
	}
}

func TestHealthWithoutAServer(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()

	silent := askHealth(t, address) // nobody accepts
	if want := "ration: no answer from " + address + " within 2.5s\n"; silent.code != 1 || silent.stderr != want {
		t.Errorf("without an answer: %+v, want %q", silent, want)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if gone := askHealth(t, address); gone.code != 1 || !strings.Contains(gone.stderr, "connection refused") {
		t.Errorf("without a listener: %+v", gone)
	}
}

// askHealth runs the command with a database that can't be opened and a proxy
// that is not there: it needs neither.
func askHealth(t *testing.T, listen string) invocation {
	t.Helper()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	var stdout, stderr bytes.Buffer
	environment := []string{"RATION_DB=postgres://nobody@127.0.0.1:1/none", "RATION_API_LISTEN=" + listen}
	code := cli.Main(t.Context(), []string{"health"}, strings.NewReader(""), &stdout, &stderr, environment)
	return invocation{code, stdout.String(), stderr.String()}
}
