package verify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationhttp"
)

// What a repeated question must have in common with the first beside what is
// charged: one idempotency key is good for one path.
const (
	aboutVerify       = ""
	aboutReservations = "reservations"
)

// verify serves POST /v1/verify.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request, left time.Duration) error {
	return h.ask(w, r, left, &question{}, aboutVerify)
}

// reserve serves POST /v1/reservations.
func (h *Handler) reserve(w http.ResponseWriter, r *http.Request, left time.Duration) error {
	return h.ask(w, r, left, &question{hold: &ration.Hold{}}, aboutReservations)
}

// ask reads a question, puts it to the Charger and answers it.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request, left time.Duration, q *question, about string) error {
	if err := checkContentType(r.Header); err != nil {
		return err
	}
	key, found, err := rationhttp.IdempotencyKey(r.Header)
	if err != nil {
		return err
	}
	if found {
		q.idempotency = &ration.Idempotency{Key: key, About: about}
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	if err := buffers.read(w, r); err != nil {
		return err
	}
	if err := q.parse(buffers.in.Bytes()); err != nil {
		return err
	}
	decision, err := h.decide(r.Context(), q, left)
	if errors.Is(err, ration.ErrReservationConflict) {
		return errOtherReservation
	}
	if err != nil {
		return err
	}
	h.noteRounded(r, q.amounts)
	asked := rationhttp.Echo{Amounts: q.amounts.all, Scope: q.scope}
	if !decision.Allowed() { // it is shown in the body
		asked.RequestID = newRequestID()
	}
	if decision.Replayed {
		w.Header().Set(rationhttp.IdempotentReplayedHeader, "true")
	}
	answer := answerOf(&decision, h.config.Responder.Decided(&decision, asked))
	if q.dryRun {
		if answer.Explanation, err = h.explain(r.Context(), q, &decision); err != nil {
			return err
		}
	}
	if q.hold != nil {
		buffers.write(w, reserved(answer, decision.Reservation))
		return nil
	}
	buffers.write(w, answer)
	return nil
}

// explain says why a dry run was decided as it was; nil where the key is unknown.
func (h *Handler) explain(ctx context.Context, q *question, decision *ration.Decision) (*api.Explanation, error) {
	if h.config.Explain == nil || decision.KeyID.IsZero() {
		return nil, nil
	}
	explanation, err := h.config.Explain.ExplainKey(ctx, admin.ExplainQuestion{KeyID: decision.KeyID, Amounts: q.amounts.all, Scope: q.scope, IP: q.ip})
	if err != nil {
		return nil, err
	}
	return new(wire.Explanation(explanation)), nil
}

func (h *Handler) decide(ctx context.Context, q *question, left time.Duration) (ration.Decision, error) {
	start := time.Now()
	waiting, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	decision, err := rationhttp.ChargeSecret(waiting, h.config.Charger, ration.Charge{
		Secret: ration.SecretFromText(h.config.Responder.Sources.Secret(q.secret)), Amounts: q.amounts.all, Scope: q.scope,
		IP: q.ip, DryRun: q.dryRun, Via: via, Hold: q.hold, Idempotency: q.idempotency,
	})
	invalid, isInvalid := errors.AsType[*ration.InvalidError](err)
	if isInvalid {
		return decision, invalidCharge(invalid)
	}
	if h.config.Observe != nil {
		event := rationhttp.NewEvent(ctx, via, decision, err)
		event.Wait = time.Since(start)
		h.config.Observe(ctx, event)
	}
	return decision, err
}
