// Command go-middleware is an API in Go with keys and quotas in its own process: no Ration server runs,
// and any number of instances share one PostgreSQL.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/rationhttp"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	store, err := postgres.Open(ctx, postgres.Config{URL: os.Getenv("RATION_DB")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	engine := ration.NewEngine(store, ration.EngineConfig{})
	defer func() { err = errors.Join(err, engine.Close(context.WithoutCancel(ctx))) }()
	return serve(ctx, newAPI(engine))
}

// newAPI puts the middleware before what counts, and leaves the rest free.
func newAPI(engine *ration.Engine) http.Handler {
	perRequest := rationhttp.Middleware(engine)
	perTokens := rationhttp.Middleware(engine, rationhttp.WithQuestion(func(*http.Request) rationhttp.Question {
		return rationhttp.Question{Amounts: []ration.Amount{{Meter: "tokens", Units: 5}}}
	}))
	api := http.NewServeMux()
	api.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	api.Handle("GET /ask", perRequest(http.HandlerFunc(ask)))
	api.Handle("GET /text", perTokens(http.HandlerFunc(ask)))
	return api
}

func ask(w http.ResponseWriter, r *http.Request) {
	decision, _ := rationhttp.DecisionFrom(r.Context())
	fmt.Fprintf(w, "forty-two, %s", decision.Owner)
}

// serve answers requests until ctx ends, and lets those under way finish.
func serve(ctx context.Context, api http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	server := &http.Server{Handler: api, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return server.Shutdown(context.WithoutCancel(ctx))
	}
}
