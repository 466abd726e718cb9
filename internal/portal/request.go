package portal

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/keyrequests"
)

// Desk is where people without a key ask for one and pick it up. [keyrequests.Desk] is one,
// and says which errors there are.
type Desk interface {
	// Open reports whether keys can be asked for. Links can be used in any case.
	Open() bool
	// Ask keeps a request for a key.
	Ask(ctx context.Context, from netip.Addr, asking admin.KeyAsking) (admin.AskedKey, error)
	// State says what has become of a request.
	State(ctx context.Context, from netip.Addr, code ration.Secret) (admin.PickupState, error)
	// PickUp makes the secret that a link is for, once.
	PickUp(ctx context.Context, from netip.Addr, code ration.Secret) (admin.IssuedSecret, error)
}

// deskWait bounds how long a browser waits for the database.
const deskWait = 5 * time.Second

const requestTitle = "Get a key"

// requestPage is the form by which somebody asks for a key, with what was typed before.
type requestPage struct {
	Name, Email, Reason string
	Wrong               string // the field that can't be right; empty: none
	WrongBecause        string
	Trouble             *trouble
}

// askedPage shows the link of a request, once.
type askedPage struct {
	Link, ID string
	Until    moment
}

func (p *Portal) showRequest(v *visit) {
	if p.config.Desk == nil || !p.config.Desk.Open() {
		p.fail(v, http.StatusNotFound, "Keys can't be asked for here", "Ask whoever runs this API how to get one.")
		return
	}
	p.render(v, http.StatusOK, "request", requestTitle, requestPage{})
}

// ask keeps a request for a key.
func (p *Portal) ask(v *visit) {
	if p.config.Desk == nil || !p.config.Desk.Open() {
		p.showRequest(v)
		return
	}
	page := requestPage{Name: strings.TrimSpace(v.form.Get("name")), Email: strings.TrimSpace(v.form.Get("email")), Reason: strings.TrimSpace(v.form.Get("reason"))}
	ctx, cancel := context.WithTimeout(v.r.Context(), deskWait)
	defer cancel()
	asked, err := p.config.Desk.Ask(ctx, p.config.Gate.TrustedProxies.ClientIP(v.r), admin.KeyAsking{Name: page.Name, Email: page.Email, Reason: page.Reason})
	if invalid, is := errors.AsType[*ration.InvalidError](err); is {
		page.Wrong, page.WrongBecause = invalid.Field, "Please "+invalid.Reason+"."
		p.render(v, http.StatusUnprocessableEntity, "request", requestTitle, page)
		return
	}
	if err != nil {
		status, found := p.troubleAtDesk(v, err)
		page.Trouble = found
		p.render(v, status, "request", requestTitle, page)
		return
	}
	until := asked.Request.ExpiresAt
	p.render(v, http.StatusCreated, "asked", "Your request was received", askedPage{
		Link: p.origin(v.r) + p.base + PickupPath + "#" + asked.Pickup.Code.Reveal(), ID: asked.Request.KeyID.String(),
		Until: *momentAt(&until, asked.Request.AskedAt, time.UTC),
	})
}

// troubleAtDesk says why the desk did nothing, with the status of the answer.
func (p *Portal) troubleAtDesk(v *visit, err error) (int, *trouble) {
	busy, isBusy := errors.AsType[*keyrequests.BusyError](err)
	switch {
	case isBusy:
		v.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(busy.RetryAfter.Seconds()))))
		if busy.Own {
			return http.StatusTooManyRequests, &trouble{Title: "Too often", Detail: "Too much came from your address. Try again in " + spanWords(busy.RetryAfter) + ".", RequestID: v.requestID}
		}
		return http.StatusServiceUnavailable, &trouble{Title: "Very busy right now", Detail: "Too many ask at the same time. Try again in " + spanWords(busy.RetryAfter) + ".", RequestID: v.requestID}
	case errors.Is(err, ration.ErrNotFound):
		return http.StatusNotFound, &trouble{Title: "This link is not known", Detail: "Check that you copied all of it. A link that was used, or whose time is over, is forgotten after a while.", RequestID: v.requestID}
	case errors.Is(err, ration.ErrConflict), errors.Is(err, ration.ErrExists):
		return http.StatusConflict, &trouble{Title: "The key can't be picked up right now", Detail: "Its state does not allow it. Ask whoever gave you the link.", RequestID: v.requestID}
	}
	answer := p.config.Gate.Responder.Failed(err, v.requestID)
	if answer.Status >= http.StatusInternalServerError && !errors.Is(err, ration.ErrStoreUnavailable) {
		p.config.Log.ErrorContext(v.r.Context(), "a page of the portal failed", "request_id", v.requestID, "error", err)
	}
	return answer.Status, &trouble{Title: "Not available right now", Detail: "This can't be done at the moment. Try again in a few seconds.", RequestID: v.requestID}
}
