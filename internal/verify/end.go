package verify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/wire"
)

// Reservations is what becomes of reservations. It is what this package needs of
// a [ration.Engine] beside [rationhttp.Charger].
type Reservations interface {
	// Settle ends one with what was used; see [ration.Engine.Settle].
	Settle(ctx context.Context, keyID ration.KeyID, id ration.ReservationID, used ration.Settlement) (ration.Reservation, error)
	// Void ends one of which nothing was used; see [ration.Engine.Void].
	Void(ctx context.Context, keyID ration.KeyID, id ration.ReservationID) (ration.Reservation, error)
	// Reservation returns one as it is; see [ration.Engine.Reservation].
	Reservation(ctx context.Context, keyID ration.KeyID, id ration.ReservationID) (ration.Reservation, error)
}

var _ Reservations = (*ration.Engine)(nil)

// settle serves POST /v1/reservations/{id}/settle.
func (h *Handler) settle(c *call) error {
	return h.end(c, &ending{settles: true})
}

// void serves POST /v1/reservations/{id}/void.
func (h *Handler) void(c *call) error {
	return h.end(c, &ending{})
}

// end ends a reservation as e and the body say, and shows it.
func (h *Handler) end(c *call, e *ending) error {
	id, err := reservationID(c.r)
	if err != nil {
		return err
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	if err := buffers.read(c.w, c.r); err != nil {
		return err
	}
	if buffers.in.Len() > 0 {
		if err := checkContentType(c.r.Header); err != nil {
			return err
		}
		if err := e.parse(buffers.in.Bytes()); err != nil {
			return err
		}
	}
	overage, err := h.overage(e)
	if err != nil {
		return err
	}
	deadline, cancel := context.WithTimeout(c.r.Context(), c.left)
	defer cancel()
	var counted []ration.Amount
	if err = h.about(c, buffers, func(ctx context.Context) (ration.Reservation, error) {
		if !e.settles {
			return h.config.Reservations.Void(ctx, e.key, id)
		}
		settled, err := h.config.Reservations.Settle(ctx, e.key, id, ration.Settlement{Amounts: e.amounts.all, Overage: overage})
		counted = settled.Settled
		return settled, err
	}); err != nil {
		return h.contradicted(deadline, e, id, err)
	}
	h.noteRounded(c.r, e.amounts, counted)
	return nil
}

// show serves GET /v1/reservations/{id}.
func (h *Handler) show(c *call) error {
	id, err := reservationID(c.r)
	if err != nil {
		return err
	}
	key, err := keyParameter(c.r)
	if err != nil {
		return err
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	return h.about(c, buffers, func(ctx context.Context) (ration.Reservation, error) {
		return h.config.Reservations.Reservation(ctx, key, id)
	})
}

// about answers with a reservation that the engine is asked for.
func (h *Handler) about(c *call, buffers *buffers, ask func(context.Context) (ration.Reservation, error)) error {
	waiting, done := c.wait()
	defer done()
	if err := c.confirm(waiting); err != nil {
		return err
	}
	start := time.Now()
	reservation, err := ask(waiting)
	c.event.KeyID, c.event.Wait = reservation.KeyID, time.Since(start)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return invalidCharge(invalid)
	}
	if err != nil {
		return err
	}
	buffers.write(c.w, wire.Reservation(reservation))
	return nil
}

// overage returns what becomes of more than was reserved. To count it all has to be
// accepted where the server is set up: it is the one thing that passes a limit.
func (h *Handler) overage(e *ending) (ration.Overage, error) {
	overage := e.overage
	if overage == "" {
		overage = h.config.OverSettlement
	}
	if e.settles && overage == ration.OverageAllow && !h.config.AcceptOverage {
		return "", invalidValue("/over", `overage needs the server's setting accept_overage, which gives up the promise that a key is never over its limit; use refuse or clamp`)
	}
	return overage, nil
}

// reservationID reads the id in the path.
func reservationID(r *http.Request) (ration.ReservationID, error) {
	id, err := ration.ParseReservationID(r.PathValue("id"))
	if err != nil {
		return id, invalidURL("The reservation's id in the path is not a version 7 UUID (RFC 9562).")
	}
	return id, nil
}

// keyParameter reads whose reservation is meant; the zero KeyID if that isn't said.
func keyParameter(r *http.Request) (ration.KeyID, error) {
	values := r.URL.Query()["key"]
	if len(values) == 0 {
		return ration.KeyID{}, nil
	}
	key, err := ration.ParseKeyID(values[0])
	if err != nil || len(values) > 1 {
		return key, invalidURL("The parameter key is not the id of one key.")
	}
	return key, nil
}
