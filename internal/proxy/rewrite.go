package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// rewrite makes the upstream's request of the client's. It runs after
// hop-by-hop headers were removed, so nothing it sets can be taken away by the
// client's Connection header.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	x := exchangeOf(r.In)
	p.rewriteTarget(r, x)
	sendOnce(r.Out, x.body)
	p.watchOverride(r.Out, x)
	r.Out.Trailer = nil // could carry any header past what follows

	trusted := p.config.Gate.TrustedProxies.TrustsPeer(r.In)
	p.reader.Clean(r.Out.Header, trusted)
	p.reader.StripSecret(r.Out.Header, &x.Request)
	p.setForwarded(r, trusted)
	if !isWebSocket(r.Out) { // another protocol could carry requests that nobody charges
		for _, name := range []string{"Connection", "Upgrade", "Http2-Settings"} {
			r.Out.Header.Del(name)
		}
	}
	if p.rewrites(x) || x.Route.Reserve != nil && x.Route.Reserve.ReadsBodies() { // what is encoded, or a part, can't be read
		r.Out.Header.Set("Accept-Encoding", "identity")
		r.Out.Header.Del("Range")
	}
	for name, value := range p.config.Headers {
		r.Out.Header.Set(name, value)
	}
	r.Out.Header.Set(rationhttp.RequestIDHeader, x.ID)
	inbound.SetIdentity(r.Out.Header, &x.Answer.Decision)
	p.passVia(r.Out.Header, r.In)
}

// rewriteTarget aims at the upstream with the very bytes that were matched.
func (p *Proxy) rewriteTarget(r *httputil.ProxyRequest, x *exchange) {
	path, _, _ := strings.Cut(r.In.RequestURI, "?")
	query := p.reader.StripQuery(&x.Request)
	r.Out.URL = &url.URL{
		Scheme: p.config.Upstream.Scheme, Host: p.config.Upstream.Host,
		Opaque:   strings.TrimSuffix(p.config.Upstream.EscapedPath(), "/") + path,
		RawQuery: query, ForceQuery: r.In.URL.ForceQuery,
	}
	if p.config.Upstream.Scheme == "https" {
		r.Out.Host = ""
	}
}

// setForwarded tells which way the request took: what a trusted proxy said, and
// our own part.
func (p *Proxy) setForwarded(r *httputil.ProxyRequest, trusted bool) {
	if trusted {
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	}
	r.SetXForwarded()
	if !trusted {
		return
	}
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if said := r.In.Header[name]; len(said) == 1 {
			r.Out.Header[name] = said
		}
	}
}

// isWebSocket reports whether a request is the handshake of a WebSocket: of GET, in
// HTTP/1.1, and without a body, which could be taken for what follows the handshake.
func isWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) && r.ContentLength == 0 && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}
