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

// Ender ends reservations. The Charger of a [Gate] whose questions have a Hold must
// be one too, as a [ration.Engine] is.
type Ender interface {
	// End settles or voids a reservation; see [ration.Engine.End] for its errors.
	End(ctx context.Context, keyID ration.KeyID, end ration.End) (ration.Reservation, error)
}

var _ Ender = (*ration.Engine)(nil)

// Settle ends the reservation of an admitted question with what was really used:
// of meters that amounts leave out, what was reserved. It may be called once the
// request is done with, or its client has gone, and again. Where there is no open
// reservation, as after [Gate.GiveBack], it does nothing. Errors: those of [Ender].
func (g *Gate) Settle(ctx context.Context, question *Question, answer *Answer, amounts []ration.Amount, over ration.Overage) error {
	held := answer.Decision.Reservation
	ender, able := g.Charger.(Ender)
	if held == nil || !able {
		return nil
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), SettleTimeout)
	defer cancel()
	end := ration.End{ID: held.ID, Action: ration.EndSettle, Amounts: amounts, Overage: over}
	_, err := ender.End(ctx, held.KeyID, end)
	if errors.Is(err, ration.ErrSettlementTooLarge) { // better what was reserved than to leave it open
		end.Amounts = nil
		_, err = ender.End(ctx, held.KeyID, end)
	}
	if err == nil {
		answer.Decision.Reservation = nil
	}
	g.observeAfter(ctx, question, Event{After: AfterSettle, Wait: time.Since(start)}, err)
	return err
}
