package rationhttp

import (
	"context"
	"log/slog"
	"time"

	"github.com/ration-dev/ration"
)

// CodeClientGone is the code of an event whose client left before it got an answer.
const CodeClientGone = "client_gone"

// The follow-ups that an event may report.
const (
	FollowUpRefund = "refund" // Ration tried to give a charge back
	FollowUpSettle = "settle" // Ration tried to settle a reservation
	FollowUpFailed = "failed" // the API behind the proxy failed, after the request was let through
)

// Event tells an observer about an answer, or later about a follow-up: what became of
// the answer's charge. RequestID and KeyID say whose request it was: log them, but
// don't make them labels of a metric. All other fields except Err, Limit and Wait have
// values from closed sets.
type Event struct {
	Via        string
	FollowUp   string        // one of the FollowUp constants; empty: this event is about the answer to a question
	Route      string        // as in the Question
	RequestID  string        // as in the Question, and in the answer
	KeyID      ration.KeyID  // whose key it was; zero: unknown
	Wait       time.Duration // how long the answer took
	Code       ration.Code   // of the decision, or of the error that prevented it
	Limit      string        // the limit that refused; of several, the tightest; empty: none did
	Status     int           // of an answer that refuses, as the Responder made it; 0: it refuses nothing, or its client has gone
	FailedOpen bool
	Refunded   bool  // the charge was given back; only with FollowUpRefund
	Err        error // why there was no decision; nil if the client caused it, so that the operator need not know
}

// NewEvent describes the outcome of a charge.
func NewEvent(ctx context.Context, via string, decision ration.Decision, err error) Event {
	switch {
	case err == nil:
		event := Event{Via: via, KeyID: decision.KeyID, Code: decision.Code}
		if tightest := ration.Tightest(decision.Limits); tightest != nil && tightest.Exceeded {
			event.Limit = tightest.Name
		}
		return event
	case ctx.Err() != nil:
		return Event{Via: via, Code: CodeClientGone}
	}
	event := Event{Via: via, Code: toldCode(err)}
	if !isRefused(event.Code) {
		event.Err = err
	}
	return event
}

// LogRefusals returns an observer that logs each answer that refuses, at debug level,
// with the id by which its client can ask about it. It is for [Gate]'s Observe and
// for [WithObserver].
func LogRefusals(log *slog.Logger) func(context.Context, Event) {
	return func(ctx context.Context, event Event) {
		if event.Status == 0 || !log.Enabled(ctx, slog.LevelDebug) {
			return
		}
		attributes := append([]slog.Attr{slog.String("via", event.Via)}, event.Attributes()...)
		log.LogAttrs(ctx, slog.LevelDebug, "a request was refused", append(attributes, slog.Int("status", event.Status))...)
	}
}

// Attributes returns what logs say of an event besides its Via and Status: its
// request_id, route, code, key_id and limit, as far as they are known.
func (e Event) Attributes() []slog.Attr {
	attributes := make([]slog.Attr, 0, 8)
	add := func(name, value string) {
		if value != "" {
			attributes = append(attributes, slog.String(name, value))
		}
	}
	add("request_id", e.RequestID)
	add("route", e.Route)
	add("code", string(e.Code))
	if !e.KeyID.IsZero() {
		add("key_id", e.KeyID.String())
	}
	add("limit", e.Limit)
	return attributes
}
