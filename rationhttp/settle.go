package rationhttp

import (
	"context"
	"errors"
	"time"

	"github.com/ration-dev/ration"
)

// SettleTimeout is how long Settle waits at most. A reservation that could not be
// settled ends by itself.
const SettleTimeout = 5 * time.Second

// Settler settles reservations. The Charger of a [Gate] whose questions have a Hold
// must be one too, as a [ration.Engine] is.
type Settler interface {
	// Settle ends a reservation; see [ration.Engine.Settle] for its errors.
	Settle(ctx context.Context, keyID ration.KeyID, id ration.ReservationID, used ration.Settlement) (ration.Reservation, error)
}

var _ Settler = (*ration.Engine)(nil)

// Settle ends the reservation of an admitted question with what was really used:
// of meters that amounts leave out, what was reserved. It may be called once the
// request is done with, or its client has gone, and again. Where there is no open
// reservation, as after [Gate.GiveBack], it does nothing. Errors: those of [Settler].
func (g *Gate) Settle(ctx context.Context, question *Question, answer *Answer, used ration.Settlement) error {
	held := answer.Decision.Reservation
	settler, able := g.Charger.(Settler)
	if held == nil || !able {
		return nil
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), SettleTimeout)
	defer cancel()
	_, err := settler.Settle(ctx, held.KeyID, held.ID, used)
	if errors.Is(err, ration.ErrSettlementTooLarge) { // better what was reserved than to leave it open
		_, err = settler.Settle(ctx, held.KeyID, held.ID, ration.Settlement{Overage: used.Overage})
	}
	if err == nil {
		answer.Decision.Reservation = nil
	}
	g.observeAfter(ctx, question, Event{FollowUp: FollowUpSettle, Wait: time.Since(start)}, err)
	return err
}
