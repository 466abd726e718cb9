package verify

import (
	"context"
	"errors"
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
func (h *Handler) verify(c *call) error {
	return h.ask(c, &question{}, aboutVerify)
}

// reserve serves POST /v1/reservations.
func (h *Handler) reserve(c *call) error {
	return h.ask(c, &question{hold: &ration.Hold{}}, aboutReservations)
}

// ask reads a question, puts it to the Charger and answers it.
func (h *Handler) ask(c *call, q *question, about string) error {
	if err := checkContentType(c.r.Header); err != nil {
		return err
	}
	key, found, err := rationhttp.IdempotencyKey(c.r.Header)
	if err != nil {
		return err
	}
	if found {
		q.idempotency = &ration.Idempotency{Key: key, About: about}
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	if err := buffers.read(c.w, c.r); err != nil {
		return err
	}
	if err := q.parse(buffers.in.Bytes()); err != nil {
		return err
	}
	decision, err := h.decide(c, q)
	if errors.Is(err, ration.ErrReservationConflict) {
		return errOtherReservation
	}
	if err != nil {
		return err
	}
	h.noteRounded(c.r, q.amounts, decision.Amounts)
	asked := rationhttp.Echo{Amounts: q.amounts.all, Scope: q.scope}
	if !decision.Allowed() { // it is shown in the body
		asked.RequestID = c.id
	}
	if decision.Replayed {
		c.w.Header().Set(rationhttp.IdempotentReplayedHeader, "true")
	}
	response := h.config.Responder.Decided(&decision, asked)
	if !decision.Allowed() {
		c.event.Status = response.Status
	}
	answer := answerOf(&decision, response)
	if q.dryRun {
		if answer.Explanation, err = h.explain(c.r.Context(), q, &decision); err != nil {
			return err
		}
	}
	if q.hold != nil {
		buffers.write(c.w, reserved(answer, decision.Reservation))
		return nil
	}
	buffers.write(c.w, answer)
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

func (h *Handler) decide(c *call, q *question) (ration.Decision, error) {
	start := time.Now()
	waiting, cancel := context.WithTimeout(c.r.Context(), c.left)
	defer cancel()
	decision, err := rationhttp.ChargeSecret(waiting, h.config.Charger, ration.Charge{
		Secret: ration.SecretFromText(h.config.Responder.Sources.Secret(q.secret)), Amounts: q.amounts.all, Scope: q.scope,
		IP: q.ip, DryRun: q.dryRun, Via: via, Hold: q.hold, Idempotency: q.idempotency,
		Request: &ration.RequestInfo{Method: c.r.Method, Route: c.r.Pattern, ID: c.id},
		Token:   c.asks.Digest(),
	})
	err = refusalOf(c.asks.Found(&decision, err))
	if err == nil {
		c.event = rationhttp.NewEvent(c.r.Context(), via, decision, nil)
	}
	c.event.Wait = time.Since(start)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return decision, invalidCharge(invalid)
	}
	return decision, err
}
