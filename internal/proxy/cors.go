package proxy

import (
	"errors"
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/rationhttp"
)

// Preflights says what happens to CORS preflights: the OPTIONS requests by which a
// browser asks whether a web page may call. They carry no key.
type Preflights string

// What can happen to preflights. If [Config.CORS] is set, Ration answers them itself.
const (
	PreflightsCharged  Preflights = ""         // they are requests like any other
	PreflightsUpstream Preflights = "upstream" // the upstream answers, as [route.Table.PassedOn] says
)

// DefaultPreflightRate is how many preflights per second reach the upstream from one
// address, unless the configuration says otherwise.
const DefaultPreflightRate = 10

// errTooManyPreflights refuses a preflight that would reach the upstream.
var errTooManyPreflights = errors.New("preflights come too fast from this address")

// find sets the route of a request, or what pages may use, of a preflight that is
// answered here.
func (p *Proxy) find(x *exchange) (err error) {
	if p.isPreflight(x.in) {
		if p.config.CORS.Speaks() {
			return p.findPageMethods(x)
		}
		if p.config.Preflights == PreflightsUpstream {
			x.route = p.config.Routes.PassedOn(x.in)
		}
	}
	if x.route == nil {
		x.route, err = p.config.Routes.Find(x.in)
		return err
	}
	x.preflight = true
	if !p.preflights.take(p.config.Gate.TrustedProxies.ClientIP(x.in), time.Now()) {
		return errTooManyPreflights
	}
	return nil
}

var errOriginNotAllowed = &requestFault{http.StatusForbidden, "origin_not_allowed", "Pages of this origin may not call this API."}

func (p *Proxy) isPreflight(r *http.Request) bool { return cors.IsPreflight(r, p.hygiene.hasKey) }

// findPageMethods finds what the page that sends a preflight may use, by the routes
// for its path. It is never empty without an error.
func (p *Proxy) findPageMethods(x *exchange) (err error) {
	if !p.config.CORS.Allows(x.in) {
		return errOriginNotAllowed
	}
	x.pages, err = p.config.Routes.MethodsFor(x.in)
	return err
}

// answerPreflight tells a page what it may use. It asks no key and counts nothing.
func (p *Proxy) answerPreflight(w http.ResponseWriter, x *exchange) {
	p.tell(x, rationhttp.Event{Code: codePreflight})
	w.Header().Set(rationhttp.RequestIDHeader, x.requestID)
	p.config.CORS.ApplyToPreflight(w.Header(), x.in, x.pages)
	w.WriteHeader(http.StatusNoContent)
}

// notePreflight says once what can be done for pages whose preflights are refused.
func (p *Proxy) notePreflight(x *exchange) {
	if x.preflight || !p.isPreflight(x.in) {
		return
	}
	cure := "set cors_origins to the origins of your pages, and Ration answers preflights itself; or preflights: upstream, if the API answers them"
	switch {
	case p.config.CORS.Speaks() && p.config.CORS.Allows(x.in):
		return // no route takes what the page wants
	case p.config.CORS.Speaks():
		cure = "if it is your page, add its origin to cors_origins"
	case p.config.Preflights == PreflightsUpstream:
		cure = "preflights reach the upstream only on routes without a scope; set cors_origins to the origins of your pages, in place of preflights: upstream, and Ration answers them all"
	}
	p.preflightNoted.Do(func() {
		p.config.Log.WarnContext(x.in.Context(), "a browser's preflight was refused, so its page gets no answer; Ration doesn't log more of these",
			"origin", shortened(x.in.Header.Get("Origin")), "request_id", x.requestID, "cure", cure)
	})
}

// shortened bounds what a client can write into the log.
func shortened(text string) string {
	const most = 100
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// emptyPreflight takes everything out of the upstream's answer to a preflight but
// what a browser looks for: an upstream that takes preflights for requests would
// give away its answer.
func emptyPreflight(response *http.Response) {
	_ = response.Body.Close()
	response.Body, response.ContentLength, response.Trailer, response.TransferEncoding = http.NoBody, 0, nil, nil
	for name := range response.Header {
		if !cors.AnswersPreflight(name) {
			delete(response.Header, name)
		}
	}
}

// pageWriter puts into every answer what pages may do with it.
type pageWriter struct {
	http.ResponseWriter
	policy *cors.Policy
	in     *http.Request
	begun  bool
}

// Unwrap lets http.ResponseController flush, hijack and set deadlines.
func (w *pageWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *pageWriter) WriteHeader(status int) {
	if status >= 200 {
		w.begun = true
		w.policy.Apply(w.Header(), w.in)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *pageWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}
