package examples_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// app is an example that runs.
type app struct {
	t      *testing.T
	url    string
	output *output
}

// startApp starts a program in an example's directory and waits until it says
// where it listens.
func startApp(t *testing.T, example string, command []string, environment ...string) *app {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Dir = filepath.Join("../../examples", example)
	process.Env = append(os.Environ(), environment...)
	out := &output{changed: make(chan struct{})}
	process.Stdout, process.Stderr = out, out
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = process.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s printed:\n%s", example, out)
		}
	})
	a := &app{t: t, output: out}
	a.url = out.await(t, regexp.MustCompile(`http://127\.0\.0\.1:\d+`), 1)
	return a
}

// answer is what a client of an app sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a path with a key's secret; "" sends none.
func (a *app) get(path, secret string) answer {
	a.t.Helper()
	return a.call(path, "X-API-Key", secret)
}

// getAs asks for a path with a whole Authorization field.
func (a *app) getAs(path, authorization string) answer {
	a.t.Helper()
	return a.call(path, "Authorization", authorization)
}

func (a *app) call(path, header, value string) answer {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.url+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if value != "" {
		request.Header.Set(header, value)
	}
	// A connection each: on one that was used before, which an app may close after 5 s
	// of silence, the transport would send the request twice by itself.
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatalf("GET %s: %v", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatalf("GET %s: %v", path, err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// wantUndecided checks that an answer is what clients get without a decision.
func (a *app) wantUndecided(got answer) {
	a.t.Helper()
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		a.t.Errorf("without a decision: got %d, Retry-After %q, want 503 and one", got.status, got.header.Get("Retry-After"))
	}
}

// output is what a process has printed so far.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed by the next write
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(p)
}

// String implements fmt.Stringer.
func (o *output) String() string {
	text, _ := o.read()
	return text
}

// await waits until a pattern stands there so many times, and returns the last.
func (o *output) await(t *testing.T, pattern *regexp.Regexp, times int) string {
	t.Helper()
	for timeout := time.After(patience); ; {
		text, changed := o.read()
		if found := pattern.FindAllString(text, -1); len(found) >= times {
			return found[times-1]
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%q was not printed %d times in:\n%s", pattern, times, text)
		}
	}
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.changed
}
