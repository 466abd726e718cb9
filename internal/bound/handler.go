package bound

import (
	"context"
	"net"
	"net/http"
	"time"
)

type connKey struct{}

// layers are what a [Listener] has put on a connection.
type layers struct {
	conn   *conn
	headed *headed
}

// ConnContext is for [http.Server]: it lets [Handler] find a request's connection.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if ours, found := layersOf(c); found {
		return context.WithValue(ctx, connKey{}, ours)
	}
	return ctx
}

// ConnState is for [http.Server]: it tells which connections are idle.
func ConnState(c net.Conn, state http.ConnState) {
	ours, found := layersOf(c)
	switch {
	case !found:
	case state == http.StateIdle:
		ours.headed.head.expect()
		ours.conn.listener.rest(ours.conn)
	case ours.conn.idle.Load():
		ours.conn.listener.busy(ours.conn)
	}
}

// layersOf finds what a [Listener] has put on a connection, beneath whatever others
// have.
func layersOf(c net.Conn) (layers, bool) {
	headed := find[*headed](c)
	if headed == nil {
		return layers{}, false
	}
	return layers{find[*conn](headed), headed}, true
}

// find returns the connection of a type that another one wraps, or its zero value.
func find[C net.Conn](c net.Conn) (none C) {
	for {
		if found, is := c.(C); is {
			return found
		}
		wrapper, wraps := c.(interface{ NetConn() net.Conn })
		if !wraps {
			return none
		}
		c = wrapper.NetConn()
	}
}

// Handler refuses requests with more than [MaxFields] header fields, and times the
// bodies of those that come on connections that a [Listener] accepted.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on, ours := r.Context().Value(connKey{}).(layers)
		if ours {
			on.headed.head.coming.Store(false)
		}
		if hasTooManyFields(r.Header) {
			refuseFields(w)
			return
		}
		c := on.conn
		if !ours || c.reader.unlimited() || r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		timed := &body{ReadCloser: r.Body, conn: c, sender: newPatience(c.listener.config.Pace)}
		request := *r
		request.Body = timed
		// The server itself reads what a handler leaves, before it answers: no longer
		// than the handler may.
		if c.waitForBody(time.Now().Add(timed.sender.left)) != nil {
			return // the connection is closed
		}
		defer timed.leave()
		next.ServeHTTP(w, &request)
	})
}
