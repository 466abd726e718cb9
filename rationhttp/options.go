package rationhttp

import (
	"context"
	"net/http"
)

// Option changes how a [Middleware] works.
type Option func(*middleware)

// WithQuestion sets what a request asks for: amounts, scope, request id. The function
// is called before any of the body is read. A request id has the form that
// [TrustedProxies.RequestID] takes; the Middleware replaces any other. The Middleware sets Via, FailOpen and
// Refundable itself. With a Hold, the handler ends the reservation with
// [ration.Engine.Settle]; the decision in its context has the Reservation. With
// [WithRefunds], an outcome that is given back voids a reservation that is still
// open.
func WithQuestion(question func(*http.Request) Question) Option {
	return func(m *middleware) { m.question = question }
}

// WithSources sets where the secret may travel.
func WithSources(sources Sources) Option {
	return func(m *middleware) { m.gate.Sources = sources }
}

// WithResponder sets the form of answers.
func WithResponder(responder Responder) Option {
	return func(m *middleware) { m.gate.Responder = responder }
}

// WithTrustedProxies makes the Middleware believe X-Forwarded-For and X-Request-Id
// from these peers.
func WithTrustedProxies(proxies TrustedProxies) Option {
	return func(m *middleware) { m.gate.TrustedProxies = proxies }
}

// WithGate sets all that a Gate has, except for the Charger, which stays. It is for
// programs that share one Gate among several ways in.
func WithGate(gate Gate) Option {
	return func(m *middleware) {
		gate.Charger = m.gate.Charger
		m.gate = gate
	}
}

// WithoutCredential hides the secret from the next handler.
func WithoutCredential() Option {
	return func(m *middleware) { m.strip = true }
}

// WithFailOpen lets requests that carry a key through while no decision can be made.
// Such requests are neither counted nor limited, so this gives up the promise that
// every admitted request is counted. The function count is called for each: use it to
// make them visible.
func WithFailOpen(count func(*http.Request, error)) Option {
	return func(m *middleware) { m.failOpen = count }
}

// WithRefunds gives a charge back if the handler answers with one of these outcomes.
// The head of the answer waits until the refund is known, for at most
// [RefundTimeout]. A handler that panics before it has answered counts as one that
// answers 502, and the panic goes on. The charge stays once an answer has begun, and
// if the client has gone. A handler can also call [Refund]. The Charger must be a
// [Refunder].
func WithRefunds(refunds Refunds) Option {
	return func(m *middleware) { m.refunds = &refunds }
}

// WithObserver calls observe once for each request, after its answer is known, and
// once more if its charge is to be given back. Observe must not block. [LogRefusals]
// returns one that logs what was refused.
func WithObserver(observe func(context.Context, Event)) Option {
	return func(m *middleware) { m.gate.Observe = observe }
}
