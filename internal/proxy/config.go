package proxy

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Config says what a Proxy is in front of, and how it works.
type Config struct {
	// Upstream is the URL of the API: http or https, a host, and perhaps a path,
	// which is put before the path of every request. Over http, the upstream gets the
	// Host that the client asked for. Over https it gets its own, because the
	// certificate depends on it.
	Upstream *url.URL
	Routes   *route.Table
	Gate     rationhttp.Gate
	// Headers are set on every request to the upstream. Their values are secrets.
	Headers map[string]string
	// PassHeaders are names of headers that reach the upstream from every client,
	// although only a proxy in front usually sends them, such as X-User-Id. They are
	// for APIs that check them.
	PassHeaders []string
	// Rewrite says what to change in JSON answers with status 2xx, on routes that are
	// not free. Nil: nothing.
	Rewrite *rewrite.Body
	// Errors has the form of Ration's own answers that refuse a request. Nil: problem
	// details (RFC 9457).
	Errors *rewrite.Errors
	// CORS says which web pages may call. If it is set, it alone decides: Ration
	// answers preflights (a browser's OPTIONS requests before a call) without a key,
	// and removes what the upstream says about origins. New fills in its headers and
	// exposed fields. Zero: it is not set, and the upstream's answers stay as they
	// are.
	CORS cors.Policy
	// Preflights says what happens to preflights if CORS is not set.
	Preflights inbound.Preflights
	// PreflightRate is how many preflights per second reach the upstream from one
	// address. Zero: [inbound.DefaultPreflightRate].
	PreflightRate int
	// UsagePath is the path at which Usage answers holders of keys, whatever the routes
	// say and whether or not the upstream has something there. Only this spelling of it
	// counts. Empty: there is none, and Usage doesn't matter.
	UsagePath string
	Usage     *rationhttp.Usage
	// Portal has pages for people who hold keys, whatever the routes say. Nil: there are
	// none.
	Portal Portal
	// Capacity bounds how many requests the upstream gets at once. Zero: no bound.
	Capacity Capacity
	// AllowOverrides passes on requests whose headers, query or body name another
	// method than their own, such as with "_method". Their route is that of the
	// method that they were sent with.
	AllowOverrides bool
	// Timeout is how long the upstream may take until its answer begins. Zero: 10
	// minutes. The answer itself may last as long as it likes.
	Timeout time.Duration
	// Wrap returns what requests to the upstream are sent by, from what sends them. Nil:
	// just that.
	Wrap func(http.RoundTripper) http.RoundTripper
	// SecretPrefix is the prefix by which a Ration secret is recognised in queries
	// and, on free routes, in an Authorization field, which may also hold a
	// credential of the application. Empty: [ration.DefaultSecretPrefix].
	SecretPrefix string
	// Log gets the upstream's failures, without headers and queries. Nil: nothing is
	// logged.
	Log *slog.Logger
}

// Portal answers requests for pages of Ration's own. They need no key, cost nothing, and
// are for no other origin's pages.
type Portal interface {
	http.Handler
	// Serves reports whether a request is for one of the pages.
	Serves(r *http.Request) bool
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Minute
	}
	if c.CORS.Speaks() {
		c.CORS.Headers = []string{c.Gate.Sources.Vary(), "Content-Type", rationhttp.IdempotencyKeyHeader}
		c.CORS.Exposed = c.Gate.Responder.FieldNames()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Gate.Responder.Sources == (rationhttp.Sources{}) {
		c.Gate.Responder.Sources = c.Gate.Sources
	}
	return c
}

func (c Config) check() error {
	switch c.Preflights {
	case inbound.PreflightsCharged, inbound.PreflightsUpstream:
	default:
		return &ration.InvalidError{Field: "preflights", Value: string(c.Preflights), Reason: "use upstream, or leave it out"}
	}
	if c.CORS.Speaks() && c.Preflights == inbound.PreflightsUpstream {
		return &ration.InvalidError{Field: "preflights", Value: string(c.Preflights), Reason: "with cors_origins Ration answers preflights; leave one of the two out"}
	}
	if err := c.CORS.Check(); err != nil {
		return err
	}
	if err := checkUpstream(c.Upstream); err != nil {
		return err
	}
	if _, able := c.Gate.Charger.(rationhttp.Refunder); !able && c.Routes.GivesBack() {
		return &ration.InvalidError{Field: "refunds", Reason: "this charger can't give anything back"}
	}
	if _, able := c.Gate.Charger.(rationhttp.Settler); !able && c.Routes.Reserves() {
		return &ration.InvalidError{Field: "reserve", Reason: "this charger can't end reservations"}
	}
	return errors.Join(inbound.CheckUpstreamHeaders(c.Headers), inbound.CheckPassHeaders(c.PassHeaders))
}

func checkUpstream(upstream *url.URL) error {
	wrong := func(reason string) error {
		shown := ""
		if upstream != nil {
			shown = upstream.Redacted()
		}
		return &ration.InvalidError{Field: "upstream", Value: shown, Reason: reason}
	}
	switch {
	case upstream == nil:
		return wrong("an upstream is needed")
	case upstream.Scheme != "http" && upstream.Scheme != "https":
		return wrong("use http:// or https://")
	case upstream.Hostname() == "":
		return wrong("a host is needed")
	case upstream.User != nil:
		return wrong("don't put a user and password into the URL; set the header Authorization")
	case upstream.RawQuery != "" || upstream.ForceQuery || upstream.Fragment != "":
		return wrong("a query or fragment can't be put before a request's path")
	case strings.HasPrefix(upstream.Path, "//"):
		return wrong("a path has single slashes")
	}
	return nil
}
