package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/lmittmann/tint"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/accesslog"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/heartbeat"
	"github.com/ration-dev/ration/internal/jobs"
	"github.com/ration-dev/ration/internal/metrics"
	"github.com/ration-dev/ration/internal/server"
	"github.com/ration-dev/ration/internal/tracing"
	"github.com/ration-dev/ration/internal/traffic"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/sqlite"
)

// database is what both stores are.
type database interface {
	ration.Store
	admin.Store
	PurgedTables() []string
}

// instance is a server with everything it needs, from the database to the
// listeners.
type instance struct {
	settings   config.Config
	self       rationadmin.Instance
	log        *slog.Logger
	access     *accesslog.Log // nil: none is written
	activity   *activityLog
	traffic    *traffic.Counter
	metrics    *metrics.Metrics // nil: nothing is measured
	tracer     *tracing.Tracer  // nil: nothing is traced
	store      database         // nil while it is awaited
	awaited    *awaited         // nil unless the database was away
	engine     *ration.Engine
	tokens     *admin.TokenChecker
	callers    *bearer.Callers // who ask for decisions with tokens
	operators  *bearer.Callers // who use the admin listener
	sessions   *admin.SessionChecker
	operations *admin.Service
	socket     net.Listener // of administration; nil on PostgreSQL
	server     *server.Server
}

// newInstance opens the database and binds the listeners. Close it.
func newInstance(ctx context.Context, settings config.Config, log *slog.Logger, access *accesslog.Log) (_ *instance, err error) {
	build, _ := debug.ReadBuildInfo()
	if err := checkClock(time.Now(), build); err != nil {
		return nil, err
	}
	collectLess()
	i := &instance{settings: settings, self: thisInstance(settings), log: log, access: access, activity: newActivityLog(log), traffic: traffic.New(nil)}
	i.self.ID = uuid.Must(uuid.NewV7())
	if i.metrics, err = newMetrics(settings); err != nil {
		return nil, err
	}
	i.tracer = newTracer(ctx, i.self, log)
	defer func() {
		if err != nil {
			err = errors.Join(err, i.close(ctx))
		}
	}()
	if err = i.openStore(ctx); err != nil {
		return nil, err
	}
	if settings.DB.Path != "" {
		if i.socket, err = adminsock.Listen(ctx, settings.DB.Path); err != nil {
			return nil, err
		}
	}
	administration := i.administrationConfig()
	decides := i.decides()
	i.engine = ration.NewEngine(decides, ration.EngineConfig{Pepper: settings.Pepper, LeaseTTL: settings.Lease, Unknown: settings.Unknown, Observer: i.observeBatches(), Tracer: i.tracer.Batches()})
	if i.metrics != nil {
		i.metrics.Watch(i.engine)
	}
	i.tokens = admin.NewTokenChecker(decides, administration)
	i.callers = bearer.New(i.tokens)
	i.operators = bearer.NewBehind(i.tokens, rationhttp.TrustedProxies(settings.TrustedProxies).ClientIP)
	i.sessions = admin.NewSessionChecker(decides, administration)
	if i.store != nil {
		i.operations = admin.New(i.store, administration)
	}
	if i.server, err = i.newServer(); err != nil {
		return nil, err
	}
	if err = i.server.Listen(ctx); err != nil {
		return nil, explainListen(err)
	}
	return i, thisMachine.checkUpstream(ctx, settings.Upstream, i.listeners())
}

// explainListen says which flag chooses another address for a listener that can't have
// its own.
func explainListen(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range several.Unwrap() {
			all = append(all, explainListen(one))
		}
		return errors.Join(all...)
	}
	failed, ok := errors.AsType[*server.ListenError](err)
	if !ok {
		return err
	}
	setting := map[string]string{proxyListener: "listen", verifyListener: "api_listen", adminListener: "admin_listen", envoyListener: "envoy_listen", metricsListener: "metrics_listen"}[failed.Name]
	return fmt.Errorf("%w; choose another address with %s (in a file: %s)", err, "--"+strings.ReplaceAll(setting, "_", "-"), setting)
}

// listeners returns where the server listens.
func (i *instance) listeners() []listening {
	var all []listening
	for setting, bound := range map[string]net.Addr{"listen": i.server.Addr(proxyListener), "api_listen": i.server.Addr(verifyListener), "admin_listen": i.server.Addr(adminListener), "envoy_listen": i.server.Addr(envoyListener), "metrics_listen": i.server.Addr(metricsListener)} {
		if tcp, ok := bound.(*net.TCPAddr); ok {
			all = append(all, listening{setting, tcp.AddrPort()})
		}
	}
	return all
}

// openStore opens the database, or begins to await it.
func (i *instance) openStore(ctx context.Context) error {
	err := i.tryStore(ctx)
	if i.settings.WaitForDatabase > 0 && i.settings.DB.URL != "" && postgres.IsAway(err) {
		i.awaited = newAwaited(i.settings.Lanes, i.administrationConfig(), err)
		return nil
	}
	return err
}

// administrationConfig is what administration has to know of this instance.
func (i *instance) administrationConfig() admin.Config {
	return admin.Config{SecretPrefix: i.settings.SecretPrefix, Pepper: i.settings.Pepper, Instance: i.self, ConsoleURL: i.settings.ConsoleURL, PickupURL: pickupURL(i.settings)}
}

// tryStore opens the database once.
func (i *instance) tryStore(ctx context.Context) (err error) {
	if i.store, err = i.openDatabase(ctx); err != nil {
		return &storeError{err}
	}
	err = i.checkReady(ctx)
	if err == nil {
		err = i.bootstrap(ctx)
	}
	if err != nil {
		store := i.store
		i.store = nil
		return errors.Join(err, store.Close())
	}
	return nil
}

// decides returns what decisions are made on.
func (i *instance) decides() decisionStore {
	if i.awaited != nil {
		return i.awaited
	}
	return i.store
}

// checkReady refuses a database that can't be written. A clock that is suspect
// may be set right while the server runs: until then readiness says so.
func (i *instance) checkReady(ctx context.Context) error {
	err := i.store.Ready(ctx)
	if errors.Is(err, ration.ErrClockSuspect) {
		i.log.WarnContext(ctx, "not ready: no period begins until the clocks agree", "reason", err)
		return nil
	}
	if err != nil {
		return &storeError{err}
	}
	return nil
}

// run serves until ctx ends, or a database that was away has not come, and stops in order: requests under way finish,
// reservations are no longer looked after, jobs are given back, events under way to webhooks
// have 3 seconds, and the last counts of
// traffic are written, charges are flushed, the database is closed.
func (i *instance) run(ctx context.Context) error {
	served, swept := make(chan error, 1), make(chan struct{})
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	beside, stopBeside := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBeside()
	if i.socket == nil {
		served <- nil
	} else {
		go func() { served <- adminsock.Serve(beside, i.socket, i.operations) }()
	}
	go func() {
		defer close(swept)
		if err := i.await(ctx); err != nil {
			end(err)
			return
		}
		if i.store == nil { // ctx ended while the database was awaited
			return
		}
		var others sync.WaitGroup
		others.Go(func() { i.doJobs(beside) })
		others.Go(func() { heartbeat.Run(beside, i.store, i.serving(), i.log) })
		others.Go(func() { i.measureDatabase(beside) })
		others.Go(func() { i.sendEvents(beside) })
		others.Go(func() { i.traffic.Run(beside, i.store, i.log) })
		i.engine.Sweep(beside, i.reportSweep)
		others.Wait()
	}()
	err := i.server.Run(ctx)
	end(nil)
	stopBeside()
	<-swept
	if cause := context.Cause(ctx); is[*storeError](cause) {
		err = errors.Join(cause, err)
	}
	return errors.Join(err, <-served, i.close(context.WithoutCancel(ctx)))
}

// doJobs does jobs until ctx ends. An SQLite file has one server, so that what the one
// before has begun is nobody's.
func (i *instance) doJobs(ctx context.Context) {
	operations, err := i.administration()
	if err != nil {
		return // the wait for the database was ended
	}
	runner := jobs.Runner{Jobs: operations, Alone: i.settings.DB.URL == "", Log: i.log}
	runner.Run(ctx)
}

// reportSweep logs why reservations that are due could not be ended: at most once
// per sweep, and of many the first.
func (i *instance) reportSweep(err error) {
	first, _, _ := strings.Cut(err.Error(), "\n")
	i.log.Warn("some reservations have expired but could not be ended; the next sweep tries again", "error", first)
}

// close undoes what newInstance has done so far. It may be called again.
func (i *instance) close(ctx context.Context) error {
	var errs []error
	if i.server != nil {
		i.server.Close()
	}
	if i.tokens != nil {
		errs = append(errs, i.tokens.Close(ctx))
	}
	if i.sessions != nil {
		errs = append(errs, i.sessions.Close(ctx))
	}
	if i.engine != nil {
		errs = append(errs, i.engine.Close(ctx))
	}
	if i.socket != nil {
		if err := i.socket.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if i.store != nil {
		errs = append(errs, i.store.Close())
	}
	i.tracer.Close(ctx)
	return errors.Join(errs...)
}

// openDatabase opens the store that the settings name and brings its schema up to date.
func (i *instance) openDatabase(ctx context.Context) (database, error) {
	settings := i.settings
	if settings.DB.URL == "" {
		store, err := i.openFile(ctx)
		if err != nil {
			return nil, err // and not a store of a type without a value
		}
		return store, nil
	}
	target := postgres.Config{
		URL: settings.DB.URL, Lanes: settings.Lanes, AcceptUnsafeDurability: settings.AcceptUnsafeDurability, RequestLog: keptDays(settings.RequestLogDays),
		UsageHours: keptDays(settings.UsageHoursDays), UsageDays: keptDays(settings.HistoryDays), AuditLog: keptDays(settings.AuditLogDays),
		LimitThresholds: settings.LimitThresholds, Events: keptDays(settings.EventsDays),
		Logger: i.log, Observer: i.observeStore(),
	}
	if _, _, err := postgres.Migrate(ctx, target); err != nil {
		return nil, err
	}
	store, err := postgres.Open(ctx, target)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// openFile opens an SQLite file. It waits for a command that has the file open, which
// soon ends, and not for another server.
func (i *instance) openFile(ctx context.Context) (*sqlite.Store, error) {
	file := sqlite.Config{
		Path: i.settings.DB.Path, LockWait: lockWait, RequestLog: keptDays(i.settings.RequestLogDays),
		UsageHours: keptDays(i.settings.UsageHoursDays), UsageDays: keptDays(i.settings.HistoryDays), AuditLog: keptDays(i.settings.AuditLogDays),
		LimitThresholds: i.settings.LimitThresholds, Events: keptDays(i.settings.EventsDays),
		Logger: i.log, Observer: i.observeStore(),
	}
	store, err := sqlite.Open(ctx, file)
	if !errors.Is(err, sqlite.ErrLocked) {
		return store, err
	}
	if _, dialErr := adminsock.Dial(ctx, file.Path); dialErr == nil {
		return nil, err
	}
	i.log.Info("another process has the database file; waiting for it to end", "path", absolute(file.Path), "at_most", busyWait)
	file.LockWait = busyWait
	return sqlite.Open(ctx, file)
}

func newLogger(settings config.Config, w io.Writer) *slog.Logger {
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: settings.LogLevel}))
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{Level: settings.LogLevel, NoColor: true}))
}

// newAccessLog returns what writes the access log; nil if it is off.
func newAccessLog(settings config.Config, stdout, stderr io.Writer) *accesslog.Log {
	settings.LogLevel = slog.LevelInfo // it is switched on by itself
	switch settings.AccessLog {
	case "stdout":
		return accesslog.New(newLogger(settings, stdout), settings.TrustedProxies)
	case "stderr":
		return accesslog.New(newLogger(settings, stderr), settings.TrustedProxies)
	}
	return nil
}

// describe says where the database is, without a password.
func describe(db config.Database) string {
	if db.URL != "" {
		return "PostgreSQL"
	}
	return "SQLite file " + absolute(db.Path)
}

// keptDays returns how long something is kept; 0: for ever, or of the request log: none
// is written.
func keptDays(days int) time.Duration { return time.Duration(days) * 24 * time.Hour }
