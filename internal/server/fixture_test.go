package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/server"
)

// setup is a server of two listeners, an API with health and, before it stops, a proxy.
type setup struct {
	API, Proxy                   http.Handler // nil: no handler, and no proxy
	ProxyAddr                    string       // empty: any
	Ready                        func(context.Context) error
	ShutdownDelay, ShutdownGrace time.Duration
	APIBounds, ProxyBounds       bound.Config
	Certificate                  *certfile.Certificate // of the proxy
	Log                          *slog.Logger
}

func (s setup) config() server.Config {
	config := server.Config{
		Ready: s.Ready, ShutdownDelay: s.ShutdownDelay, ShutdownGrace: s.ShutdownGrace, Log: s.Log,
		CertificateInterval: 5 * time.Millisecond,
		Listeners:           []server.Listener{{Name: "verify API", Address: "127.0.0.1:0", Handler: s.API, Health: true, Limits: server.Limits{Clients: s.APIBounds}}},
	}
	if s.ProxyAddr == "" {
		s.ProxyAddr = "127.0.0.1:0"
	}
	if s.Proxy != nil {
		config.Listeners = append(config.Listeners, server.Listener{
			Name: "proxy", Address: s.ProxyAddr, Handler: s.Proxy, Certificate: s.Certificate, Limits: server.Limits{Clients: s.ProxyBounds},
		})
	}
	return config
}

// running is a server under test, and what Run returned once it was stopped.
type running struct {
	*server.Server
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, s setup) *running {
	t.Helper()
	return run(t, s.config())
}

func run(t *testing.T, config server.Config) *running {
	t.Helper()
	s := server.New(config)
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r := &running{Server: s, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	return r
}
