package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ration-dev/ration/internal/condense"
)

// Config says what a Server serves.
type Config struct {
	// Listeners are bound in this order, and stop in reverse order. Put listeners
	// whose requests are charged last, so that the others go on telling readiness
	// until these have stopped. Those with a Service stop beside the others.
	Listeners []Listener
	Ready     func(context.Context) error // returns nil if the server is ready, else why not; nil: it is always ready
	// ShutdownDelay is how long the server goes on serving, but not ready, before it
	// refuses connections, so that load balancers notice. 0: not at all.
	ShutdownDelay time.Duration
	// ShutdownGrace is how long after that requests under way have time to finish. 0:
	// 30 s.
	ShutdownGrace time.Duration
	// CertificateInterval is the time between two looks at the files of certificates,
	// which may have changed. 0: 5 s.
	CertificateInterval time.Duration
	Log                 *slog.Logger // nil: nothing is logged
}

// Server has the listeners of one instance. Use it once: call Listen, then Run.
type Server struct {
	config    Config
	trouble   *condense.Log
	stopping  atomic.Bool
	listeners []listener
}

// New returns a Server that has bound nothing yet.
func New(config Config) *Server {
	if config.ShutdownGrace == 0 {
		config.ShutdownGrace = 30 * time.Second
	}
	if config.CertificateInterval == 0 {
		config.CertificateInterval = 5 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{config: config, trouble: condense.New(config.Log)}
}

// Listen binds all addresses, except that of an optional listener that is taken. If it fails, none is bound, and it also closes the
// listeners that were already bound.
func (s *Server) Listen(ctx context.Context) error {
	var failure error
	for _, l := range s.config.Listeners {
		err := s.bind(ctx, l)
		if l.Optional && errors.Is(err, syscall.EADDRINUSE) {
			s.config.Log.WarnContext(ctx, "not serving the "+l.Name+", because another program has its address", "address", l.Address)
			continue
		}
		switch {
		case err != nil && failure != nil:
			failure = fmt.Errorf("%w; %w", failure, err) // or each start would tell of one
		case err != nil:
			failure = err
		}
	}
	if failure != nil {
		s.Close()
	}
	return failure
}

// Addr returns the address of the listener with a name, or nil if there is no such
// listener.
func (s *Server) Addr(name string) net.Addr {
	for _, l := range s.listeners {
		if l.name == name {
			return l.net.Addr()
		}
	}
	return nil
}

// Run serves until ctx ends, and then shuts down in order. It returns nil if every
// request under way finished within the grace, and otherwise an error that says which
// did not. It also returns if a listener fails.
func (s *Server) Run(ctx context.Context) error {
	broken := make(chan error, len(s.listeners))
	watching, stopWatching := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer stopWatching()
	for _, l := range s.listeners {
		go func() {
			if err := l.service.Serve(l.net); err != nil {
				broken <- fmt.Errorf("serving the %s: %w", l.name, err)
			}
		}()
		if l.certificate != nil {
			watches.Go(func() { l.certificate.Watch(watching, s.config.CertificateInterval, s.config.Log) })
		}
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-broken:
	}
	return errors.Join(failure, s.shutdown(context.WithoutCancel(ctx), failure == nil))
}

// shutdown stops the last listener first. What serves a protocol of its own stops beside
// the others: none waits for its peers before it stops taking requests.
func (s *Server) shutdown(ctx context.Context, orderly bool) error {
	s.stopping.Store(true)
	if orderly && s.config.ShutdownDelay > 0 {
		s.config.Log.Info("no longer ready, still serving", "delay", s.config.ShutdownDelay)
		time.Sleep(s.config.ShutdownDelay)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.ShutdownGrace)
	defer cancel()
	errs := make([]error, len(s.listeners))
	var services sync.WaitGroup
	for i, l := range s.listeners {
		if l.own {
			services.Go(func() { errs[i] = s.finish(ctx, l) })
		}
	}
	for i, l := range slices.Backward(s.listeners) {
		if !l.own {
			errs[i] = s.finish(ctx, l)
		}
	}
	services.Wait()
	slices.Reverse(errs)
	return errors.Join(errs...)
}

// finish waits until no request of a listener is under way any more, or ends them when ctx
// ends.
func (s *Server) finish(ctx context.Context, l listener) error {
	if err := l.service.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("finishing the %s's requests within %s: %w", l.name, s.config.ShutdownGrace, err), l.service.Close())
	}
	return nil
}

// Close closes what Listen has bound, if the server is not to run after all. After
// Run it has nothing to do.
func (s *Server) Close() {
	for _, l := range s.listeners {
		_ = l.net.Close()
	}
}
