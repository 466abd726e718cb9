package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/rationhttp"
)

// modifyResponse makes the upstream's answer ours, in this order:
//
//  1. what isn't the upstream's to say goes, and of its answer to a preflight
//     everything that a browser doesn't look for;
//  2. the charge is given back if the answer's status says so, which changes what
//     remains;
//  3. of what was reserved, the report of what was used is read, from the upstream's
//     own header and, while it passes, from its own body;
//  4. the fields that tell what remains come;
//  5. the body is rewritten by the same numbers;
//  6. at the body's end, its slots of concurrent limits are given back.
//
// From here on nothing is given back any more: the client gets this answer.
func (p *Proxy) modifyResponse(response *http.Response) error {
	x := exchangeOf(response.Request)
	x.answered = true
	if response.StatusCode == http.StatusSwitchingProtocols {
		x.turn.endFlight()
	}
	if x.Preflight {
		emptyPreflight(response)
	}
	response.Header.Set(rationhttp.RequestIDHeader, x.ID)
	response.Header.Add("Via", viaOf(response.ProtoMajor, response.ProtoMinor, "ration"))
	if x.Route.Free {
		return nil
	}
	dropRateLimits(&p.config.Gate.Responder, response.Header)
	if x.refundsAnswer(response.StatusCode) {
		p.giveBack(x.In.Context(), x)
	}
	if x.Answer.Decision.Reservation != nil {
		x.report = newReport(x.Route.Reserve.Reports, response)
	}
	x.Answer.Response.Apply(response.Header)
	p.rewriteBody(response, x)
	p.releaseAtEnd(response, x)
	return nil
}

func dropRateLimits(responder *rationhttp.Responder, header http.Header) {
	for name := range header {
		if responder.OwnsField(name) {
			delete(header, name)
		}
	}
}
