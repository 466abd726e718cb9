package bound

import (
	"context"
	"net"
	"net/http"
	"time"
)

type connKey struct{}

// ConnContext is for [http.Server]: it lets [Handler] find a request's connection.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if ours := find(c); ours != nil {
		return context.WithValue(ctx, connKey{}, ours)
	}
	return ctx
}

// ConnState is for [http.Server]: it tells which connections are idle.
func ConnState(c net.Conn, state http.ConnState) {
	ours := find(c)
	switch {
	case ours == nil:
	case state == http.StateIdle:
		ours.head.expect()
		ours.listener.rest(ours)
	case ours.idle.Load():
		ours.listener.busy(ours)
	}
}

// find returns the connection of ours that another one wraps, or nil.
func find(c net.Conn) *conn {
	for {
		if ours, found := c.(*conn); found {
			return ours
		}
		wrapper, wraps := c.(interface{ NetConn() net.Conn })
		if !wraps {
			return nil
		}
		c = wrapper.NetConn()
	}
}

// Handler refuses requests with more than [MaxFields] header fields, and times the
// bodies of those that come on connections that a [Listener] accepted.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ours := r.Context().Value(connKey{}).(*conn)
		if ours {
			c.head.coming.Store(false)
		}
		if hasTooManyFields(r.Header) {
			refuseFields(w)
			return
		}
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
