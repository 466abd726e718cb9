package rationhttp

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration"
)

// Middleware lets a request through to the next handler only after its charge is
// committed. Without options, it takes the secret from X-API-Key or Authorization and
// charges one request. Before the next handler runs, it sets the header fields that
// say what remains, and X-Request-Id, and puts the decision into the request's
// context; see [DecisionFrom].
func Middleware(charger Charger, options ...Option) func(http.Handler) http.Handler {
	m := newMiddleware(charger, options)
	if _, able := charger.(Refunder); !able && m.refunds != nil {
		panic("rationhttp: WithRefunds needs a Charger that is a Refunder, such as a ration.Engine")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, next) })
	}
}

// DecisionFrom returns the decision by which the Middleware let a request through,
// from the request's context. It returns false outside the Middleware, and if the
// Middleware let the request through without a decision (see [WithFailOpen]).
func DecisionFrom(ctx context.Context) (ration.Decision, bool) {
	decision, found := ctx.Value(decisionKey{}).(*ration.Decision)
	if !found {
		return ration.Decision{}, false
	}
	return *decision, true
}

type decisionKey struct{}

type middleware struct {
	gate     Gate
	question func(*http.Request) Question
	strip    bool
	failOpen func(*http.Request, error)
	refunds  *Refunds // nil: nothing is refundable
}

func newMiddleware(charger Charger, options []Option) *middleware {
	m := &middleware{gate: Gate{Charger: charger}}
	for _, option := range options {
		option(m)
	}
	if m.gate.Responder.Sources == (Sources{}) {
		m.gate.Responder.Sources = m.gate.Sources
	}
	return m
}

func (m *middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	question := Question{}
	if m.question != nil {
		question = m.question(r)
	}
	question.Via = "middleware"
	question.FailOpen = m.failOpen != nil
	question.Refundable = m.refunds != nil
	question.InFlight = true
	question.RequestID = m.requestID(w.Header(), r, question.RequestID)
	w.Header().Set(RequestIDHeader, question.RequestID)
	answer := m.gate.Ask(r.Context(), m.gate.CallerOf(r, question), question)
	if !answer.Admitted {
		answer.Response.WriteTo(w)
		return
	}
	answer.Response.Apply(w.Header())
	ctx := r.Context()
	if answer.Decision.Lease != nil {
		flight := &flight{gate: &m.gate, ctx: ctx, answer: answer}
		w = flight.watch(w)
		defer flight.handled()
	}
	if answer.FailedOpen {
		m.failOpen(r, answer.Err)
	} else {
		decision := answer.Decision
		decision.Receipt = nil // Refund uses it, once
		decision.Lease = nil   // it ends with the request
		ctx = context.WithValue(ctx, decisionKey{}, &decision)
	}
	var held *charged
	if answer.Decision.Receipt != nil {
		held = &charged{gate: &m.gate, policy: m.refunds, ctx: ctx, question: question, header: w.Header(), answer: answer}
		ctx = context.WithValue(ctx, chargedKey{}, held)
	}
	r = r.WithContext(ctx)
	if m.strip {
		r = stripped(r, m.gate.SourcesOf(question), answer.Credential)
	}
	if held != nil {
		held.serve(w, r, next)
		return
	}
	next.ServeHTTP(w, r)
}

// requestID returns the id of a request: the application's own, if the question has one
// or an outer handler has put one into the answer; otherwise as
// [TrustedProxies.RequestID] says. An id of another form could not be told from text
// of the client, so it is no id.
func (m *middleware) requestID(answer http.Header, r *http.Request, asked string) string {
	for _, id := range []string{asked, answer.Get(RequestIDHeader)} {
		if isRequestID(id) {
			return id
		}
	}
	return m.gate.TrustedProxies.RequestID(r)
}

// stripped returns a request without the secret. The server's own request
// stays as it is.
func stripped(r *http.Request, sources Sources, credential Credential) *http.Request {
	clone := *r
	clone.Header = r.Header.Clone()
	sources.Strip(clone.Header, credential.Secret.Reveal())
	if query := sources.StripQuery(r.URL.RawQuery, credential.Secret.Reveal()); query != r.URL.RawQuery {
		url := *r.URL
		url.RawQuery = query
		clone.URL, clone.RequestURI = &url, url.RequestURI()
	}
	return &clone
}
