package rationhttp

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
)

// CodeClientGone is the code of an event whose client left before it got an answer.
const CodeClientGone = "client_gone"

// The follow-ups that an event may report.
const (
	FollowUpRefund = "refund" // Ration tried to give a charge back
	FollowUpSettle = "settle" // Ration tried to settle a reservation
)

// Event tells an observer about an answer, or later about a follow-up: what became of
// the answer's charge. It doesn't say whose request it was. All fields except Err and
// Wait have values from closed sets.
type Event struct {
	Via        string
	FollowUp   string        // one of the FollowUp constants; empty: this event is about the answer to a question
	Route      string        // as in the Question
	Wait       time.Duration // how long the answer took
	Code       ration.Code   // of the decision, or of the error that prevented it
	FailedOpen bool
	Refunded   bool  // the charge was given back; only with FollowUpRefund
	Err        error // why there was no decision; nil if the client caused it, so that the operator need not know
}

// NewEvent describes the outcome of a charge.
func NewEvent(ctx context.Context, via string, decision ration.Decision, err error) Event {
	switch {
	case err == nil:
		return Event{Via: via, Code: decision.Code}
	case ctx.Err() != nil:
		return Event{Via: via, Code: CodeClientGone}
	}
	event := Event{Via: via, Code: toldCode(err)}
	if !isRefused(event.Code) {
		event.Err = err
	}
	return event
}
