package rationhttp

import (
	"context"
	"errors"
	"time"

	"github.com/ration-dev/ration"
)

// SettleTimeout is the longest time for which Settle waits. A reservation that could
// not be settled expires by itself.
const SettleTimeout = 5 * time.Second

// Settler settles reservations. The Charger of a [Gate] whose questions have a Hold
// must be one too, as a [ration.Engine] is.
type Settler interface {
	// Settle ends a reservation; see [ration.Engine.Settle] for its errors.
	Settle(ctx context.Context, keyID ration.KeyID, id ration.ReservationID, used ration.Settlement) (ration.Reservation, error)
}

var _ Settler = (*ration.Engine)(nil)

// Settle ends the reservation of an admitted question with what was really used. On
// meters that the settlement leaves out, that is what was reserved. It may be called
// after the request has ended or its client has gone, and may be called again. If
// there is no open reservation, as after [Gate.GiveBack], it does nothing. Its errors
// are those of [Settler].
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
	if errors.Is(err, ration.ErrSettlementTooLarge) { // rather count what was reserved than leave the reservation open
		_, err = settler.Settle(ctx, held.KeyID, held.ID, ration.Settlement{Overage: used.Overage})
	}
	if err == nil {
		answer.Decision.Reservation = nil
	}
	g.observeAfter(ctx, question, Event{FollowUp: FollowUpSettle, KeyID: answer.Decision.KeyID, Wait: time.Since(start)}, err)
	return err
}
