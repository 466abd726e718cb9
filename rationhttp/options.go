package rationhttp

import (
	"context"
	"net/http"
)

// Option changes how a [Middleware] works.
type Option func(*middleware)

// WithQuestion sets what a request asks for: amounts, scope, request id. The
// function is called before anything of the body is read. Via, FailOpen and
// Refundable are the Middleware's own to set. A Hold is the handler's to end, by
// [ration.Engine.Settle] with the Reservation of its decision; with [WithRefunds] an
// outcome that is given back voids one that is still open.
func WithQuestion(question func(*http.Request) Question) Option {
	return func(m *middleware) { m.question = question }
}

// WithSources sets where the secret may travel.
func WithSources(sources Sources) Option {
	return func(m *middleware) { m.gate.Sources = sources }
}

// WithResponder sets how answers look.
func WithResponder(responder Responder) Option {
	return func(m *middleware) { m.gate.Responder = responder }
}

// WithTrustedProxies believes X-Forwarded-For and X-Request-Id of these peers.
func WithTrustedProxies(proxies TrustedProxies) Option {
	return func(m *middleware) { m.gate.TrustedProxies = proxies }
}

// WithoutCredential hides the secret from the next handler.
func WithoutCredential() Option {
	return func(m *middleware) { m.strip = true }
}

// WithFailOpen lets requests through, uncounted and unlimited, while no decision
// can be made, as long as they carry some key. It gives up the promise that
// every request let through is counted, so count is called for each: make it
// visible.
func WithFailOpen(count func(*http.Request, error)) Option {
	return func(m *middleware) { m.failOpen = count }
}

// WithRefunds gives charges back by what the handler answers, before the answer's
// head goes out: it waits [RefundTimeout] at most until that is known. A handler that
// panics before it has answered counts as one that answers 502; the panic goes on.
// Once an answer has begun, and where the client has gone, the charge stays. A
// handler can also call [Refund]. The Charger must be a [Refunder].
func WithRefunds(refunds Refunds) Option {
	return func(m *middleware) { m.refunds = &refunds }
}

// WithObserver calls observe once for each request, after its answer is known, and
// once more where its charge is to be given back. It must not block.
func WithObserver(observe func(context.Context, Event)) Option {
	return func(m *middleware) { m.gate.Observe = observe }
}
