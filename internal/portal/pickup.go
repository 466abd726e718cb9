package portal

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// PickupPath is below the path of the pages. A link has its code behind it, as a fragment,
// which browsers send to nobody.
const PickupPath = "/pickup"

// RequestPath is below the path of the pages: there people ask for a key.
const RequestPath = "/request"

const pickupTitle = "Pick up your key"

// pickupPage is what has become of a link.
type pickupPage struct {
	State   *stateView // nil: nobody has asked yet
	Trouble *trouble
}

// stateView is the state of a link in words.
type stateView struct {
	State, Level  string
	Title, Detail string
	Name, ID      string
	Reason        string
	Until         *moment
	Ready         bool
}

func (p *Portal) showPickup(v *visit) {
	if p.config.Desk == nil {
		p.fail(v, http.StatusNotFound, "There is no page here", "Check the address, or begin at the first page.")
		return
	}
	p.render(v, http.StatusOK, "pickup", pickupTitle, pickupPage{})
}

// pickUp says what has become of a link, and gives out its key if a button asks for it: a
// page that is only opened, by a person or by a program that looks at links, uses nothing
// up.
func (p *Portal) pickUp(v *visit) {
	if p.config.Desk == nil {
		p.showPickup(v)
		return
	}
	code := codeIn(v.form.Get("code"))
	if code == "" {
		p.render(v, http.StatusUnprocessableEntity, "pickup", pickupTitle, pickupPage{Trouble: &trouble{Title: "Paste your link first", Detail: "The field is empty.", RequestID: v.requestID}})
		return
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), deskWait)
	defer cancel()
	from := p.config.Gate.TrustedProxies.ClientIP(v.r)
	if v.form.Get("do") == "take" {
		issued, err := p.config.Desk.PickUp(ctx, from, ration.SecretFromText(code))
		if err == nil {
			p.render(v, http.StatusOK, "picked", "Your key", rotatedPage{Secret: issued.Secret.Reveal(), Name: issued.Key.Name})
			return
		}
		if _, refused := errors.AsType[*admin.PickupError](err); !refused {
			status, found := p.troubleAtDesk(v, err)
			p.render(v, status, "pickup", pickupTitle, pickupPage{Trouble: found})
			return
		}
	}
	state, err := p.config.Desk.State(ctx, from, ration.SecretFromText(code))
	if err != nil {
		status, found := p.troubleAtDesk(v, err)
		p.render(v, status, "pickup", pickupTitle, pickupPage{Trouble: found})
		return
	}
	status := http.StatusOK
	if v.form.Get("do") == "take" { // it was not given out, and the state says why
		status = http.StatusConflict
	}
	p.render(v, status, "pickup", pickupTitle, pickupPage{State: newStateView(&state)})
}

// codeIn returns the code in what somebody pasted: the code itself, or the whole link.
func codeIn(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '#')+1:]
}

// states are what a page says of each state.
var states = map[rationadmin.RequestState]stateView{
	rationadmin.RequestPending:   {Level: levelNear, Title: "Nobody has decided yet", Detail: "Come back later, with the same link. Nobody sends you a message."},
	rationadmin.RequestApproved:  {Level: levelOK, Title: "Your key is ready", Detail: "It is shown once, when you pick it up. Have a place ready where you keep it.", Ready: true},
	rationadmin.RequestRejected:  {Level: levelOut, Title: "Your request was rejected", Detail: "You can ask again if something has changed."},
	rationadmin.RequestPickedUp:  {Level: levelOut, Title: "This key was picked up already", Detail: "A link works once. If it was not you, tell whoever runs this API at once: somebody else may have your key."},
	rationadmin.RequestExpired:   {Level: levelOut, Title: "The time of this link is over", Detail: "Ask again, or ask whoever gave you the link for a new one."},
	rationadmin.RequestWithdrawn: {Level: levelOut, Title: "This key was withdrawn", Detail: "It was disabled or revoked before you picked it up. Ask whoever runs this API."},
}

func newStateView(state *admin.PickupState) *stateView {
	view, known := states[state.State]
	if !known {
		view = stateView{Level: levelOut, Title: string(state.State)}
	}
	view.State, view.Name, view.ID, view.Reason = string(state.State), cmp.Or(state.Name, "a key"), state.KeyID.String(), state.Reason
	if state.State == rationadmin.RequestPending || view.Ready {
		view.Until = momentAt(&state.ExpiresAt, time.Now(), time.UTC)
	}
	return &view
}
