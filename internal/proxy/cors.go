package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// answerPreflight tells a page what it may use. It asks no key and counts nothing.
func (p *Proxy) answerPreflight(w http.ResponseWriter, x *exchange) {
	p.tell(x, rationhttp.Event{Code: codePreflight})
	w.Header().Set(rationhttp.RequestIDHeader, x.ID)
	p.config.CORS.ApplyToPreflight(w.Header(), x.In, x.Pages)
	w.WriteHeader(http.StatusNoContent)
}

// notePreflight says once what can be done for pages whose preflights are refused.
func (p *Proxy) notePreflight(x *exchange) {
	if x.Preflight || !p.reader.IsPreflight(x.In) {
		return
	}
	cure := "set cors_origins to the origins of your pages, and Ration answers preflights itself; or preflights: upstream, if the API answers them"
	switch {
	case p.config.CORS.Speaks() && p.config.CORS.Allows(x.In):
		return // no route takes what the page wants
	case p.config.CORS.Speaks():
		cure = "if it is your page, add its origin to cors_origins"
	case p.config.Preflights == inbound.PreflightsUpstream:
		cure = "preflights reach the upstream only on routes without a scope; set cors_origins to the origins of your pages, in place of preflights: upstream, and Ration answers them all"
	}
	p.preflightNoted.Do(func() {
		p.config.Log.WarnContext(x.In.Context(), "a browser's preflight was refused, so its page gets no answer; Ration doesn't log more of these",
			"origin", shortened(x.In.Header.Get("Origin")), "request_id", x.ID, "cure", cure)
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
