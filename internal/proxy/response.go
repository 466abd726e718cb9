package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/rationhttp"
)

// modifyResponse adds what the decision tells to the upstream's answer: first
// what isn't the upstream's to say goes, then ours comes.
func (p *Proxy) modifyResponse(response *http.Response) error {
	x := exchangeOf(response.Request)
	response.Header.Set(rationhttp.RequestIDHeader, x.requestID)
	if x.route.Free {
		return nil
	}
	p.dropRateLimits(response.Header)
	x.answer.Response.Apply(response.Header)
	p.rewriteBody(response, x)
	return nil
}

func (p *Proxy) dropRateLimits(header http.Header) {
	for name := range header {
		if p.config.Gate.Responder.OwnsField(name) {
			delete(header, name)
		}
	}
}

// informational passes 1xx answers on without what may not be in them: net/http
// hands us those with all that the upstream wrote.
type informational struct {
	http.ResponseWriter
	proxy *Proxy
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *informational) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *informational) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		header := w.Header()
		w.proxy.dropRateLimits(header)
		for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
			header.Del(name)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}
