package framing

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// Listener looks at what comes in on the connections of another.
type Listener struct{ net.Listener }

// Accept implements net.Listener.
func (l Listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: accepted}, nil
}

// conn is one connection. Its reader is net/http, which reads in one place at a time.
type conn struct {
	net.Conn
	scanner  scanner
	coded    atomic.Bool
	doubtful atomic.Bool
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.scanner.write(p[:n])
	c.coded.Store(c.scanner.coded)
	c.doubtful.Store(c.scanner.doubtful)
	return n, err
}

// CloseWrite lets net/http end an answer before it ends the connection, where it
// does that for a connection of TCP.
func (c *conn) CloseWrite() error {
	if half, able := c.Conn.(interface{ CloseWrite() error }); able {
		return half.CloseWrite()
	}
	return nil
}

// NetConn returns the connection that is looked at.
func (c *conn) NetConn() net.Conn { return c.Conn }

type connKey struct{}

// ConnContext is for [http.Server]: it lets [Handler] find a request's connection.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// Handler makes an answer the last one of its connection if it is in doubt where a
// request on that connection has ended, this one or one that came with it. It does
// nothing on connections that no [Listener] has accepted.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ours := r.Context().Value(connKey{}).(*conn); ours {
			if c.doubtful.Load() || c.coded.Load() && !r.ProtoAtLeast(1, 1) {
				w.Header().Set("Connection", "close")
			}
		}
		next.ServeHTTP(w, r)
	})
}
