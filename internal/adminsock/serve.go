package adminsock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	maxRequest    = 4 << 20          // bytes; a hundred imported keys of the largest size
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

// NewHandler returns the operations as HTTP.
func NewHandler(ops admin.Operations) http.Handler { return newHandler(ops, beatInterval) }

// newHandler shows that it lives at intervals, while an operation is under way.
func newHandler(ops admin.Operations, every time.Duration) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rpc/{operation}", func(w http.ResponseWriter, r *http.Request) {
		do, known := operations[r.PathValue("operation")]
		if !known {
			writeReply(w, reply{Error: toWire(errOtherRelease)})
			return
		}
		writeReply(w, answer(w, r, ops, do, every))
	})
	return mux
}

func answer(w http.ResponseWriter, r *http.Request, ops admin.Operations, do operation, every time.Duration) reply {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return reply{Error: toWire(err)}
	}
	asked, err := decode[request](body)
	if err != nil {
		return reply{Error: toWire(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	stop := beat(w, every)
	defer stop()
	output, err := do(rationadmin.WithOrigin(r.Context(), origin), ops, asked)
	if err != nil {
		return reply{Error: toWire(err)}
	}
	text, err := json.Marshal(output)
	if err != nil {
		return reply{Error: toWire(err)}
	}
	return reply{Output: text}
}

func writeReply(w http.ResponseWriter, answer reply) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(answer) // the client may be gone; there is nobody else to tell
}
