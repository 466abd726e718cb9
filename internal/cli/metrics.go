package cli

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/metrics"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/internal/server"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/observe"
)

// mostOpenCounted is how many open reservations are counted, so that it takes a
// moment only.
const mostOpenCounted = 100_000

// newMetrics returns what measures an instance; nil if nothing is to be measured.
func newMetrics(settings config.Config) (*metrics.Metrics, error) {
	if settings.MetricsListen == "" {
		return nil, nil //nolint:nilnil // nothing is measured
	}
	table, err := route.Compile(settings.Routes)
	if err != nil {
		return nil, err
	}
	info, _ := debug.ReadBuildInfo()
	build := buildVersion(info)
	measured := metrics.Config{
		Routes: append(table.Names(), verify.Routes()...), FailOpen: table.FailOpen(),
		Version: build.Version, Revision: build.Revision, Go: build.Go,
	}
	if settings.Upstream != nil && len(table.FailOpen()) > 0 {
		measured.Weakened = append(measured.Weakened, metrics.WeakenedFailOpen)
	}
	if settings.AcceptOverage {
		measured.Weakened = append(measured.Weakened, metrics.WeakenedOverage)
	}
	return metrics.New(measured), nil
}

// observeStore returns who is told what the store does.
func (i *instance) observeStore() observe.Observer {
	if i.metrics == nil {
		return i.activity
	}
	return observers{i.activity, i.metrics}
}

// observeBatches returns who is told of each batch of the engine; nil: nobody.
func (i *instance) observeBatches() observe.Observer {
	logged := i.activity.ofBatches()
	switch {
	case i.metrics == nil:
		return logged
	case logged == nil:
		return i.metrics
	}
	return observers{logged, i.metrics}
}

// withMetrics serves the metrics before an API, if they belong there. They are no answer
// of it, and the access log doesn't have them.
func (i *instance) withMetrics(api http.Handler) http.Handler {
	if i.settings.MetricsListen != config.MetricsOnAPI {
		return api
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+metrics.Path, i.metrics.Handler())
	mux.Handle("/", api)
	return mux
}

// metricsListeners returns the listener of the metrics, if they have one of their own.
func (i *instance) metricsListeners(limits server.Limits) []server.Listener {
	if i.settings.MetricsListen == "" || i.settings.MetricsListen == config.MetricsOnAPI {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+metrics.Path, i.metrics.Handler())
	return []server.Listener{{Name: metricsListener, Address: i.settings.MetricsListen, Handler: mux, Health: true, Limits: limits}}
}

// measureDatabase reads facts about the database until ctx ends.
func (i *instance) measureDatabase(ctx context.Context) {
	if i.metrics != nil {
		i.metrics.Purges(i.store.PurgedTables())
		i.metrics.Run(ctx, i.facts)
	}
}

// facts reads what metrics tell of the database.
func (i *instance) facts(ctx context.Context) (found metrics.Facts, err error) {
	ready := i.store.Ready(ctx)
	found.Ready = ready == nil
	described, _, err := i.store.Database(ctx)
	if err != nil {
		return found, errors.Join(err, ready)
	}
	found.SchemaVersion, found.Size = described.Schema, described.Size
	open, err := i.store.OpenReservations(ctx, mostOpenCounted)
	if err != nil {
		return found, err
	}
	if found.Open = open.Count; open.Count > 0 {
		found.Oldest = max(0, open.Now.Sub(open.Oldest))
	}
	if err := i.webhookFacts(ctx, &found); err != nil {
		return found, err
	}
	if server, ok := i.store.(interface {
		AwaitingStandby(ctx context.Context) (int64, error)
	}); ok {
		found.AwaitingStandby, err = server.AwaitingStandby(ctx)
	}
	return found, err
}
