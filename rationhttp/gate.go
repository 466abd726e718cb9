package rationhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
)

// Gate asks a Charger in the name of HTTP requests. Middleware, proxy and
// forward-auth are one Gate each. Charger must be set.
type Gate struct {
	Charger        Charger
	Responder      Responder
	Sources        Sources
	TrustedProxies TrustedProxies

	// Observe is called once for each question, after its answer is known, and once
	// more where its charge is to be given back or settled; nil: nobody watches. It must not block.
	Observe func(context.Context, Event)
}

// Question is what a request asks for.
type Question struct {
	Amounts        []ration.Amount // nil: one request
	Scope          string          // that the key must have; empty: none
	Via            string          // the integration
	Route          string          // what was asked for, from a closed set; empty: unknown
	RequestID      string          // shown in problem bodies; empty: none
	QueryParameter string          // takes the secret from the URL too; empty: as Sources says
	FailOpen       bool            // admits, uncounted, what could not be decided
	Refundable     bool            // may be given back by [Gate.GiveBack]

	// Idempotency admits the same request once: asked again it is refused. Nil: each
	// request is one of its own.
	Idempotency *ration.Idempotency
	// Hold reserves the amounts instead of charging them: whoever asks ends the
	// reservation, by [Gate.Settle] or [Gate.GiveBack]. Nil: they are charged.
	Hold *ration.Hold
}

// Answer is what became of a Question.
type Answer struct {
	Admitted   bool
	FailedOpen bool            // admitted without a decision
	Decision   ration.Decision // zero if there was none
	Credential Credential
	Response   Response // the whole answer, or if admitted the fields to add to it
	Err        error    // why there was no decision
}

// Ask decides a request. It does not write, and it does not change the request.
func (g *Gate) Ask(r *http.Request, question Question) Answer {
	if g.Observe == nil {
		return g.ask(r, question)
	}
	start := time.Now()
	answer := g.ask(r, question)
	g.observe(r, &question, &answer, start)
	return answer
}

// observe tells of an answer.
func (g *Gate) observe(r *http.Request, question *Question, answer *Answer, start time.Time) {
	event := NewEvent(r.Context(), question.Via, answer.Decision, answer.Err)
	if answer.Decision.Replayed {
		event.Code = CodeIdempotencyReplayed
	}
	event.Route, event.Wait, event.FailedOpen = question.Route, time.Since(start), answer.FailedOpen
	g.Observe(r.Context(), event)
}

func (g *Gate) ask(r *http.Request, question Question) Answer {
	sources := g.SourcesOf(question)
	credential, err := sources.Find(r)
	if err != nil {
		return Answer{Err: err, Response: g.Responder.Failed(err, question.RequestID)}
	}
	answer := Answer{Credential: credential}
	ctx := r.Context()
	if question.Hold != nil { // whose reservation nobody could end who hasn't waited for it
		ctx = context.WithoutCancel(ctx)
	}
	answer.Decision, answer.Err = ChargeSecret(ctx, g.Charger, ration.Charge{
		Secret: credential.Secret, Amounts: question.Amounts, Scope: question.Scope, IP: g.TrustedProxies.ClientIP(r),
		Refundable: question.Refundable, Idempotency: question.Idempotency, Hold: question.Hold,
		Via: question.Via, Request: &ration.RequestInfo{Method: r.Method, Route: question.Route, ID: question.RequestID},
	})
	if answer.Err != nil {
		answer.Decision = ration.Decision{} // whatever came with an error is no decision
	}
	switch {
	case answer.Decision.Replayed: // what was charged once buys one call
		answer.Response = g.Responder.replayed(question.RequestID)
	case answer.Err == nil:
		answer.Admitted = answer.Decision.Allowed()
		answer.Response = g.Responder.Decided(&answer.Decision, question.asked(credential))
	case question.FailOpen && mayFailOpen(r.Context(), answer.Err):
		answer.Admitted, answer.FailedOpen = true, true
		answer.Response = Response{Status: http.StatusOK, Fields: g.Responder.cacheFields(credential.InQuery)}
	default:
		answer.Response = g.Responder.Failed(answer.Err, question.RequestID)
	}
	return answer
}

func (q *Question) asked(credential Credential) Asked {
	return Asked{RequestID: q.RequestID, Amounts: q.Amounts, Scope: q.Scope, InQuery: credential.InQuery}
}

// SourcesOf returns where the secret of a question may travel.
func (g *Gate) SourcesOf(question Question) Sources {
	sources := g.Sources
	if question.QueryParameter != "" {
		sources.QueryParameter = question.QueryParameter
	}
	return sources
}
