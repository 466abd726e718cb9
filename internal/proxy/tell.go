package proxy

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// The codes of requests that nobody asks a key for.
const (
	codeFree      ration.Code = "free"      // on a free route
	codePreflight ration.Code = "preflight" // of a browser, answered here or by the upstream
)

// uncountedCode returns the code of a request that is passed on uncounted.
func uncountedCode(x *exchange) ration.Code {
	if x.Preflight {
		return codePreflight
	}
	return codeFree
}

// tell tells the observer of an answer that the gate was not asked about, or that
// became another one after it was asked.
func (p *Proxy) tell(x *exchange, event rationhttp.Event) {
	if p.config.Gate.Observe == nil {
		return
	}
	event.Via, event.RequestID, event.KeyID = via, x.ID, x.Answer.Decision.KeyID
	if x.Route != nil {
		event.Route = x.Route.Name
	}
	p.config.Gate.Observe(x.In.Context(), event)
}
