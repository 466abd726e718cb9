package verify

import (
	"encoding/json"
	"errors"
	"fmt"
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

// verify serves POST /v1/verify: one question, or several.
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
	c.minimal = prefersMinimal(c.r.Header)
	if q.hold == nil && isArray(buffers.in.Bytes()) {
		if found {
			return errKeyOfMany
		}
		return h.askEach(c, buffers)
	}
	decision, err := h.decided(c, q, buffers.in.Bytes())
	if err != nil {
		return err
	}
	if decision.Replayed {
		c.w.Header().Set(rationhttp.IdempotentReplayedHeader, "true")
	}
	if q.hold != nil {
		response := h.respond(c, q, &decision)
		answer := answerOf(&decision, response)
		if answer.Explanation, err = h.explain(c, q, &decision); err != nil {
			return err
		}
		buffers.write(c.w, reserved(answer, decision.Reservation))
		return nil
	}
	out, minimal, err := h.appendDecision(buffers.text[:0], c, q, &decision)
	if err != nil {
		return err
	}
	if minimal {
		c.w.Header().Set("Preference-Applied", preferenceApplied)
	}
	out = append(out, '\n')
	buffers.text = out
	sendJSON(c.w, out)
	return nil
}

// decided reads a question from a body, or from a part of one, and returns its decision.
func (h *Handler) decided(c *call, q *question, body []byte) (ration.Decision, error) {
	if err := q.parse(body); err != nil {
		return ration.Decision{}, err
	}
	decision, err := h.decide(c, q)
	if errors.Is(err, ration.ErrReservationConflict) {
		return decision, errOtherReservation
	}
	if err == nil {
		h.noteRounded(c.r, q.amounts, decision.Amounts)
	}
	return decision, err
}

// respond makes the answer for the client.
func (h *Handler) respond(c *call, q *question, decision *ration.Decision) rationhttp.Response {
	asked := rationhttp.Echo{Amounts: q.amounts.all, Scope: q.scope}
	if !decision.Allowed() { // it is shown in the body
		asked.RequestID = c.id
	}
	response := h.config.Responder.Decided(decision, asked)
	if !decision.Allowed() {
		c.event.Status = response.Status
	}
	return response
}

// minimalAnswer is all that is said of an admission to callers who prefer so.
const minimalAnswer = `{"allowed":true,"code":"ok"}`

// appendDecision writes what a caller gets for a decision. What a refusal says goes on to
// the client, and a dry run has no other use than its answer, so neither is ever minimal.
func (h *Handler) appendDecision(out []byte, c *call, q *question, decision *ration.Decision) (answer []byte, minimal bool, err error) {
	if c.minimal && decision.Allowed() && !q.dryRun {
		return append(out, minimalAnswer...), true, nil
	}
	response := h.respond(c, q, decision)
	if q.dryRun {
		explained := answerOf(decision, response)
		if explained.Explanation, err = h.explain(c, q, decision); err != nil {
			return nil, false, err
		}
		encoded, err := json.Marshal(explained)
		return append(out, encoded...), false, err
	}
	out, err = appendAnswer(out, decision, &response)
	return out, false, err
}

// explain says why a dry run was decided as it was; nil where the key is unknown, and of what
// is no dry run. It waits for what is left of the decision's time: a caller that has given
// up does not learn what it was charged for beside the dry run.
func (h *Handler) explain(c *call, q *question, decision *ration.Decision) (*api.Explanation, error) {
	if !q.dryRun || h.config.Explain == nil || decision.KeyID.IsZero() {
		return nil, nil
	}
	waiting, done := c.wait()
	defer done()
	if c.turn != nil {
		select {
		case c.turn <- struct{}{}:
			defer func() { <-c.turn }()
		case <-waiting.Done():
			return nil, fmt.Errorf("%w: explaining a dry run: %w", ration.ErrStoreUnavailable, waiting.Err())
		}
	}
	explanation, err := h.config.Explain.ExplainKey(waiting, admin.ExplainQuestion{KeyID: decision.KeyID, Amounts: q.amounts.all, Scope: q.scope, IP: q.ip})
	if err != nil {
		return nil, err
	}
	return new(wire.Explanation(explanation)), nil
}

func (h *Handler) decide(c *call, q *question) (ration.Decision, error) {
	start := time.Now()
	waiting, done := c.wait()
	defer done()
	decision, err := rationhttp.ChargeSecret(waiting, h.config.Charger, ration.Charge{
		Secret: ration.SecretFromText(h.config.Responder.Sources.Secret(q.secret)), Amounts: q.amounts.all, Scope: q.scope,
		IP: q.ip, DryRun: q.dryRun, Via: via, Hold: q.hold, Idempotency: q.idempotency,
		Request: &ration.RequestInfo{Method: c.r.Method, Route: c.r.Pattern, ID: c.id},
		Token:   c.asks.Digest(),
	})
	err = refusalOf(c.asks.Found(waiting, &decision, err))
	if err == nil {
		c.event = rationhttp.NewEvent(c.r.Context(), via, decision, nil)
	}
	c.event.Wait = time.Since(start)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return decision, invalidCharge(invalid)
	}
	return decision, err
}
