package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/override"
	"github.com/ration-dev/ration/internal/route"
)

const codeAmbiguousMethod = "ambiguous_method"

// overridden is a request that names another method or path than its own.
var overridden = api.Problem{Status: http.StatusBadRequest, Code: codeAmbiguousMethod, Detail: "The query or the body names another method or path than the request's."}

// checkOverride refuses a request whose query or form could make it another one
// for the upstream than was charged.
func (p *Proxy) checkOverride(x *exchange) error {
	words := p.overridesOf(x)
	if override.InQuery(x.in.URL.RawQuery, words) {
		return &requestFault{overridden.Status, overridden.Code, overridden.Detail}
	}
	if words.Paths && p.namesGuardedPath(x) {
		return &route.AmbiguousPathError{Reason: "the query names the path of another route, which asks for more"}
	}
	if words == (override.Words{}) || x.in.ContentLength == 0 {
		return nil
	}
	if reason := override.Unreadable(x.in.Header); reason != "" {
		return &requestFault{http.StatusUnsupportedMediaType, "unreadable_form", "The body can't be examined: " + reason + "."}
	}
	return nil
}

// overridesOf returns which words are refused in a request. Another path has another
// price, on free routes above all. Another method may be named on a free route that
// is the same for all methods: there it changes no cost, and pages send such forms.
func (p *Proxy) overridesOf(x *exchange) override.Words {
	return override.Words{
		Methods: !p.config.AllowOverrides && (!x.route.Free || p.config.Routes.TellsMethodsApart(x.in)),
		Paths:   !p.config.Routes.AllowsAmbiguous(),
	}
}

// namesGuardedPath reports whether a front controller could take the request for one
// of a route that asks more.
func (p *Proxy) namesGuardedPath(x *exchange) bool {
	for _, path := range override.PathsInQuery(x.in.URL.RawQuery) {
		if p.config.Routes.AsksMore(path, x.route) {
			return true
		}
	}
	return false
}

// watchOverride lets a body pass only as far as it has none of the words. What came
// before stays without an end, so that no upstream takes it for a whole.
func (p *Proxy) watchOverride(out *http.Request, x *exchange) {
	words := p.overridesOf(x)
	if out.Body == nil || out.Body == http.NoBody || words == (override.Words{}) {
		return
	}
	x.override = override.NewReader(out.Body, x.in.Header, words)
	out.Body = x.override
}
