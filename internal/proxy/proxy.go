package proxy

import (
	"context"
	"maps"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/override"
	"github.com/ration-dev/ration/rationhttp"
)

// via is this integration's name in charges and events.
const via = "proxy"

// Proxy is an http.Handler that charges requests and passes them on. It is safe for
// concurrent use.
type Proxy struct {
	config    Config
	trouble   *condense.Log // what an upstream that is down multiplies
	reader    *inbound.Reader
	pseudonym string // in Via, of this proxy alone
	capacity  capacity
	transport *http.Transport
	reverse   *httputil.ReverseProxy

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
		config: config, trouble: condense.New(config.Log), reader: newReader(config), pseudonym: newPseudonym(), transport: newTransport(config.Timeout),
		capacity: newCapacity(config.Capacity),
	}
	p.reverse = &httputil.ReverseProxy{
		Rewrite: p.rewrite, ModifyResponse: p.modifyResponse, ErrorHandler: p.fail,
		Transport: p.transport, BufferPool: copyBuffers{},
		ErrorLog: p.trouble.Standard(),
	}
	if config.Wrap != nil {
		p.reverse.Transport = config.Wrap(p.transport)
	}
	return p, nil
}

// ServeHTTP charges a request and passes it on, or answers it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.config.Portal != nil && p.config.Portal.Serves(r) {
		p.config.Portal.ServeHTTP(w, r)
		return
	}
	x := &exchange{Request: inbound.Request{In: r, ID: p.config.Gate.TrustedProxies.RequestID(r)}, body: newBody(r)}
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
	if x.Pages != nil {
		p.answerPreflight(w, x)
		return
	}
	if x.OwnUsage {
		p.answer(w, x, p.config.Usage.Report(r.Context(), *p.reader.CallerOf(&x.Request), x.ID))
		return
	}
	if err := p.reader.AskOnce(&x.Request); err != nil {
		p.refuse(w, x, err)
		return
	}
	if !p.takeTurn(w, x) {
		return
	}
	defer x.turn.end()
	if x.Route.Free {
		p.tell(x, rationhttp.Event{Code: inbound.UncountedCode(&x.Request)})
	} else {
		x.Answer = p.config.Gate.Ask(r.Context(), *p.reader.CallerOf(&x.Request), x.Question)
		if !x.Answer.Admitted {
			x.turn.end() // who is refused may be slow to read it
			p.notePreflight(x)
			p.answer(w, x, x.Answer.Response)
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
	if err := p.checkLoop(x.In); err != nil {
		return err
	}
	return p.reader.Judge(&x.Request)
}

func newReader(c Config) *inbound.Reader {
	return inbound.NewReader(inbound.Config{
		Via: via, Routes: c.Routes, Gate: c.Gate, WholeExchange: true,
		CORS: c.CORS, Preflights: c.Preflights, PreflightRate: c.PreflightRate, UsagePath: c.UsagePath,
		AllowOverrides: c.AllowOverrides, SecretPrefix: c.SecretPrefix,
		FixedHeaders: slices.Collect(maps.Keys(c.Headers)), PassHeaders: c.PassHeaders, Errors: c.Errors,
	})
}

// Close closes idle connections to the upstream.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

// exchange is what is known about one request while it is under way.
type exchange struct {
	inbound.Request
	turn     turn // what it holds of the upstream's capacity
	body     *body
	override *override.Reader // what is within the body; nil: nobody looks
	answered bool             // the upstream has begun its answer
	report   *report          // what that tells of what was used; nil: it hasn't begun, or nobody asks
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange { return r.Context().Value(exchangeKey{}).(*exchange) }
