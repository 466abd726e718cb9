package verify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationhttp"
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
func (h *Handler) settle(w http.ResponseWriter, r *http.Request, left time.Duration) error {
	return h.end(w, r, left, &ending{settles: true})
}

// void serves POST /v1/reservations/{id}/void.
func (h *Handler) void(w http.ResponseWriter, r *http.Request, left time.Duration) error {
	return h.end(w, r, left, &ending{})
}

// end ends a reservation as e and the body say, and shows it.
func (h *Handler) end(w http.ResponseWriter, r *http.Request, left time.Duration, e *ending) error {
	id, err := reservationID(r)
	if err != nil {
		return err
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	if err := buffers.read(w, r); err != nil {
		return err
	}
	if buffers.in.Len() > 0 {
		if err := checkContentType(r.Header); err != nil {
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
	deadline, cancel := context.WithTimeout(r.Context(), left)
	defer cancel()
	if err = h.about(w, r, left, buffers, func(ctx context.Context) (ration.Reservation, error) {
		if !e.settles {
			return h.config.Reservations.Void(ctx, e.key, id)
		}
		return h.config.Reservations.Settle(ctx, e.key, id, ration.Settlement{Amounts: e.amounts.all, Overage: overage})
	}); err != nil {
		return h.contradicted(deadline, e, id, err)
	}
	h.noteRounded(r, e.amounts)
	return nil
}

// show serves GET /v1/reservations/{id}.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, left time.Duration) error {
	id, err := reservationID(r)
	if err != nil {
		return err
	}
	key, err := keyParameter(r)
	if err != nil {
		return err
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	return h.about(w, r, left, buffers, func(ctx context.Context) (ration.Reservation, error) {
		return h.config.Reservations.Reservation(ctx, key, id)
	})
}

// about answers with a reservation that the engine is asked for.
func (h *Handler) about(w http.ResponseWriter, r *http.Request, left time.Duration, buffers *buffers, ask func(context.Context) (ration.Reservation, error)) error {
	start := time.Now()
	waiting, cancel := context.WithTimeout(r.Context(), left)
	defer cancel()
	reservation, err := ask(waiting)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return invalidCharge(invalid)
	}
	if err != nil {
		if h.config.Observe != nil {
			event := rationhttp.NewEvent(r.Context(), via, ration.Decision{}, err)
			event.Wait = time.Since(start)
			h.config.Observe(r.Context(), event)
		}
		return err
	}
	buffers.write(w, wire.Reservation(reservation))
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
