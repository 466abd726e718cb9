package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/metrics"
)

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the proxy, the verify API and the admin API",
		Long: `Serves POST /v1/verify and /v1/reservations, /healthz and /readyz, and on a listener
of its own the admin API, /v1/admin. With --upstream it also serves the reverse proxy in
front of an API.

SIGTERM stops it cleanly: it reports that it is not ready, finishes its requests,
flushes its charges and exits with code 0. A second signal ends it at once. If
PostgreSQL is away when it starts, it waits, not ready, for wait_for_database, and
then exits with code 4.`,
		Example: `  ration serve --upstream http://127.0.0.1:3000
  ration serve --config ration.yaml
  ration serve --upstream http://127.0.0.1:3000 --listen 0.0.0.0:8080 --trusted-proxies 10.0.0.0/8`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.localSettings(cmd)
			if err != nil {
				return err
			}
			log := newLogger(settings, a.stderr)
			isNew := settings.DB.URL == "" && isMissing(settings.DB.Path)
			i, err := newInstance(cmd.Context(), settings, log, newAccessLog(settings, a.stdout, a.stderr))
			if err != nil {
				return err
			}
			i.reportKeys(cmd.Context(), isNew)
			log.Info("serving the verify API", "address", i.server.Addr(verifyListener).String(), "tls", !settings.APITLS.IsZero(), "database", describe(settings.DB))
			if addr := i.server.Addr(adminListener); addr != nil {
				log.Info("serving the console and the admin API", "address", addr.String(), "tls", !settings.AdminTLS.IsZero())
			}
			if addr := i.server.Addr(envoyListener); addr != nil {
				log.Info("serving Envoy over gRPC", "address", addr.String(), "tls", !settings.EnvoyTLS.IsZero())
			}
			if addr := i.server.Addr(metricsListener); addr != nil {
				log.Info("serving the metrics", "address", addr.String(), "path", metrics.Path)
			}
			if addr := i.server.Addr(proxyListener); addr != nil {
				log.Info("serving the proxy", "address", addr.String(), "tls", !settings.TLS.IsZero(), "upstream", settings.Upstream.Redacted())
			} else {
				log.Info("no proxy runs, because no upstream is set", "cure", "name your API with --upstream, unless it asks the verify API itself")
			}
			a.greet(cmd.Context(), i)
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
	showDailyFirst(cmd)
	return cmd
}

// maxKeysCounted is how many keys the start counts at most.
const maxKeysCounted = 100_000

// reportKeys says which database it is, and whether there are keys in it: a wrong
// directory would look as if they were lost.
func (i *instance) reportKeys(ctx context.Context, isNew bool) {
	if isNew {
		i.log.InfoContext(ctx, "created a new, empty database", "path", absolute(i.settings.DB.Path))
		return
	}
	if i.store == nil { // it is awaited
		return
	}
	count, err := i.store.CountKeys(ctx, maxKeysCounted+1)
	switch {
	case err != nil:
		i.log.WarnContext(ctx, "the keys of the database could not be counted", "error", err)
	case count > maxKeysCounted:
		i.log.InfoContext(ctx, "found the database", "database", describe(i.settings.DB), "keys", fmt.Sprintf("more than %d", maxKeysCounted))
	default:
		i.log.InfoContext(ctx, "found the database", "database", describe(i.settings.DB), "keys", count)
	}
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
