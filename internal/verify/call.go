package verify

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/rationhttp"
)

// via is this integration's name in events.
const via = "verify"

// call is one request while it is under way.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	id      string          // of the request; its answer and the logs have it
	left    time.Duration   // how long it may wait for the database
	within  context.Context // of several questions, which wait together; nil: it waits alone, for what is left
	turn    chan struct{}   // has room for the one of several questions that is being explained; nil: it is alone
	asks    *bearer.Caller
	minimal bool // a short answer is preferred
	told    bool // the observer was told of each question
	event   rationhttp.Event
}

// newCall gives a request its id, and puts it into the answer, whatever that will be.
func (h *Handler) newCall(w http.ResponseWriter, r *http.Request) *call {
	id := h.config.TrustedProxies.RequestID(r)
	w.Header().Set(rationhttp.RequestIDHeader, id)
	return &call{w: w, r: r, id: id, event: rationhttp.Event{Via: via, Code: ration.CodeOK}}
}

// wait returns a context to wait for the database with, for as long as is left. Done takes
// from that what was waited.
func (c *call) wait() (waiting context.Context, done func()) {
	if c.within != nil {
		return c.within, func() {}
	}
	start := time.Now()
	waiting, cancel := context.WithTimeout(c.r.Context(), c.left)
	return waiting, func() {
		cancel()
		c.left -= time.Since(start)
	}
}

// fail answers a caller whom an error keeps from its answer.
func (h *Handler) fail(c *call, err error) {
	response := h.own.Failed(err, c.id)
	response.WriteTo(c.w)
	c.noteFailed(err, response.Status)
	h.observe(c)
}

// noteFailed makes the call's event one of an error.
func (c *call) noteFailed(err error, status int) {
	wait := c.event.Wait
	c.event = rationhttp.NewEvent(c.r.Context(), via, ration.Decision{}, err)
	c.event.Wait = wait
	if c.event.Code != rationhttp.CodeClientGone {
		c.event.Status = status
	}
}

// observe tells the observer of a call that was answered.
func (h *Handler) observe(c *call) {
	if h.config.Observe == nil || c.told {
		return
	}
	c.event.Route, c.event.RequestID = c.r.Pattern, c.id
	h.config.Observe(c.r.Context(), c.event)
}
