package proxy

import (
	"context"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/inbound"
)

// refundsAnswer reports whether the policy of a route gives back a charge to
// which the upstream answered with a status.
func (x *exchange) refundsAnswer(status int) bool { return x.Route.Refunds.After(status) }

// refundsFailure reports whether it gives back one to which the upstream gave no
// answer. What the client itself broke off stays.
func (x *exchange) refundsFailure(problem *api.Problem) bool {
	policy := x.Route.Refunds
	switch problem.Code {
	case codeBodyIncomplete, inbound.Overridden.Code:
		return false
	case codeUnreachable:
		return policy.Unreachable || policy.After(problem.Status)
	case codeTimeout:
		return policy.Timeout || policy.After(problem.Status)
	}
	return policy.After(problem.Status)
}

// giveBack gives back the charge of a request of which nothing has been answered
// yet. If it can't be, or that isn't known in time, the charge stays.
func (p *Proxy) giveBack(ctx context.Context, x *exchange) {
	if x.Answer.Decision.Receipt == nil { // free, or failed open
		return
	}
	if err := p.config.Gate.GiveBack(ctx, &x.Question, &x.Answer); err != nil {
		p.config.Log.DebugContext(ctx, "the charge stays", "route", x.Route.Name, "request_id", x.ID, "error", err)
	}
}
