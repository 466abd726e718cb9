package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/server"
)

// echo is a service of a protocol that sends back what it gets.
type echo struct {
	mu      sync.Mutex
	inner   net.Listener
	stopped bool
	finish  func(context.Context) error // nil: Shutdown has nothing to wait for
	closed  chan struct{}
}

func newEcho(finish func(context.Context) error) *echo {
	return &echo{finish: finish, closed: make(chan struct{})}
}

func (e *echo) Serve(connections net.Listener) error {
	e.mu.Lock()
	e.inner = connections
	e.mu.Unlock()
	for {
		c, err := connections.Accept()
		if err != nil {
			return e.unlessStopped(err)
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
	}
}

func (e *echo) unlessStopped(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return nil
	}
	return err
}

func (e *echo) stop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	if e.inner == nil {
		return nil
	}
	return e.inner.Close()
}

func (e *echo) Shutdown(ctx context.Context) error {
	if err := e.stop(); err != nil || e.finish == nil {
		return err
	}
	return e.finish(ctx)
}

func (e *echo) Close() error {
	close(e.closed)
	return nil
}

// talk returns what comes back of a word.
func talk(t *testing.T, c net.Conn, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 5)
	if _, err := io.ReadFull(c, back); err != nil {
		t.Fatal(err)
	}
	return string(back)
}

func TestAServiceServesItsConnections(t *testing.T) {
	for name, row := range map[string]struct {
		secure bool
		dial   func(addr string) (net.Conn, error)
	}{
		"clear": {false, func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }},
		"TLS": {true, func(addr string) (net.Conn, error) {
			return tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1", "h2"}}) //nolint:gosec // see client
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := server.Listener{Name: "service", Address: "127.0.0.1:0", Service: newEcho(nil), Limits: server.Limits{Clients: bound.Config{Connections: 10}}}
			if row.secure {
				l.Certificate = newCertificate(t, t.TempDir())
			}
			s := run(t, server.Config{Listeners: []server.Listener{l}})
			addr := s.Addr("service").String()
			c, err := row.dial(addr)
			if got := talk(t, c, err); got != "hello" {
				t.Errorf("got %q", got)
			}
			if secure, is := c.(*tls.Conn); is && secure.ConnectionState().NegotiatedProtocol != "h2" {
				t.Errorf("it speaks %q", secure.ConnectionState().NegotiatedProtocol)
			}
			s.stop()
			if err := <-s.done; err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
}

// TestAServiceThatEndsLateKeepsNobodyWaiting: the verify API stops taking requests beside
// it, and has the whole grace for those that it has.
func TestAServiceThatEndsLateKeepsNobodyWaiting(t *testing.T) {
	begun, refusing, answered := make(chan struct{}), make(chan struct{}), make(chan struct{})
	late := newEcho(func(ctx context.Context) error {
		select {
		case <-answered:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	s := run(t, server.Config{ShutdownGrace: 10 * time.Second, Listeners: []server.Listener{
		{Name: "verify API", Address: "127.0.0.1:0", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(begun)
			<-refusing
		})},
		{Name: "service", Address: "127.0.0.1:0", Service: late},
	}})
	addr := s.Addr("verify API").String()
	go func() {
		defer close(answered)
		response, err := http.Get("http://" + addr)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("the request under way got %v, %v", response, err)
			return
		}
		_ = response.Body.Close()
	}()
	<-begun
	s.stop()
	go func() { // until the verify API takes no connection
		defer close(refusing)
		for {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	if err := <-s.done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestAServiceBeyondTheGraceIsClosed(t *testing.T) {
	stuck := newEcho(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	s := run(t, server.Config{ShutdownGrace: time.Millisecond, Listeners: []server.Listener{{Name: "service", Address: "127.0.0.1:0", Service: stuck}}})
	s.stop()
	if err := <-s.done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run = %v", err)
	}
	<-stuck.closed
}
