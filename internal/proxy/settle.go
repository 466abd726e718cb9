package proxy

import "github.com/ration-dev/ration"

// settle ends the reservation of a request that is done with, if it has an open
// one, by what the answer has told: all, or as far as it came. What it hasn't told
// is settled as it was reserved. The answer of a client that is still there ends
// after that, so that its next request finds what it has used.
func (p *Proxy) settle(x *exchange) {
	if x.answer.Decision.Reservation == nil {
		return
	}
	var used []ration.Amount
	if x.report != nil {
		used = x.report.amounts()
	}
	ctx := x.in.Context()
	if err := p.config.Gate.Settle(ctx, &x.question, &x.answer, used, x.route.Reserve.Over); err != nil {
		p.config.Log.WarnContext(ctx, "reservation was not settled; it ends by itself", "route", x.route.Name, "request_id", x.requestID, "error", err)
	}
}
