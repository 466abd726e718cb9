package proxy

import (
	"net/http"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Preflights says what becomes of CORS preflights, which carry no key.
type Preflights string

// What may become of them. Where [Config.CORS] speaks, Ration answers them itself.
const (
	PreflightsCharged  Preflights = ""         // they are requests like any other
	PreflightsUpstream Preflights = "upstream" // the upstream answers, as [route.Table.PassedOn] says
)

// DefaultPreflightRate is how many preflights of one address reach the upstream
// in a second, unless the configuration says otherwise.
const DefaultPreflightRate = 10

// find returns the route of a request, or nil if it is answered already.
func (p *Proxy) find(w http.ResponseWriter, x *exchange) *route.Compiled {
	if !p.isPreflight(x.in) {
		return p.findRoute(w, x)
	}
	if p.config.CORS.Speaks() {
		p.answerPreflight(w, x)
		return nil
	}
	if p.config.Preflights != PreflightsUpstream {
		return p.findRoute(w, x)
	}
	passed := p.config.Routes.PassedOn(x.in)
	if passed == nil {
		return p.findRoute(w, x)
	}
	if !p.preflights.take(p.config.Gate.TrustedProxies.ClientIP(x.in), time.Now()) {
		p.answer(w, x, p.config.Gate.Responder.Problem(api.Problem{
			Status: http.StatusTooManyRequests, Code: "too_many_preflights", RequestID: x.requestID, RetryAfter: new(int64(1)),
			Detail: "Preflights come too fast from this address.",
		}))
		return nil
	}
	x.preflight = true
	return passed
}

func (p *Proxy) findRoute(w http.ResponseWriter, x *exchange) *route.Compiled {
	found, err := p.config.Routes.Find(x.in)
	if err != nil {
		p.refuse(w, x, err)
		return nil
	}
	return found
}

func (p *Proxy) isPreflight(r *http.Request) bool { return cors.IsPreflight(r, p.hygiene.hasKey) }

// answerPreflight says what the page may send, by the routes for its path. It
// asks no key and counts nothing.
func (p *Proxy) answerPreflight(w http.ResponseWriter, x *exchange) {
	if !p.config.CORS.Allows(x.in) {
		p.refuse(w, x, &requestFault{http.StatusForbidden, "origin_not_allowed", "Pages of this origin may not call this API."})
		return
	}
	methods, err := p.config.Routes.MethodsFor(x.in)
	if err != nil {
		p.refuse(w, x, err)
		return
	}
	w.Header().Set(rationhttp.RequestIDHeader, x.requestID)
	p.config.CORS.ApplyToPreflight(w.Header(), x.in, methods)
	w.WriteHeader(http.StatusNoContent)
}

// notePreflight says once what can be done for pages whose preflights are refused.
func (p *Proxy) notePreflight(x *exchange) {
	if !p.isPreflight(x.in) {
		return
	}
	cure := "set cors_origins to the origins of your pages, and Ration answers preflights itself; or preflights: upstream, if the API answers them"
	switch {
	case p.config.CORS.Speaks() && p.config.CORS.Allows(x.in):
		return // no route takes what the page wants
	case p.config.CORS.Speaks():
		cure = "if it is a page of yours, put its origin into cors_origins"
	case p.config.Preflights == PreflightsUpstream:
		cure = "preflights reach the upstream on routes without a scope alone; set cors_origins to the origins of your pages, instead of preflights: upstream, and Ration answers them all"
	}
	p.preflightNoted.Do(func() {
		p.config.Log.WarnContext(x.in.Context(), "a browser's preflight was refused, so its page gets no answer; more of them aren't logged",
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
