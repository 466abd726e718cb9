package cli

import (
	"net/http"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/internal/server"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

func (i *instance) newServer() (*server.Server, error) {
	sources := rationhttp.Sources{
		Header: i.settings.KeyHeader, NoBearer: !i.settings.KeyBearer, NoBasic: !i.settings.KeyBasic,
		QueryParameter: i.settings.KeyQueryParameter,
	}
	trouble := newTroubleLog(i.log)
	gate := rationhttp.Gate{
		Charger: i.engine, Sources: sources, TrustedProxies: i.settings.TrustedProxies, Observe: trouble.observe,
		Responder: rationhttp.Responder{Style: rationhttp.Style(i.settings.Headers), Vary: sources.Vary()},
	}
	api := http.NewServeMux()
	verify.NewHandler(verify.Config{
		Charger: gate.Charger, Reservations: i.engine, Tokens: i.tokens, Responder: gate.Responder, Observe: gate.Observe,
		Explain:       i.explainer(),
		AcceptOverage: i.settings.AcceptOverage, OverSettlement: i.settings.OverSettlement,
	}).Register(api)
	handler, err := i.newProxy(gate)
	proxyBounds, apiBounds := bounds(i.settings, bound.Descriptors(), trouble)
	if proxyBounds.Connections < i.settings.Clients.Connections {
		i.log.Warn("fewer connections than max_connections, for want of descriptors", "connections", proxyBounds.Connections, "cure", "raise the process's limit of open files (ulimit -n, LimitNOFILE)")
	}
	return server.New(server.Config{
		Proxy: handler, ProxyAddr: i.settings.Listen,
		API: api, APIAddr: i.settings.APIListen,
		Ready:         i.engine.Ready,
		ShutdownDelay: i.settings.ShutdownDelay, ShutdownGrace: i.settings.ShutdownGrace,
		ProxyBounds: proxyBounds, APIBounds: apiBounds,
		Log: i.log,
	}), err
}

// explainer returns who explains dry runs.
func (i *instance) explainer() verify.Explainer {
	if i.awaited != nil {
		return i.awaited
	}
	return i.operations
}

// newProxy returns the proxy's handler, or nil if there is no upstream.
func (i *instance) newProxy(gate rationhttp.Gate) (http.Handler, error) {
	if i.settings.Upstream == nil {
		return nil, nil
	}
	table, err := route.Compile(i.settings.Routes)
	if err != nil {
		return nil, err
	}
	return proxy.New(proxy.Config{
		Upstream: i.settings.Upstream, Routes: table, Gate: gate,
		AllowOverrides: i.settings.AllowMethodOverrides,
		CORS:           i.settings.CORS, Preflights: preflightsOf(i.settings), PreflightRate: i.settings.PreflightRate,
		Headers: i.settings.UpstreamHeaders, PassHeaders: i.settings.PassHeaders, Timeout: i.settings.UpstreamTimeout,
		Capacity: proxy.Capacity(i.settings.UpstreamCapacity),
		Rewrite:  i.settings.Rewrite, Errors: i.settings.Errors,
		SecretPrefix: i.settings.SecretPrefix, Log: i.log,
	})
}

func preflightsOf(settings config.Config) proxy.Preflights {
	if settings.Preflights == "charge" {
		return proxy.PreflightsCharged
	}
	return proxy.Preflights(settings.Preflights)
}
