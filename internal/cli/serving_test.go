package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/cli"
)

// serving is a server that is up.
type serving struct {
	t    *testing.T
	api  string // URLs
	log  *log
	done chan invocation
	end  context.CancelFunc
	once sync.Once
	got  invocation
}

// startServer starts "ration serve" on a free port and waits until it is up. It
// is stopped with the test.
func startServer(t *testing.T, environment []string, args ...string) *serving {
	t.Helper()
	s := launchServer(t, environment, args...)
	s.awaitUp()
	return s
}

// launchServer starts a server like startServer, and does not wait for it.
func launchServer(t *testing.T, environment []string, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	log := &log{up: make(chan string, 1), more: make(chan struct{})}
	s := &serving{t: t, log: log, done: make(chan invocation, 1), end: cancel}
	args = append([]string{"serve", "--api-listen", "127.0.0.1:0"}, args...)
	go func() {
		var stdout bytes.Buffer
		code := cli.Main(ctx, args, strings.NewReader(""), &stdout, log, environment)
		s.done <- invocation{code, stdout.String(), log.String()}
	}()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *serving) awaitUp() {
	s.t.Helper()
	select {
	case address := <-s.log.up:
		s.api = "http://" + address
	case got := <-s.done:
		s.done <- got
		s.t.Fatalf("the server did not start: %+v", got)
	}
}

// stop stops the server in order and returns what it has said. It may be called again.
func (s *serving) stop() invocation {
	s.once.Do(func() {
		s.end()
		s.got = <-s.done
	})
	return s.got
}

// log is what a server says. It is safe for concurrent use.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	up   chan string   // gets the address of the API
	more chan struct{} // closed once there is more text than before
}

var servingAPI = regexp.MustCompile(`serving the verify API"?,?[ "]address"?[=:]"?([^\s"]+)`)

func (l *log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := servingAPI.FindSubmatch(text); found != nil {
		l.up <- string(found[1])
	}
	close(l.more)
	l.more = make(chan struct{})
	return l.text.Write(text)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the server has logged a line with a text, and returns the line.
func (l *log) await(t *testing.T, text string) string {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		l.mu.Lock()
		said, more := l.text.String(), l.more
		l.mu.Unlock()
		for line := range strings.Lines(said) {
			if strings.Contains(line, text) {
				return line
			}
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("nothing with %q was logged: %s", text, said)
		}
	}
}

// answerTo sends a request and returns the answer's body.
func answerTo(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return string(body)
}
