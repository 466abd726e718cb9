package bound_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
)

// from is a connection that says where it comes from.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// pipes is a listener of connections in memory, whose deadlines go by the clock of
// synctest.
type pipes struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{accept: make(chan net.Conn), closed: make(chan struct{})} }

// dial returns the client's end of a connection from an address.
func (p *pipes) dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	p.accept <- from{server, &net.TCPAddr{IP: net.ParseIP(addr), Port: 4711}}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serve serves a handler on a listener within bounds until the test ends.
func serve(t *testing.T, inner net.Listener, config bound.Config, handler http.HandlerFunc) {
	t.Helper()
	server := &http.Server{
		Handler: bound.Handler(handler), ConnContext: bound.ConnContext, ConnState: bound.ConnState,
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Hour,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(bound.New(inner, config)) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if _, memory := inner.(*pipes); memory { // by the clock of synctest: the server waits a moment where it ends a connection
			time.Sleep(time.Second)
		}
	})
}

// refusals notes why connections were refused.
type refusals struct {
	mu      sync.Mutex
	reasons map[bound.Reason]int
}

func (r *refusals) note(reason bound.Reason, _ netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reasons == nil {
		r.reasons = make(map[bound.Reason]int)
	}
	r.reasons[reason]++
}

func (r *refusals) count(reason bound.Reason) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reasons[reason]
}

// get asks on a connection and leaves it open. It reports whether it was answered.
func get(c net.Conn) bool {
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// listen returns a listener on a socket of this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	inner, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inner.Close() })
	return inner
}
