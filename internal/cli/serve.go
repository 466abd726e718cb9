package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the proxy and the verify API",
		Long: `Serves POST /v1/verify and /v1/reservations, /healthz and /readyz. With --upstream
it also serves the reverse proxy in front of an API.

SIGTERM stops it cleanly: it reports that it is not ready, finishes its requests,
flushes its charges and exits with code 0. A second signal ends it at once. If
PostgreSQL is away when it starts, it waits, not ready, for wait_for_database, and
then exits with code 4.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			log := newLogger(settings, a.stderr)
			i, err := newInstance(cmd.Context(), settings, log)
			if err != nil {
				return err
			}
			log.Info("serving the API", "address", i.server.Addr(apiListener).String(), "tls", !settings.APITLS.IsZero(), "database", describe(settings.DB))
			if addr := i.server.Addr(proxyListener); addr != nil {
				log.Info("serving the proxy", "address", addr.String(), "tls", !settings.TLS.IsZero(), "upstream", settings.Upstream.Redacted())
			}
			if i.awaited != nil {
				log.Warn("not ready: waiting for the database", "for_at_most", settings.WaitForDatabase, "reason", i.awaited.reason())
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			if err := i.run(ctx); err != nil {
				return err
			}
			log.Info("stopped cleanly")
			return nil
		},
	}
	a.addSettingFlags(cmd)
	return cmd
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. A
// second one ends the process with exit code 1.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
			return
		}
		<-signals
		os.Exit(exitFailure)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
