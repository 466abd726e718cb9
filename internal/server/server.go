package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/framing"
)

const (
	readHeaderTimeout = 5 * time.Second  // a slow client may not hold a connection without a request
	idleTimeout       = 2 * time.Minute  // of a kept-alive connection
	apiReadTimeout    = 30 * time.Second // the API's bodies are small; the proxy's may be long uploads
	maxHeaderBytes    = 32 << 10         // beyond it: 431
)

// Config says what a Server serves.
type Config struct {
	Proxy     http.Handler                // what the proxy listener serves; nil: no proxy
	ProxyAddr string                      // such as "127.0.0.1:8080"; port 0: any
	API       http.Handler                // what the API listener serves beside health and readiness
	APIAddr   string                      // such as "127.0.0.1:8081"
	Ready     func(context.Context) error // why not, or nil
	// ShutdownDelay is how long the server stays up, not ready, before it
	// refuses connections, so that load balancers notice. 0: none.
	ShutdownDelay time.Duration
	// ShutdownGrace is how long requests under way may take to finish after
	// that. 0: 30 s.
	ShutdownGrace time.Duration
	// ProxyBounds and APIBounds bound what clients of each listener can hold.
	ProxyBounds, APIBounds bound.Config
	Log                    *slog.Logger // nil: nothing is logged
}

// Server is the listeners of one instance. Use it once: Listen, then Run.
type Server struct {
	config    Config
	trouble   *condense.Log
	stopping  atomic.Bool
	listeners []listener
}

type listener struct {
	name   string
	net    net.Listener
	server *http.Server
}

// New returns a Server that has bound nothing yet.
func New(config Config) *Server {
	if config.ShutdownGrace == 0 {
		config.ShutdownGrace = 30 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{config: config, trouble: condense.New(config.Log)}
}

// Listen binds all addresses or none.
func (s *Server) Listen(ctx context.Context) error {
	if err := s.bind(ctx, "API", s.config.APIAddr, s.apiHandler(), apiReadTimeout, s.config.APIBounds); err != nil {
		return err
	}
	if s.config.Proxy == nil {
		return nil
	}
	if err := s.bind(ctx, "proxy", s.config.ProxyAddr, s.config.Proxy, 0, s.config.ProxyBounds); err != nil {
		s.Close()
		return err
	}
	return nil
}

// APIAddr returns the address that the API listener is bound to.
func (s *Server) APIAddr() net.Addr { return s.listeners[0].net.Addr() }

// ProxyAddr returns the address that the proxy listener is bound to, or nil if there is none.
func (s *Server) ProxyAddr() net.Addr {
	if len(s.listeners) < 2 {
		return nil
	}
	return s.listeners[1].net.Addr()
}

// Run serves until ctx ends, then shuts down in order. It returns nil if every
// request under way was finished within the grace, and otherwise an error that
// says what was not. It also returns if a listener breaks.
func (s *Server) Run(ctx context.Context) error {
	broken := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() {
			if err := l.server.Serve(l.net); !errors.Is(err, http.ErrServerClosed) {
				broken <- fmt.Errorf("serving the %s: %w", l.name, err)
			}
		}()
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-broken:
	}
	return errors.Join(failure, s.shutdown(context.WithoutCancel(ctx), failure == nil))
}

// bind listens for a handler. A read timeout of 0 is none: an upload may take its
// time, as long as it goes on.
func (s *Server) bind(ctx context.Context, name, addr string, handler http.Handler, readTimeout time.Duration, bounds bound.Config) error {
	tcp, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening for the %s on %s: %w", name, addr, err)
	}
	s.listeners = append(s.listeners, listener{name: name, net: framing.Listener{Listener: bound.New(tcp, bounds)}, server: &http.Server{
		Handler: framing.Handler(bound.Handler(handler)),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return framing.ConnContext(bound.ConnContext(ctx, c), c)
		},
		ConnState:         bound.ConnState,
		ReadTimeout:       readTimeout,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          s.trouble.Standard(),
		// OPTIONS * is a request like any other, and goes the same way.
		DisableGeneralOptionsHandler: true,
	}})
	return nil
}

// shutdown stops the proxy first: its requests are the ones that charge.
func (s *Server) shutdown(ctx context.Context, orderly bool) error {
	s.stopping.Store(true)
	if orderly && s.config.ShutdownDelay > 0 {
		s.config.Log.Info("not ready any more, still serving", "delay", s.config.ShutdownDelay)
		time.Sleep(s.config.ShutdownDelay)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.ShutdownGrace)
	defer cancel()
	var errs []error
	for i := len(s.listeners) - 1; i >= 0; i-- {
		l := s.listeners[i]
		if err := l.server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("finishing the %s's requests within %s: %w", l.name, s.config.ShutdownGrace, err), l.server.Close())
		}
	}
	return errors.Join(errs...)
}

// Close gives up what Listen has bound, of a server that is not to run after all.
// After Run there is nothing left for it.
func (s *Server) Close() {
	for _, l := range s.listeners {
		_ = l.net.Close()
	}
}
