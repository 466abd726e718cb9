package inbound

import (
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/override"
	"github.com/ration-dev/ration/internal/route"
)

// Overridden is a request that names another method or path than its own.
var Overridden = api.Problem{Status: http.StatusBadRequest, Code: "ambiguous_method", Detail: "The query or the body names another method or path than the request's."}

// checkOverride refuses a request whose query or form could make it another one
// for the upstream than was charged.
func (r *Reader) checkOverride(x *Request) error {
	words := r.OverridesOf(x)
	if override.InQuery(x.In.URL.RawQuery, words) {
		return &Fault{Overridden.Status, Overridden.Code, Overridden.Detail}
	}
	if words.Paths && r.namesGuardedPath(x) {
		return &route.AmbiguousPathError{Reason: "the query names the path of another route, which asks for more"}
	}
	if words == (override.Words{}) || x.In.ContentLength == 0 || !r.config.WholeExchange {
		return nil
	}
	if reason := override.Unreadable(x.In.Header); reason != "" {
		return &Fault{http.StatusUnsupportedMediaType, "unreadable_form", "The body can't be examined: " + reason + "."}
	}
	return nil
}

// OverridesOf returns which words are refused in a request. Another path has another
// price, on free routes above all. Another method may be named on a free route that
// is the same for all methods: there it changes no cost, and pages send such forms.
func (r *Reader) OverridesOf(x *Request) override.Words {
	return override.Words{
		Methods: !r.config.AllowOverrides && (!x.Route.Free || r.config.Routes.TellsMethodsApart(x.In)),
		Paths:   !r.config.Routes.AllowsAmbiguous(),
	}
}

// namesGuardedPath reports whether a front controller could take the request for one
// of a route that asks more.
func (r *Reader) namesGuardedPath(x *Request) bool {
	for _, path := range override.PathsInQuery(x.In.URL.RawQuery) {
		if r.config.Routes.AsksMore(path, x.Route) {
			return true
		}
	}
	return false
}
