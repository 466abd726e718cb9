package rationhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
)

// Gate asks a Charger in the name of callers. The Middleware, the proxy and
// forward-auth each have one Gate. Charger must be set.
type Gate struct {
	Charger        Charger
	Responder      Responder
	Sources        Sources
	TrustedProxies TrustedProxies

	// Observe is called once for each question, after its answer is known. It is
	// called once more if the question's charge is to be given back or settled. It
	// must not block. Nil: nobody observes.
	Observe func(context.Context, Event)
}

// Question is what a request asks for.
type Question struct {
	Amounts        []ration.Amount // to charge; nil: one request
	Scope          string          // a scope that the key must have; empty: none
	Via            string          // the name of the integration, for logs
	Route          string          // the name of the route that matched, from a closed set; empty: unknown
	RequestID      string          // shown in answers that refuse, and in logs; empty: none
	QueryParameter string          // the parameter of the URL in which the secret may be; empty: as Sources says
	FailOpen       bool            // if no decision can be made, admit the request without counting it
	Refundable     bool            // the charge may be given back by [Gate.GiveBack]

	// Idempotency admits the same request once, and refuses it when it comes again.
	// Nil: every request is a new one.
	Idempotency *ration.Idempotency
	// Repeatable admits a request that comes again with the same Idempotency once more,
	// uncounted: whoever asks vouches that it is the same one.
	Repeatable bool
	// InFlight says that the request goes on after its answer to Ask: it takes a slot of
	// the key's concurrent limits. The caller of Ask then gives it back with
	// [Gate.Release]. It does nothing if the Charger is no [Releaser].
	InFlight bool
	// Token is the digest of the service token in whose name whoever asks does so; see
	// [ration.Charge]. Zero: none has to be checked.
	Token ration.Digest
	// Hold reserves the amounts instead of charging them. The caller of Ask then ends
	// the reservation, with [Gate.Settle] or [Gate.GiveBack]. Nil: the amounts are
	// charged.
	Hold *ration.Hold
}

// Answer is the outcome of a Question.
type Answer struct {
	Admitted   bool
	FailedOpen bool            // admitted without a decision
	Decision   ration.Decision // zero if there was none
	Credential Credential
	Response   Response // if refused, the whole answer; if admitted, the fields to add to the application's answer
	Err        error    // why there was no decision
}

// Ask decides whether a caller may do what it asks for. It knows nothing of HTTP,
// except for the answer. Ctx is the caller's: when it ends, nobody waits for the
// answer any more.
func (g *Gate) Ask(ctx context.Context, caller Caller, question Question) Answer {
	if g.Observe == nil {
		return g.ask(ctx, caller, question)
	}
	start := time.Now()
	answer := g.ask(ctx, caller, question)
	g.observe(ctx, &question, &answer, start)
	return answer
}

// observe tells the observer about an answer.
func (g *Gate) observe(ctx context.Context, question *Question, answer *Answer, start time.Time) {
	event := NewEvent(ctx, question.Via, answer.Decision, answer.Err)
	if answer.Decision.Replayed {
		event.Code = CodeIdempotencyReplayed
	}
	event.Route, event.RequestID, event.Wait, event.FailedOpen = question.Route, question.RequestID, time.Since(start), answer.FailedOpen
	if !answer.Admitted && event.Code != CodeClientGone {
		event.Status = answer.Response.Status
	}
	g.Observe(ctx, event)
}

func (g *Gate) ask(ctx context.Context, caller Caller, question Question) Answer {
	if caller.Err != nil {
		return Answer{Err: caller.Err, Response: g.Responder.Failed(caller.Err, question.RequestID)}
	}
	credential := caller.Credential
	answer := Answer{Credential: credential}
	waited := ctx
	if question.Hold != nil { // whose reservation nobody could end who hasn't waited for it
		waited = context.WithoutCancel(ctx)
	}
	answer.Decision, answer.Err = ChargeSecret(waited, g.Charger, ration.Charge{
		Secret: credential.Secret, Amounts: question.Amounts, Scope: question.Scope, IP: caller.IP,
		Refundable: question.Refundable, InFlight: question.InFlight && g.canRelease(), Idempotency: question.Idempotency, Hold: question.Hold, Token: question.Token,
		Via: question.Via, Request: &ration.RequestInfo{Method: caller.Method, Route: question.Route, ID: question.RequestID},
	})
	if answer.Err != nil {
		answer.Decision = ration.Decision{} // whatever came with an error is no decision
	}
	switch {
	case answer.Decision.Replayed && !question.Repeatable: // what was charged once buys one call
		answer.Response = g.Responder.replayed(question.RequestID)
	case answer.Err == nil:
		answer.Admitted = answer.Decision.Allowed()
		answer.Response = g.Responder.Decided(&answer.Decision, question.echo(credential))
	case question.FailOpen && mayFailOpen(ctx, answer.Err):
		answer.Admitted, answer.FailedOpen = true, true
		answer.Response = Response{Status: http.StatusOK, Fields: g.Responder.cacheFields(credential.InQuery)}
	default:
		answer.Response = g.Responder.Failed(answer.Err, question.RequestID)
	}
	return answer
}

func (q *Question) echo(credential Credential) Echo {
	return Echo{RequestID: q.RequestID, Amounts: q.Amounts, Scope: q.Scope, InQuery: credential.InQuery}
}

// SourcesOf returns where the secret of a question may travel.
func (g *Gate) SourcesOf(question Question) Sources {
	sources := g.Sources
	if question.QueryParameter != "" {
		sources.QueryParameter = question.QueryParameter
	}
	return sources
}
