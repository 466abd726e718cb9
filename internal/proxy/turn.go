package proxy

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/bucket"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/turns"
	"github.com/ration-dev/ration/rationhttp"
)

// Capacity bounds how many requests the upstream gets at once. 0 means no bound,
// except for Waiting, where it means that no request waits.
type Capacity struct {
	InFlight   int           // most requests that have not ended
	Waiting    int           // most requests that wait until others have ended
	Wait       time.Duration // the longest time that they wait; 0: 5 s
	WebSockets int           // most connections that have become WebSockets, in addition to InFlight
}

const defaultWait = 5 * time.Second

// capacity gives turns to requests.
type capacity struct{ inFlight, webSockets *turns.Turns }

func newCapacity(c Capacity) capacity {
	return capacity{
		inFlight:   turns.New(turns.Config{AtOnce: c.InFlight, Waiting: c.Waiting, Wait: cmp.Or(c.Wait, defaultWait)}),
		webSockets: turns.New(turns.Config{AtOnce: c.WebSockets}),
	}
}

// turn is the part of the capacity that a request holds.
type turn struct {
	keyless              bool
	inFlight, webSockets *turns.Turns // nil: not, or not any more
}

// end gives everything back. It may be called again.
func (t *turn) end() {
	t.endFlight()
	if t.webSockets != nil {
		t.webSockets.Give(t.keyless)
		t.webSockets = nil
	}
}

// endFlight gives back what a request holds until it has ended. An open WebSocket no
// longer counts as a request.
func (t *turn) endFlight() {
	if t.inFlight != nil {
		t.inFlight.Give(t.keyless)
		t.inFlight = nil
	}
}

// takeTurn waits until the upstream can take the request, before anything is charged.
// It reports whether the upstream can; otherwise the request was answered. Only
// requests with a key that exists wait, each key in its own queue, and requests that
// need no key, in one queue per address. So guessed keys delay nobody.
func (p *Proxy) takeTurn(w http.ResponseWriter, x *exchange) bool {
	x.turn.keyless = x.Route.Free || x.Preflight
	if isWebSocket(x.In) {
		if !p.capacity.webSockets.Try(x.turn.keyless) {
			p.answerBusy(w, x, "websockets")
			return false
		}
		x.turn.webSockets = p.capacity.webSockets
	}
	if p.capacity.inFlight.Try(x.turn.keyless) {
		x.turn.inFlight = p.capacity.inFlight
		return true
	}
	who := turns.Who{Keyless: x.turn.keyless}
	if x.turn.keyless {
		who.Line = bucket.Client(p.reader.CallerOf(&x.Request).IP).String()
	} else {
		key, refused := p.config.Gate.Recognise(x.In.Context(), *p.reader.CallerOf(&x.Request), x.Question)
		if refused != nil {
			x.turn.end()
			x.Answer = *refused
			p.answer(w, x, x.Answer.Response)
			return false
		}
		who.Line = string(key[:])
	}
	switch err := p.capacity.inFlight.Take(x.In.Context(), who); {
	case errors.Is(err, turns.ErrBusy):
		p.answerBusy(w, x, "requests in flight")
		return false
	case err != nil: // the client has gone; nobody reads an answer
		x.turn.end()
		p.tell(x, rationhttp.Event{Code: rationhttp.CodeClientGone})
		w.WriteHeader(statusClientGone)
		return false
	}
	x.turn.inFlight = p.capacity.inFlight
	return true
}

// codeBusy is the code of requests for which the upstream had no room.
const codeBusy = "upstream_busy"

// answerBusy refuses a request that was not charged.
func (p *Proxy) answerBusy(w http.ResponseWriter, x *exchange, full string) {
	x.turn.end()
	ctx := x.In.Context()
	p.trouble.Say(ctx, slog.LevelWarn, condense.Kind{Message: "the upstream is busy: a request was refused", Code: codeBusy, Route: x.Route.Name}, slog.String("full", full))
	p.tell(x, rationhttp.Event{Code: codeBusy, Status: http.StatusServiceUnavailable})
	p.answer(w, x, p.config.Gate.Responder.Problem(api.Problem{
		Type: api.TypeTemporaryReducedCapacity, Status: http.StatusServiceUnavailable, Code: codeBusy, RetryAfter: new(int64(1)),
		Detail: "The API behind this proxy is too busy. The request was not counted.", RequestID: x.ID,
	}))
}
