package proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Config says what a Proxy stands before.
type Config struct {
	// Upstream is http or https, a host, and perhaps a path that is put before
	// every request's. One of http gets the Host that the client asked for, one of
	// https, which goes by it, its own.
	Upstream *url.URL
	Routes   *route.Table
	Gate     rationhttp.Gate
	// Headers are set on every request to the upstream. Their values are secrets.
	Headers map[string]string
	// PassHeaders are names that reach the upstream from everybody although a proxy
	// in front usually sends them, such as X-User-Id, for APIs that check them.
	PassHeaders []string
	// Rewrite is done to JSON answers of status 2xx on routes that are not free. Nil: nothing.
	Rewrite *rewrite.Body
	// Errors words our own answers that refuse. Nil: problem details (RFC 9457).
	Errors *rewrite.Errors
	// CORS says which pages may call. Where it speaks, it alone decides: Ration
	// answers preflights, without a key, and what the upstream says of origins goes.
	// Its headers and exposed fields are filled in. Zero: it says nothing, and the
	// upstream's answers stay as they are.
	CORS cors.Policy
	// Preflights says what becomes of preflights while CORS says nothing.
	Preflights Preflights
	// PreflightRate is how many preflights of one address reach the upstream in a
	// second. Zero: [DefaultPreflightRate].
	PreflightRate int
	// Capacity is how much the upstream gets at once. Zero: any number.
	Capacity Capacity
	// AllowOverrides passes on requests whose headers, query or body name another
	// method than their own, such as "_method". The route is that of the method sent.
	AllowOverrides bool
	// Timeout is how long the upstream may take until its answer begins. Zero:
	// 10 minutes. The answer itself may take any time.
	Timeout time.Duration
	// SecretPrefix is by what a secret of ours is recognised in queries, and in an
	// Authorization field on free routes, where it may be the application's own. Empty:
	// [ration.DefaultSecretPrefix].
	SecretPrefix string
	// Log gets what went wrong with the upstream, without headers and queries;
	// nil: nothing is logged.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Minute
	}
	if c.SecretPrefix == "" {
		c.SecretPrefix = ration.DefaultSecretPrefix
	}
	if c.PreflightRate == 0 {
		c.PreflightRate = DefaultPreflightRate
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
	case PreflightsCharged, PreflightsUpstream:
	default:
		return &ration.InvalidError{Field: "preflights", Value: string(c.Preflights), Reason: "use upstream, or leave it out"}
	}
	if c.CORS.Speaks() && c.Preflights == PreflightsUpstream {
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
	return errors.Join(checkHeaders(c.Headers), CheckPassHeaders(c.PassHeaders))
}

// CheckPassHeaders refuses names that are the proxy's own to set, whoever sends
// them. Its error is a [ration.InvalidError].
func CheckPassHeaders(names []string) error {
	never := folded(framing, methodHeaders, pathHeaders, []string{
		headerSubject, headerKeyID, headerPlan, rationhttp.RequestIDHeader, proxyVariable,
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
	})
	for _, name := range names {
		if n := readName(name, nil); !isToken(name) || !n.plain {
			return &ration.InvalidError{Field: "pass_headers", Value: name, Reason: "use the name of a header, with letters, digits and single hyphens, such as \"X-User-Id\""}
		}
		if never[rationhttp.FoldName(name)] {
			return &ration.InvalidError{Field: "pass_headers", Value: name, Reason: "only the proxy sets or refuses this header"}
		}
	}
	return nil
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

// checkHeaders refuses fixed headers that would break what the proxy itself
// sets, or the message.
func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		field := fmt.Sprintf("upstream_headers.%s", name)
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Content-Length", "Host", "Via",
			headerSubject, headerKeyID, headerPlan, rationhttp.RequestIDHeader, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
			return &ration.InvalidError{Field: field, Reason: "this header is set by the proxy"}
		}
		if !isToken(name) {
			return &ration.InvalidError{Field: "upstream_headers", Value: name, Reason: "a header's name consists of letters, digits and '-'"}
		}
		if !isFieldValue(value) { // the value is a secret, so it isn't shown
			return &ration.InvalidError{Field: field, Reason: "a header's value must not have control characters, or spaces around it"}
		}
	}
	return nil
}

func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

// isFieldValue reports whether text arrives as it was sent.
func isFieldValue(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
