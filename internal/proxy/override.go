package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/override"
)

const codeAmbiguousMethod = "ambiguous_method"

// overridden is a request that names another method than its own.
var overridden = api.Problem{Status: http.StatusBadRequest, Code: codeAmbiguousMethod, Detail: "The query or the body names another method or path than the request's."}

// checkOverride refuses a request whose query or form could make it another one
// for the upstream than was charged. On a free route that is the same for all
// methods it may: there it changes no cost, and pages send such forms.
func (p *Proxy) checkOverride(x *exchange) error {
	if !p.refusesOverrides(x) {
		return nil
	}
	if override.InQuery(x.in.URL.RawQuery) {
		return &requestFault{overridden.Status, overridden.Code, overridden.Detail}
	}
	if reason := override.Unreadable(x.in.Header); reason != "" && x.in.ContentLength != 0 {
		return &requestFault{http.StatusUnsupportedMediaType, "unreadable_form", "The body can't be looked through: " + reason + "."}
	}
	return nil
}

func (p *Proxy) refusesOverrides(x *exchange) bool {
	return !p.config.AllowOverrides && (!x.route.Free || p.config.Routes.TellsMethodsApart(x.in))
}

// watchOverride lets a body pass only as far as it names no other method. What
// came before stays without an end, so that no upstream takes it for a whole.
func (p *Proxy) watchOverride(out *http.Request, x *exchange) {
	if out.Body == nil || out.Body == http.NoBody || !p.refusesOverrides(x) {
		return
	}
	x.override = override.NewReader(out.Body, x.in.Header)
	out.Body = x.override
}
