package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// via is this integration's name in charges and events.
const via = "proxy"

// HostPolicy says which Host the upstream gets.
type HostPolicy string

// The policies.
const (
	HostAuto     HostPolicy = ""         // the client's to an http upstream, the upstream's own to an https one
	HostClient   HostPolicy = "client"   // the one that the client asked for
	HostUpstream HostPolicy = "upstream" // the upstream's own
)

// Config says what a Proxy stands before.
type Config struct {
	// Upstream is http or https, a host, and perhaps a path that is put before
	// every request's.
	Upstream *url.URL
	Routes   *route.Table
	Gate     rationhttp.Gate
	// Headers are set on every request to the upstream. Their values are secrets.
	Headers map[string]string
	Host    HostPolicy
	// Timeout is how long the upstream may take until its answer begins. Zero:
	// 10 minutes. The answer itself may take any time.
	Timeout time.Duration
	// SecretPrefix is by what a secret of ours is recognised in an Authorization
	// field on free routes, where it may be the application's own. Empty:
	// [ration.DefaultSecretPrefix].
	SecretPrefix string
	// Log gets what went wrong with the upstream, without headers and queries;
	// nil: [slog.Default].
	Log *slog.Logger
}

// Proxy is an http.Handler that charges and passes on. It is safe for
// concurrent use.
type Proxy struct {
	config    Config
	hygiene   hygiene
	transport *http.Transport
	reverse   *httputil.ReverseProxy
}

// New checks a configuration. Its error is a [ration.InvalidError].
func New(config Config) (*Proxy, error) {
	if err := checkUpstream(config.Upstream); err != nil {
		return nil, err
	}
	if err := checkHeaders(config.Headers); err != nil {
		return nil, err
	}
	switch config.Host {
	case HostAuto, HostClient, HostUpstream:
	default:
		return nil, &ration.InvalidError{Field: "upstream_host", Value: string(config.Host), Reason: "use client or upstream, or leave it out"}
	}
	if config.Timeout == 0 {
		config.Timeout = 10 * time.Minute
	}
	if config.SecretPrefix == "" {
		config.SecretPrefix = ration.DefaultSecretPrefix
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Gate.Responder.Vary == "" {
		config.Gate.Responder.Vary = config.Gate.Sources.Vary()
	}
	p := &Proxy{config: config, hygiene: newHygiene(config), transport: newTransport(config.Timeout)}
	p.reverse = &httputil.ReverseProxy{
		Rewrite: p.rewrite, ModifyResponse: p.modifyResponse, ErrorHandler: p.fail,
		Transport: p.transport, BufferPool: copyBuffers{},
		ErrorLog: slog.NewLogLogger(config.Log.Handler(), slog.LevelWarn),
	}
	return p, nil
}

// ServeHTTP charges a request and passes it on, or answers it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{in: r, requestID: p.config.Gate.TrustedProxies.RequestID(r)}
	if err := p.hygiene.check(r); err != nil {
		p.refuse(w, x, err)
		return
	}
	found, err := p.config.Routes.Find(r)
	if err != nil {
		p.refuse(w, x, err)
		return
	}
	x.route = found
	x.sources = p.config.Gate.SourcesOf(p.question(x))
	if !found.Free {
		x.answer = p.config.Gate.Ask(r, p.question(x))
		if !x.answer.Admitted {
			p.answer(w, x, x.answer.Response)
			return
		}
	}
	p.reverse.ServeHTTP(&informational{ResponseWriter: w, proxy: p}, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
}

// Close closes idle connections to the upstream.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

func (p *Proxy) question(x *exchange) rationhttp.Question {
	return rationhttp.Question{
		Amounts: x.route.Amounts, Scope: x.route.Scope, QueryParameter: x.route.KeyQuery, FailOpen: x.route.FailOpen,
		Via: via, Route: x.route.Name, RequestID: x.requestID,
	}
}

// exchange is what is known of one request while it is under way.
type exchange struct {
	in        *http.Request
	requestID string
	route     *route.Compiled
	sources   rationhttp.Sources
	answer    rationhttp.Answer // zero on a free route
	body      *body
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange { return r.Context().Value(exchangeKey{}).(*exchange) }

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
		return wrong("user and password don't belong in a URL; set the header Authorization")
	case upstream.RawQuery != "" || upstream.ForceQuery || upstream.Fragment != "":
		return wrong("a query or fragment can't be put before a request's path")
	case strings.HasPrefix(upstream.Path, "//"):
		return wrong("a path has single slashes")
	}
	return nil
}
