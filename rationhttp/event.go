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
	FollowUpRefund = "refund" // a charge was to be given back
	FollowUpSettle = "settle" // a reservation was to be settled
)

// Event is what an observer learns of an answer, or later of what became of its
// charge: nothing that tells whose request it was. All but Err and Wait are from
// closed sets.
type Event struct {
	Via        string
	FollowUp   string        // what became of a charge; empty: this is of the answer to a question
	Route      string        // as in the Question
	Wait       time.Duration // how long the answer took
	Code       ration.Code   // of the decision, or of what prevented it
	FailedOpen bool
	Refunded   bool  // the charge was given back; only with After
	Err        error // why there was no decision, where that is the operator's business and not the client's doing
}

// NewEvent describes what came of a charge.
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
