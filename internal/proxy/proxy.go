package proxy

import (
	"context"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"

	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/override"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// via is this integration's name in charges and events.
const via = "proxy"

// Proxy is an http.Handler that charges requests and passes them on. It is safe for
// concurrent use.
type Proxy struct {
	config    Config
	trouble   *condense.Log // what an upstream that is down multiplies
	hygiene   hygiene
	pseudonym string // in Via, of this proxy alone
	capacity  capacity
	transport *http.Transport
	reverse   *httputil.ReverseProxy

	preflights     *preflightLimit // of those that the upstream answers
	preflightNoted sync.Once
	untrustedNoted atomic.Bool
}

// New checks a configuration. Its error is a [ration.InvalidError].
func New(config Config) (*Proxy, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	p := &Proxy{
		config: config, trouble: condense.New(config.Log), hygiene: newHygiene(config), pseudonym: newPseudonym(), transport: newTransport(config.Timeout),
		capacity: newCapacity(config.Capacity), preflights: newPreflightLimit(config.PreflightRate),
	}
	p.reverse = &httputil.ReverseProxy{
		Rewrite: p.rewrite, ModifyResponse: p.modifyResponse, ErrorHandler: p.fail,
		Transport: p.transport, BufferPool: copyBuffers{},
		ErrorLog: p.trouble.Standard(),
	}
	return p, nil
}

// ServeHTTP charges a request and passes it on, or answers it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.config.Portal != nil && p.config.Portal.Serves(r) {
		p.config.Portal.ServeHTTP(w, r)
		return
	}
	x := &exchange{in: r, requestID: p.config.Gate.TrustedProxies.RequestID(r), body: newBody(r)}
	lasting := r.ProtoMajor == 1
	if lasting {
		defer x.body.stop(http.NewResponseController(w).SetReadDeadline) // last: it may end the request's context
	}
	w = &writer{ResponseWriter: w, responder: &p.config.Gate.Responder, exchange: x, lasting: lasting}
	if p.config.CORS.Speaks() {
		w = &pageWriter{ResponseWriter: w, policy: &p.config.CORS, in: r}
	}
	p.noteUntrustedProxy(r)
	if err := p.judge(x); err != nil {
		p.refuse(w, x, err)
		return
	}
	if x.pages != nil {
		p.answerPreflight(w, x)
		return
	}
	if x.ownUsage {
		p.answer(w, x, p.config.Usage.Report(r.Context(), *p.callerOf(x), x.requestID))
		return
	}
	if err := p.askOnce(x); err != nil {
		p.refuse(w, x, err)
		return
	}
	if !p.takeTurn(w, x) {
		return
	}
	defer x.turn.end()
	if x.route.Free {
		p.tell(x, rationhttp.Event{Code: uncountedCode(x)})
	} else {
		x.answer = p.config.Gate.Ask(r.Context(), *p.callerOf(x), x.question)
		if !x.answer.Admitted {
			x.turn.end() // who is refused may be slow to read it
			p.notePreflight(x)
			p.answer(w, x, x.answer.Response)
			return
		}
		defer p.release(x)
		defer p.settle(x) // also where the copying of an answer panics, as ReverseProxy's does
	}
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
}

// judge finds the route of a request, or returns an error that says why it is
// refused, before anybody asks who sends it. [Proxy.ServeHTTP] and [Proxy.Explain]
// both use it.
func (p *Proxy) judge(x *exchange) error {
	if err := p.checkLoop(x.in); err != nil {
		return err
	}
	if err := p.hygiene.check(x.in); err != nil {
		return err
	}
	if p.isOwnUsage(x.in) {
		return p.findOwnUsage(x)
	}
	if err := p.find(x); err != nil || x.pages != nil {
		return err
	}
	if err := p.checkOverride(x); err != nil {
		return err
	}
	x.question = p.questionOf(x)
	x.sources = p.config.Gate.SourcesOf(x.question)
	return p.checkPath(x)
}

// Close closes idle connections to the upstream.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

func (p *Proxy) questionOf(x *exchange) rationhttp.Question {
	question := rationhttp.Question{
		Amounts: x.route.Amounts, Scope: x.route.Scope, QueryParameter: x.route.KeyQuery, FailOpen: x.route.FailOpen,
		Via: via, Route: x.route.Name, RequestID: x.requestID, Refundable: !x.route.Refunds.IsZero(), InFlight: true,
	}
	if x.route.Reserve != nil {
		question.Hold = &x.route.Reserve.Hold
	}
	return question
}

// exchange is what is known about one request while it is under way.
type exchange struct {
	in        *http.Request
	requestID string
	route     *route.Compiled // nil on what is answered here: preflights, and questions about a key's usage
	ownUsage  bool            // it asks what its key has used
	pages     []string        // the methods that a page may use, of such a preflight; else nil
	sources   rationhttp.Sources
	question  rationhttp.Question
	caller    *rationhttp.Caller // nil: nobody has asked who it is yet
	answer    rationhttp.Answer  // zero on a free route
	preflight bool               // passed on without a key
	turn      turn               // what it holds of the upstream's capacity
	body      *body
	override  *override.Reader // what is within the body; nil: nobody looks
	answered  bool             // the upstream has begun its answer
	report    *report          // what that tells of what was used; nil: it hasn't begun, or nobody asks
}

// callerOf finds out, once, who sends the request.
func (p *Proxy) callerOf(x *exchange) *rationhttp.Caller {
	if x.caller == nil {
		found := p.config.Gate.CallerOf(x.in, x.question)
		x.caller = &found
	}
	return x.caller
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange { return r.Context().Value(exchangeKey{}).(*exchange) }
