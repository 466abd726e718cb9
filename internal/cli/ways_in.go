package cli

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/internal/forwardauth"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/keyrequests"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/internal/server"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

// The listeners' names in logs.
const (
	adminListener   = "admin API"
	verifyListener  = "verify API"
	envoyListener   = "gRPC services for Envoy"
	proxyListener   = "proxy"
	metricsListener = "metrics"
)

// apiReadTimeout bounds a request to an API of Ration's own with its body, which is small.
// The proxy's may be a long upload.
const apiReadTimeout = 30 * time.Second

func (i *instance) newServer() (*server.Server, error) {
	trouble := newTroubleLog(i.log)
	gate := newGate(i.settings, i.engine)
	gate.Observe = i.observeAnswers(trouble)
	usage := rationhttp.NewUsage(gate.Charger, i.usageReader(), rationhttp.WithGate(gate))
	desk := i.newDesk()
	pages, err := i.newPortal(gate, usage, desk)
	if err != nil {
		return nil, err
	}
	requests := i.newKeyRequests(desk, gate)
	api := http.NewServeMux()
	verify.NewHandler(verify.Config{
		UsagePath: i.settings.UsagePath, Usage: usage,
		PortalPath: i.settings.Portal.Path, Portal: pages,
		KeyRequestsPath: i.settings.KeyRequests.Path, KeyRequests: requests,
		Charger: gate.Charger, Reservations: i.engine, Callers: i.callers, Responder: gate.Responder, TrustedProxies: gate.TrustedProxies,
		Observe:       gate.Observe,
		Explain:       i.explainer(),
		AcceptOverage: i.settings.AcceptOverage, OverSettlement: i.settings.OverSettlement,
		Log: i.log,
	}).Register(api)
	var handler http.Handler // none without an upstream
	if i.settings.Upstream != nil {
		served, err := newProxy(i.settings, gate, ownPaths{usage, pages, requests}, i.tracer.Transport, i.log)
		if err != nil {
			return nil, err
		}
		handler = i.tracer.Handler(i.access.Handler(proxyListener, served), gate.TrustedProxies.TrustsPeer)
	}
	reading, err := i.inboundConfig(gate)
	if err != nil {
		return nil, err
	}
	asked := i.newForwardAuth(reading, i.withMetrics(i.tracer.Handler(i.access.Handler("verify", api), i.believes(gate))))
	listeners, err := i.newListeners(handler, asked, i.newEnvoy(reading), trouble)
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Listeners: listeners, Ready: i.engine.Ready,
		ShutdownDelay: i.settings.ShutdownDelay, ShutdownGrace: i.settings.ShutdownGrace,
		Log: i.log,
	}), nil
}

// newListeners returns the listeners of the proxy and of Envoy, which may be nil, of the
// verify API and of the admin API. Requests that are charged stop first; see [server.Config].
func (i *instance) newListeners(proxy, verify http.Handler, envoy server.Service, trouble *troubleLog) ([]server.Listener, error) {
	files := i.settings.Certificates()
	certificates := make([]*certfile.Certificate, 0, 4)
	for _, one := range files.All() {
		certificate, err := one.Open()
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	proxyBounds, apiBounds := bounds(i.settings, bound.Descriptors(), trouble)
	if proxyBounds.Connections < i.settings.Clients.Connections {
		i.log.Warn("fewer connections than max_connections, because the process lacks descriptors", "connections", proxyBounds.Connections, "cure", "raise the process's limit of open files (ulimit -n, LimitNOFILE)")
	}
	var listeners []server.Listener
	if i.settings.AdminListen != "" {
		admin, err := i.newAdmin()
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, server.Listener{
			Name: adminListener, Address: i.settings.AdminListen, Optional: i.settings.AdminListenByDefault,
			Handler: i.access.Handler("admin", admin), Certificate: certificates[2],
			Limits: server.Limits{ReadTimeout: apiReadTimeout, Clients: adminBounds(apiBounds)},
		})
	}
	listeners = append(listeners, i.metricsListeners(server.Limits{ReadTimeout: apiReadTimeout, Clients: adminBounds(apiBounds)})...)
	listeners = append(listeners, server.Listener{
		Name: verifyListener, Address: i.settings.APIListen, Handler: verify, Health: true, Certificate: certificates[1],
		Limits: server.Limits{ReadTimeout: apiReadTimeout, Clients: apiBounds},
	})
	if envoy != nil {
		listeners = append(listeners, server.Listener{
			Name: envoyListener, Address: i.settings.EnvoyListen, Service: envoy, Certificate: certificates[3],
			Limits: server.Limits{Clients: apiBounds},
		})
	}
	if proxy != nil {
		listeners = append(listeners, server.Listener{
			Name: proxyListener, Address: i.settings.Listen, Handler: proxy, Certificate: certificates[0],
			Limits: server.Limits{Clients: proxyBounds},
		})
	}
	return listeners, nil
}

// observeAnswers returns the observer of all ways in: it logs trouble, refusals for
// those who debug, and what the access log says of an answer, and counts answers.
func (i *instance) observeAnswers(trouble *troubleLog) func(context.Context, rationhttp.Event) {
	refusals := rationhttp.LogRefusals(i.log)
	return func(ctx context.Context, event rationhttp.Event) {
		trouble.observe(ctx, event)
		refusals(ctx, event)
		i.access.Observe(ctx, event)
		i.traffic.Observe(ctx, event)
		i.tracer.Observe(ctx, event)
		if i.metrics != nil {
			i.metrics.Observe(ctx, event)
		}
	}
}

// explainer returns who explains dry runs.
func (i *instance) explainer() verify.Explainer {
	if i.awaited != nil {
		return i.awaited
	}
	return i.operations
}

// usageReader returns who reads what holders of keys ask for.
func (i *instance) usageReader() rationhttp.UsageReader {
	if i.awaited != nil {
		return i.awaited
	}
	return i.operations
}

// newGate returns the way to an engine that all ways in have.
func newGate(settings config.Config, engine *ration.Engine) rationhttp.Gate {
	sources := rationhttp.Sources{
		Header: settings.KeyHeader, NoBearer: !settings.KeyBearer, NoBasic: !settings.KeyBasic,
		QueryParameter: settings.KeyQueryParameter,
	}
	return rationhttp.Gate{
		Charger: engine, Sources: sources, TrustedProxies: settings.TrustedProxies,
		Responder: rationhttp.Responder{Style: rationhttp.Style(settings.Headers), Sources: sources, UsageURL: cmp.Or(settings.UsageURL, settings.UsagePath)},
	}
}

// ownPaths answers what the proxy does not pass on.
type ownPaths struct {
	usage  *rationhttp.Usage
	portal *portal.Portal       // nil: none
	asked  *keyrequests.Handler // nil: none
}

// newProxy returns the proxy before the settings' upstream, which there must be. Wrap, which may be nil, is as in
// [proxy.Config].
func newProxy(settings config.Config, gate rationhttp.Gate, own ownPaths, wrap func(http.RoundTripper) http.RoundTripper, log *slog.Logger) (*proxy.Proxy, error) {
	table, err := route.Compile(settings.Routes)
	if err != nil {
		return nil, err
	}
	var pages ownPages // and none without a value
	if own.portal != nil {
		pages = append(pages, own.portal)
	}
	if own.asked != nil {
		pages = append(pages, own.asked)
	}
	return proxy.New(proxy.Config{
		Upstream: settings.Upstream, Routes: table, Gate: gate, UsagePath: settings.UsagePath, Usage: own.usage, Portal: pages,
		AllowOverrides: settings.AllowMethodOverrides,
		CORS:           settings.CORS, Preflights: preflightsOf(settings), PreflightRate: settings.PreflightRate,
		Headers: settings.UpstreamHeaders, PassHeaders: settings.PassHeaders, Timeout: settings.UpstreamTimeout,
		Capacity: proxy.Capacity(settings.UpstreamCapacity),
		Wrap:     wrap,
		Rewrite:  settings.Rewrite, Errors: settings.Errors,
		SecretPrefix: settings.SecretPrefix, Log: log,
	})
}

// newForwardAuth returns a handler that answers gateways, and leaves all other requests to
// the next one.
func (i *instance) newForwardAuth(reading inbound.Config, next http.Handler) http.Handler {
	if i.settings.ForwardAuth == "off" {
		return next
	}
	config := forwardauth.Config{Inbound: reading, CORS: i.settings.CORS, Log: i.log}
	if i.settings.ForwardAuth == "token" {
		config.Callers = i.callers
	}
	handler := forwardauth.New(config)
	traced := func(via string) http.Handler {
		return i.tracer.Handler(i.access.Handler(via, handler), reading.Gate.TrustedProxies.TrustsPeer)
	}
	forwarded, envoy := traced(forwardauth.Via), traced(forwardauth.ViaExtAuthz)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch forwardauth.Serves(r) {
		case forwardauth.Via:
			forwarded.ServeHTTP(w, r)
		case forwardauth.ViaExtAuthz:
			envoy.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// newEnvoy returns what serves Envoy over gRPC; nil: nothing does.
func (i *instance) newEnvoy(reading inbound.Config) server.Service {
	if i.settings.EnvoyListen == "" {
		return nil
	}
	return envoy.NewServer(envoy.Config{
		Gate: reading.Gate, Inbound: reading, CORS: i.settings.CORS, Reservations: i.engine, Callers: i.callers, Around: i.aroundCalls(), Log: i.log,
		Ready: func(ctx context.Context) error { return i.server.Ready(ctx) },
	})
}

// believes returns who is believed at the verify API about whether a trace is recorded: apps,
// not whoever reaches the pages and paths beside it that need no token.
func (i *instance) believes(gate rationhttp.Gate) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return len(r.Header["Traceparent"]) > 0 && (gate.TrustedProxies.TrustsPeer(r) || i.callers.Knows(r))
	}
}

// inboundConfig says how requests are read that gateways ask about: as the proxy reads its
// own.
func (i *instance) inboundConfig(gate rationhttp.Gate) (inbound.Config, error) {
	table, err := route.Compile(i.settings.Routes)
	return inbound.Config{
		Routes: table, Gate: gate, Preflights: preflightsOf(i.settings), PreflightRate: i.settings.PreflightRate,
		AllowOverrides: i.settings.AllowMethodOverrides, SecretPrefix: i.settings.SecretPrefix, PassHeaders: i.settings.PassHeaders, Errors: i.settings.Errors,
	}, err
}

func preflightsOf(settings config.Config) inbound.Preflights {
	if settings.Preflights == "charge" {
		return inbound.PreflightsCharged
	}
	return inbound.Preflights(settings.Preflights)
}
