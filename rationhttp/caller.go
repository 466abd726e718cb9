package rationhttp

import (
	"net/http"
	"net/netip"
)

// Caller says who asks. For an HTTP request, [Gate.CallerOf] finds it out; anything
// else that asks a Gate finds it out in its own way.
type Caller struct {
	Credential Credential // zero: the caller presented none
	Err        error      // why the credential is not known, such as [ErrConflictingKeys]; [Gate.Ask] answers such a caller with this error
	IP         netip.Addr // the client's; zero: unknown
	Method     string     // of the request; empty: there is none
}

// CallerOf returns who sent a request that asks a question. The Caller's Err is an
// error of [Sources.Find]. CallerOf needs the request as it came in, and does not
// change it.
func (g *Gate) CallerOf(r *http.Request, question Question) Caller {
	credential, err := g.SourcesOf(question).Find(r)
	return Caller{Credential: credential, Err: err, IP: g.TrustedProxies.ClientIP(r), Method: r.Method}
}
