package portal

import (
	"errors"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// rotatedPage shows a new secret, once.
type rotatedPage struct {
	Secret, Name string
}

// rotate replaces the secret that a form holds. Whoever may not ask what was used may not
// replace it either: the same bounds hold, and the same refusals.
func (p *Portal) rotate(v *visit) {
	if p.config.Rotate == nil {
		p.fail(v, http.StatusNotFound, "Keys can't be replaced here", "Ask whoever gave you the key for a new one.")
		return
	}
	caller := p.callerOf(v)
	usage := p.read(v, caller)
	if usage == nil {
		return
	}
	unchanged := func(status int, detail string) {
		p.render(v, status, "holder", holderTitle, holderPage{Usage: usage, Trouble: &trouble{Title: "Nothing was replaced", Detail: detail, RequestID: v.requestID}})
	}
	if v.form.Get("confirm") != "yes" {
		unchanged(http.StatusUnprocessableEntity, "Tick the box that says what happens to the present key, and try again.")
		return
	}
	ctx := rationadmin.WithOrigin(v.r.Context(), rationadmin.Origin{From: caller.IP.String()})
	issued, err := p.config.Rotate.RotateHeld(ctx, caller.Credential.Secret, p.config.RotationOverlap)
	switch {
	case errors.Is(err, ration.ErrConflict):
		unchanged(http.StatusConflict, conflictText(err))
	case err != nil:
		p.config.Log.WarnContext(ctx, "a holder's key was not replaced", "request_id", v.requestID, "error", err)
		p.refuse(v, p.config.Gate.Responder.Failed(err, v.requestID))
	default:
		p.render(v, http.StatusOK, "rotated", "Your new key", rotatedPage{Secret: issued.Secret.Reveal(), Name: issued.Key.Name})
	}
}

// conflictText says what stands against a new secret.
func conflictText(err error) string {
	switch {
	case errors.Is(err, admin.ErrReplaced):
		return "There is a newer key in place of this one. Use that one, and replace it if you need to."
	case errors.Is(err, admin.ErrTooYoung):
		return "This key was made less than a minute ago. Wait a minute, and try again."
	case errors.Is(err, admin.ErrTooManyHeld):
		return "Several former keys are still valid. Wait until the first of them has ended, or ask whoever gave you the key."
	}
	return "This key can't be replaced in its present state. Ask whoever gave it to you."
}
