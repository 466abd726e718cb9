package adminsock

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
	"github.com/ration-dev/ration/internal/adminclient"
	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	requestTime   = 10 * time.Second // in which a request must arrive
	shutdownGrace = 5 * time.Second
	maxHeader     = 8 << 10 // bytes
)

// origin is what the audit log says of changes that come over the socket.
var origin = rationadmin.Origin{From: "socket"}

// bounds are wide for commands of one person, and keep a program that has gone wrong
// from the server's descriptors.
var bounds = bound.Config{Connections: 64, Pace: bound.Pace{BytesPerSecond: 500}}

// Serve answers on the listener until ctx ends and then finishes what is under
// way. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, ops admin.Operations) error {
	server := &http.Server{
		Handler: bound.Handler(NewHandler(ops)), ConnContext: bound.ConnContext, ConnState: bound.ConnState,
		ReadHeaderTimeout: requestTime, ReadTimeout: requestTime, IdleTimeout: requestTime, MaxHeaderBytes: maxHeader,
		ErrorLog: condense.New(nil).Standard(),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(bound.New(listener, bounds)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// NewHandler returns the operations as HTTP, for callers who are the user of this process.
func NewHandler(ops admin.Operations) http.Handler { return newHandler(ops, beatInterval) }

func newHandler(ops admin.Operations, every time.Duration) http.Handler {
	return beating(adminapi.New(adminapi.Config{Authenticate: func(r *http.Request, _ string) (adminapi.Caller, error) {
		return adminapi.Caller{Actor: r.Header.Get(adminclient.ActorHeader), Operations: ops, Local: true, Origin: origin}, nil
	}}), every)
}
