package portal

import (
	"context"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationhttp"
)

const holderTitle = "Your API key"

// holderPage is what the holder's page shows below its form: nothing yet, why there is
// nothing to show, or what was used.
type holderPage struct {
	Trouble *trouble
	Usage   *usageView
}

func (p *Portal) showHolder(v *visit) {
	p.render(v, http.StatusOK, "holder", holderTitle, holderPage{})
}

// toHolder leads those who open the address of a form to the page that has it.
func (p *Portal) toHolder(v *visit) {
	v.w.Header().Set("Location", p.base)
	v.w.WriteHeader(http.StatusSeeOther)
}

// tellHolder tells whoever sends a secret what its key used.
func (p *Portal) tellHolder(v *visit) {
	if usage := p.read(v, p.callerOf(v)); usage != nil {
		p.render(v, http.StatusOK, "holder", holderTitle, holderPage{Usage: usage})
	}
}

// read returns what the key of a caller used. If the caller may not know, it answers, and
// returns nil.
func (p *Portal) read(v *visit, caller rationhttp.Caller) *usageView {
	var last []admin.Refused
	var also func(context.Context, ration.KeyID) error
	if p.config.Refusals != nil {
		also = func(ctx context.Context, id ration.KeyID) (err error) {
			last, err = p.config.Refusals.LastRefused(ctx, id)
			return err
		}
	}
	usage, refused := p.config.Usage.Read(v.r.Context(), caller, v.requestID, also)
	if usage == nil {
		p.refuse(v, refused)
		return nil
	}
	view := newUsageView(usage)
	view.Refusals = newRefusalsView(usage, last, also != nil)
	return view
}

// callerOf returns who sends a form, by the secret that is in it.
func (p *Portal) callerOf(v *visit) rationhttp.Caller {
	secret := p.config.Gate.Sources.Secret(strings.TrimSpace(v.form.Get("secret")))
	return rationhttp.Caller{
		Credential: rationhttp.Credential{Secret: ration.SecretFromText(secret)},
		IP:         p.config.Gate.TrustedProxies.ClientIP(v.r), Method: v.r.Method,
	}
}

// refuse shows why a secret is told nothing. The answer has the status and the header
// fields that a program gets.
func (p *Portal) refuse(v *visit, refused rationhttp.Response) {
	for _, field := range refused.Fields {
		switch field.Name {
		case "Retry-After", "WWW-Authenticate":
			v.w.Header().Set(field.Name, field.Value)
		}
	}
	p.render(v, refused.Status, "holder", holderTitle, holderPage{Trouble: troubleOf(refused.Problem)})
}

// refusals are what a page says where a person can do more than a program.
var refusals = map[string]trouble{
	string(ration.CodeKeyMissing):       {Title: "Paste your key first", Detail: "The field is empty."},
	string(ration.CodeKeyUnknown):       {Title: "This key is not known", Detail: "Check that you copied all of it, without the quotes around it. A key that was replaced long ago is not known any more."},
	string(ration.CodeKeyRevoked):       {Title: "This key was revoked", Detail: "It can't be used any more. Ask whoever gave it to you for a new one."},
	string(ration.CodeKeyExpired):       {Title: "This key has expired", Detail: "If it was replaced, use the new one. Otherwise ask whoever gave it to you."},
	string(ration.CodeKeyDisabled):      {Title: "This key is disabled", Detail: "Calls with it are refused for now. Ask whoever gave it to you."},
	string(ration.CodeIPNotAllowed):     {Title: "Not from this address", Detail: "This key may only be used from certain addresses, and yours is not one of them."},
	string(ration.CodeKeyUnchecked):     {Title: "Too many unknown keys", Detail: "Too many unknown keys came from your address, so this one was not looked up. Try again in a minute.", Again: true},
	"usage_busy":                        {Title: "Very busy right now", Detail: "Too many ask at the same time. Try again in a moment.", Again: true},
	string(ration.CodeStoreUnavailable): {Title: "Not available right now", Detail: "Your usage can't be read at the moment. Try again in a few seconds.", Again: true},
}

func troubleOf(problem *api.Problem) *trouble {
	known, found := refusals[problem.Code]
	if !found {
		known = trouble{Title: problem.Title, Detail: problem.Detail, Again: problem.Status >= http.StatusInternalServerError}
	}
	known.RequestID = problem.RequestID
	return &known
}
