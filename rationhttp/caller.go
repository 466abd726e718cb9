package rationhttp

import (
	"net/http"
	"net/netip"
)

// Caller is who asks, as a way in has found out before it asks: one that has a request
// of HTTP by [Gate.CallerOf], any other in its own way.
type Caller struct {
	Credential Credential // zero: none was presented
	Err        error      // why it can't be said which was, such as [ErrConflictingKeys]; whoever asks all the same gets it for an answer
	IP         netip.Addr // the client's; zero: unknown
	Method     string     // of the request; empty: it has none
}

// CallerOf returns who sends a request that asks a question. Its Err is one of
// [Sources.Find]. It reads the request as it came in, and does not change it.
func (g *Gate) CallerOf(r *http.Request, question Question) Caller {
	credential, err := g.SourcesOf(question).Find(r)
	return Caller{Credential: credential, Err: err, IP: g.TrustedProxies.ClientIP(r), Method: r.Method}
}
