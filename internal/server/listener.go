package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/framing"
)

// Listener says where a [Server] listens and what it serves there.
type Listener struct {
	Name        string                // such as "verify API"; used in logs and errors, and different for each listener
	Address     string                // such as "127.0.0.1:8080"; port 0: any
	Bound       net.Listener          // a listener that is already bound, such as a unix socket, instead of Address
	Handler     http.Handler          // nil: every request gets 404
	Service     Service               // serves the connections instead of Handler; nil: HTTP/1.1 is served
	Health      bool                  // answers /healthz and /readyz before Handler
	Certificate *certfile.Certificate // nil: no TLS
	Optional    bool                  // if another program has the address, the server logs so and goes without
	Limits      Limits
}

// Service serves the connections of a listener in a protocol of its own.
type Service interface {
	// Serve returns nil after Shutdown or Close.
	Serve(connections net.Listener) error
	// Shutdown returns once no call is under way any more, or with ctx's error.
	Shutdown(ctx context.Context) error
	// Close ends all calls at once.
	Close() error
}

// Limits bound the connections and the time that clients of a listener can take up.
// They don't bound how many requests are handled at once: that is up to the handler.
type Limits struct {
	ReadHeaderTimeout time.Duration // for the TLS handshake, and again for a request's head; 0: 5 s
	ReadTimeout       time.Duration // for a request with its body; 0: no bound, as long as the body goes on arriving
	IdleTimeout       time.Duration // of a kept-alive connection; 0: 2 minutes
	MaxHeaderBytes    int           // a larger head gets 431; 0: 32 KiB
	Clients           bound.Config  // bounds connections, and how slow a client may be; the Server sets its Wrap
}

const (
	defaultReadHeaderTimeout = 5 * time.Second // a slow client may not hold a connection without a request
	defaultIdleTimeout       = 2 * time.Minute
	defaultMaxHeaderBytes    = 32 << 10
)

func (l Limits) withDefaults() Limits {
	l.ReadHeaderTimeout = cmp.Or(l.ReadHeaderTimeout, defaultReadHeaderTimeout)
	l.IdleTimeout = cmp.Or(l.IdleTimeout, defaultIdleTimeout)
	l.MaxHeaderBytes = cmp.Or(l.MaxHeaderBytes, defaultMaxHeaderBytes)
	return l
}

// listener is a Listener that is bound.
type listener struct {
	name        string
	certificate *certfile.Certificate // nil: no TLS
	net         net.Listener
	service     Service
	own         bool // the service is the Listener's own
}

// ListenError says which listener can't have its address.
type ListenError struct {
	Name, Address string // as in the [Listener]
	Err           error
}

// Error implements error.
func (e *ListenError) Error() string {
	return fmt.Sprintf("listening for the %s on %s: %v", e.Name, e.Address, e.Err)
}

// Unwrap gives errors.Is and As the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// bind begins to listen. Nothing is accepted yet.
func (s *Server) bind(ctx context.Context, l Listener) error {
	inner, limits := l.Bound, l.Limits.withDefaults()
	if inner == nil {
		tcp, err := new(net.ListenConfig).Listen(ctx, "tcp", l.Address)
		if err != nil {
			return &ListenError{Name: l.Name, Address: l.Address, Err: err}
		}
		inner = tcp
	}
	if l.Certificate != nil {
		settings := tlsConfig(l.Certificate)
		if l.Service != nil {
			settings.NextProtos = []string{"h2"}
		}
		limits.Clients.Wrap = func(c net.Conn) net.Conn { return tls.Server(c, settings) }
	}
	limits.Clients.OtherProtocol = l.Service != nil
	bounded, service := net.Listener(bound.New(inner, limits.Clients)), l.Service
	if service == nil {
		bounded, service = s.overHTTP(bounded, l, limits)
	}
	s.listeners = append(s.listeners, listener{name: l.Name, certificate: l.Certificate, net: bounded, service: service, own: l.Service != nil})
	return nil
}

// overHTTP returns what serves a listener's Handler, and the connections for it.
func (s *Server) overHTTP(bounded net.Listener, l Listener, limits Limits) (net.Listener, Service) {
	handler := l.Handler
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	if l.Health {
		handler = s.withHealth(handler)
	}
	var accepting net.Listener = framing.Listener{Listener: bounded}
	if l.Certificate != nil {
		accepting = secureListener{accepting, limits.ReadHeaderTimeout, s.trouble}
	}
	return accepting, httpService{s.newHTTP(handler, limits)}
}

// httpService is a [Service] of HTTP.
type httpService struct{ *http.Server }

// Serve implements [Service].
func (h httpService) Serve(connections net.Listener) error {
	if err := h.Server.Serve(connections); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newHTTP returns what serves the connections of a listener. It speaks HTTP/1.1 alone:
// what is bounded, and what is watched of how requests are framed, goes by connection,
// and one of HTTP/2 carries many requests at once.
func (s *Server) newHTTP(handler http.Handler, limits Limits) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler: framing.Handler(bound.Handler(handler)),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			c = withoutState(c)
			return framing.ConnContext(bound.ConnContext(ctx, c), c)
		},
		ConnState:         bound.ConnState,
		Protocols:         protocols,
		ReadTimeout:       limits.ReadTimeout,
		ReadHeaderTimeout: limits.ReadHeaderTimeout,
		IdleTimeout:       limits.IdleTimeout,
		MaxHeaderBytes:    limits.MaxHeaderBytes,
		ErrorLog:          s.trouble.Standard(),
		// OPTIONS * is a request like any other, and goes the same way.
		DisableGeneralOptionsHandler: true,
	}
}
