package verify

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// errOtherReservation: a reservation is asked for anew by its id, as another one.
var errOtherReservation = &refusal{
	status: http.StatusConflict, code: string(ration.CodeReservationConflict), detail: "The request body contradicts a reservation.",
	errors: []api.FieldError{{Pointer: "/id", Detail: "there is already a reservation with this id and other members; use a new id for a new reservation"}},
}

// contradicted says what of a reservation an end contradicts. The engine only
// says that it does, so the reservation is read once more; without it there is
// the engine's word.
func (h *Handler) contradicted(ctx context.Context, e *ending, id ration.ReservationID, err error) error {
	tooLarge := errors.Is(err, ration.ErrSettlementTooLarge)
	if !tooLarge && !errors.Is(err, ration.ErrReservationConflict) {
		return err
	}
	reservation, unread := h.config.Reservations.Reservation(ctx, e.key, id)
	var refused *refusal
	switch {
	case unread != nil:
	case tooLarge:
		refused = tooMuch(e, &reservation)
	default:
		refused = endedOtherwise(&reservation)
	}
	if refused == nil {
		return err
	}
	return refused
}

// tooMuch says which amounts are more than was reserved; nil if none is.
func tooMuch(e *ending, r *ration.Reservation) *refusal {
	refused := &refusal{
		status: http.StatusConflict, code: string(ration.CodeSettlementTooLarge),
		detail: `The settlement is for more than was reserved. Settle with at most that, or with "over": "clamp" to count what was reserved.`,
	}
	for _, amount := range e.amounts.all {
		var held ration.Amount
		for i := range r.Held {
			if r.Held[i].Meter == amount.Meter {
				held = ration.Amount{Units: r.Held[i].Units, Unit: r.Held[i].Unit}
			}
		}
		switch {
		case held.Unit.Of(amount.Units, amount.Unit) <= held.Units:
		case held.Units == 0:
			refused.errors = append(refused.errors, api.FieldError{Pointer: amountPointer(amount.Meter), Detail: "nothing is reserved on this meter"})
		default:
			refused.errors = append(refused.errors, api.FieldError{Pointer: amountPointer(amount.Meter), Detail: held.Text() + " are reserved"})
		}
	}
	if refused.errors == nil {
		return nil
	}
	return refused
}

// endedOtherwise says how a reservation ended; nil if it is open.
func endedOtherwise(r *ration.Reservation) *refusal {
	var how string
	switch {
	case r.State == ration.ReservationVoided:
		how = "was voided before"
	case r.State == ration.ReservationSettled:
		how = "was settled before, with " + amountsText(r.Settled)
	case r.State == ration.ReservationExpired && r.Settled != nil:
		how = "expired and was settled or voided late, with " + amountsText(r.Settled)
	default:
		return nil
	}
	return &refusal{
		status: http.StatusConflict, code: string(ration.CodeReservationConflict),
		detail: "The reservation " + how + ". This can't be changed.",
	}
}

func amountsText(amounts []ration.Amount) string {
	texts := make([]string, len(amounts))
	for i, amount := range amounts {
		texts[i] = amount.Meter + "=" + amount.Text()
	}
	return strings.Join(texts, " ")
}
