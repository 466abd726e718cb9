package client

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// attempt is what is known of a request while it is sent.
type attempt struct {
	asked, connected atomic.Bool // for a connection; and has one
}

// watch returns a context by which the transport says how far it came.
func (a *attempt) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { a.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { a.connected.Store(true) },
	})
}

// unsent reports whether nothing of a request that failed was sent: there was never a
// connection that TLS had let pass. A transport that says nothing of its connections must
// have failed to dial.
func (a *attempt) unsent(err error) bool {
	if a.asked.Load() {
		return !a.connected.Load()
	}
	failure, ok := errors.AsType[*net.OpError](err)
	return ok && failure.Op == "dial"
}
