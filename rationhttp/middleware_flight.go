package rationhttp

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/felixge/httpsnoop"
)

// flight is an admitted request that holds slots of concurrent limits: until its
// handler has returned or, if that took over the connection, until this is closed too.
type flight struct {
	gate   *Gate
	ctx    context.Context
	answer Answer

	hijacked atomic.Bool
	once     sync.Once
}

// watch returns a writer with the abilities of w that notices a handler that takes over
// the connection.
func (f *flight) watch(w http.ResponseWriter) http.ResponseWriter {
	return httpsnoop.Wrap(w, httpsnoop.Hooks{
		Hijack: func(hijack httpsnoop.HijackFunc) httpsnoop.HijackFunc {
			return func() (net.Conn, *bufio.ReadWriter, error) {
				conn, buffer, err := hijack()
				if err != nil {
					return conn, buffer, err
				}
				f.hijacked.Store(true)
				return &flightConn{conn, f}, buffer, nil
			}
		},
	})
}

// handled is called when the handler has returned.
func (f *flight) handled() {
	if !f.hijacked.Load() {
		f.end()
	}
}

func (f *flight) end() {
	f.once.Do(func() { _ = f.gate.Release(f.ctx, &f.answer) }) // it tries again by itself
}

// flightConn ends a flight when it is closed.
type flightConn struct {
	net.Conn
	flight *flight
}

// Close implements net.Conn.
func (c *flightConn) Close() error {
	err := c.Conn.Close()
	c.flight.end()
	return err
}
