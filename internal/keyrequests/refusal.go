package keyrequests

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
)

// refusal is why a client gets no answer, where that is its own doing.
type refusal struct {
	status int
	code   string
	detail string
	errors []api.FieldError
	retry  int64 // seconds after which to try again; 0: that doesn't help
}

// Error implements error.
func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.detail) }

// invalidBody says that one member of the body is not what it has to be.
func invalidBody(pointer, detail string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: "invalid_body", detail: "The request body is not valid.",
		errors: []api.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

// refusalOf says what an error means to a client; nil: it is not the client's doing.
func refusalOf(err error) *refusal {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused
	}
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return &refusal{
			status: http.StatusUnprocessableEntity, code: "invalid_value", detail: "The request body has a value that is not possible.",
			errors: []api.FieldError{{Pointer: "/" + invalid.Field, Detail: invalid.Reason}},
		}
	}
	if busy, ok := errors.AsType[*BusyError](err); ok {
		return busy.refusal()
	}
	if refused, ok := errors.AsType[*admin.PickupError](err); ok {
		return refusedPickup(refused)
	}
	switch {
	case errors.Is(err, ErrOff):
		return &refusal{status: http.StatusNotFound, code: "key_requests_off", detail: "Keys can't be asked for here. Ask whoever runs the API."}
	case errors.Is(err, ration.ErrNotFound):
		return &refusal{status: http.StatusNotFound, code: string(ration.CodeNotFound), detail: "There is no request or link with this code. Check that all of it was copied. It may also have been deleted since."}
	case errors.Is(err, ration.ErrExists), errors.Is(err, ration.ErrConflict):
		return &refusal{status: http.StatusConflict, code: string(ration.CodeConflict), detail: "The key can't have another secret now. Ask whoever runs the API."}
	}
	return nil
}

func (e *BusyError) refusal() *refusal {
	refused := &refusal{
		status: http.StatusServiceUnavailable, code: "too_many_key_requests", detail: "Too many people ask at once, or wait for an answer. Ask again later.",
		retry: int64(math.Ceil(e.RetryAfter.Seconds())),
	}
	if e.Own {
		refused.status, refused.detail = http.StatusTooManyRequests, "You have asked too often. Ask again later."
	}
	return refused
}

// refusedPickup says why a link gives no secret: for good, unless nobody has decided yet.
func refusedPickup(e *admin.PickupError) *refusal {
	status, code, text := http.StatusGone, "pickup_"+string(e.State), e.Error()
	switch e.State {
	case admin.RequestPending:
		status = http.StatusConflict
	case admin.RequestPickedUp:
		code = string(e.State)
	}
	return &refusal{status: status, code: code, detail: strings.ToUpper(text[:1]) + text[1:] + "."}
}

// fail answers a client that gets nothing else.
func (h *Handler) fail(c *call, err error) {
	if refused := refusalOf(err); refused != nil {
		h.refuse(c, refused)
		return
	}
	told := h.own.Failed(err, c.id)
	if told.Status >= http.StatusInternalServerError && c.r.Context().Err() == nil {
		h.log.Say(context.WithoutCancel(c.r.Context()), slog.LevelWarn, condense.Kind{Message: "a request for a key failed"}, slog.Any("error", err), slog.String("request_id", c.id))
	}
	told.WriteTo(c.w)
}

func (h *Handler) refuse(c *call, refused *refusal) {
	problem := api.Problem{Status: refused.status, Code: refused.code, Detail: refused.detail, Errors: refused.errors, RequestID: c.id}
	if refused.retry > 0 {
		problem.RetryAfter = &refused.retry
	}
	h.own.Problem(problem).WriteTo(c.w)
}

// shortened cuts hostile text.
func shortened(text string) string {
	const most = 100
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
