package rationhttp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// RefundTimeout is the longest time for which an answer waits until it is known
// whether its charge was given back. After that the charge stays.
const RefundTimeout = 2 * time.Second

// ErrNotRefundable says that there is no charge to give back: nothing was charged,
// the question was not Refundable, or a refund has been tried already.
var ErrNotRefundable = errors.New("there is no charge to give back")

// Refunder gives back charges. The Charger of a [Gate] whose questions are
// Refundable must be one too, as a [ration.Engine] is.
type Refunder interface {
	// Refund gives back a charge, once; see [ration.Engine.Refund] for its errors.
	Refund(ctx context.Context, receipt ration.Receipt) error
}

var _ Refunder = (*ration.Engine)(nil)

// GiveBack gives back what an admitted question was charged, or voids what it
// reserved. It also changes the answer to what it would have been just before that
// charge, except for rates. It may be called after the request has ended or its
// client has gone. It tries only once. After an error the charge stays or, after
// [ration.ErrOutcomeUnknown], may have been given back, and the answer is unchanged.
// Errors besides those of [Refunder]: [ErrNotRefundable].
func (g *Gate) GiveBack(ctx context.Context, question *Question, answer *Answer) error {
	receipt := answer.Decision.Receipt
	refunder, able := g.Charger.(Refunder)
	if receipt == nil || !able {
		return ErrNotRefundable
	}
	answer.Decision.Receipt = nil // used, whatever comes of it: nothing remembers a receipt
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), RefundTimeout)
	defer cancel()
	err := refunder.Refund(ctx, *receipt)
	if err == nil {
		answer.Decision.Limits = uncharged(answer.Decision.Limits, receipt)
		answer.Decision.Reservation = nil
		answer.Response = g.Responder.Decided(&answer.Decision, question.echo(answer.Credential))
	}
	g.observeAfter(ctx, question, Event{FollowUp: FollowUpRefund, KeyID: answer.Decision.KeyID, Wait: time.Since(start), Refunded: err == nil}, err)
	return err
}

// observeAfter tells the observer what became of a charge.
func (g *Gate) observeAfter(ctx context.Context, question *Question, event Event, err error) {
	if g.Observe == nil {
		return
	}
	event.Via, event.Route, event.RequestID, event.Code = question.Via, question.Route, question.RequestID, ration.CodeOK
	switch {
	case errors.Is(err, ration.ErrRefundsExhausted):
		event.Code = ration.CodeRefundsExhausted
	case err != nil:
		event.Code, event.Err = toldCode(err), err
	}
	g.Observe(ctx, event)
}

// uncharged returns the state that limits had before a charge or a reservation. A
// rate is not given back.
func uncharged(limits []ration.LimitStatus, receipt *ration.Receipt) []ration.LimitStatus {
	postings := receipt.Postings
	limits = slices.Clone(limits) // the store may remember them for a repeated charge
	for i := range limits {
		status := &limits[i]
		if status.Kind != ration.KindQuota {
			continue
		}
		for j := range postings {
			if postings[j].Meter != status.Meter {
				continue
			}
			if !receipt.Reservation.IsZero() {
				status.Reserved = max(status.Reserved-postings[j].Units, 0)
			} else {
				status.Used = max(status.Used-postings[j].Units, 0)
			}
			status.Remaining = max(status.Size()-status.Used-status.Reserved, 0)
		}
	}
	return limits
}
