package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/rationhttp"
)

// writer is what every answer goes through, the upstream's and ours.
type writer struct {
	http.ResponseWriter
	responder *rationhttp.Responder
	exchange  *exchange
	// lasting says that the connection may outlive the exchange: HTTP/1. In HTTP/2 a
	// body is framed by itself.
	lasting bool
	begun   bool
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter. An answer that begins before the
// request's body has ended as it should is the last of its connection: nobody can
// say where the next request would begin. Said with the answer, that holds however
// the body goes on; net/http's own check would come too late for a body that the
// transport reads while the answer passes, or would take it away from there.
func (w *writer) WriteHeader(status int) {
	switch {
	case status == http.StatusSwitchingProtocols:
	case status < 200:
		if w.exchange.Preflight { // an upstream has nothing to say before its answer
			return
		}
		w.cleanInformational()
	case !w.begun:
		w.begun = true
		if w.lasting && !w.exchange.body.endsWithin(patience) {
			w.Header().Set("Connection", "close")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// cleanInformational takes out of a 1xx answer what may not be in it: net/http hands
// us those with all that the upstream wrote.
func (w *writer) cleanInformational() {
	header := w.Header()
	dropRateLimits(w.responder, header)
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		header.Del(name)
	}
}
