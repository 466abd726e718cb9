package proxy

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// codePreflight is the code of a browser's preflight that is answered here.
const codePreflight ration.Code = "preflight"

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
