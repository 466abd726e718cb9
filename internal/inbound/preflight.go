package inbound

import (
	"errors"
	"net/http"
	"time"
)

// Preflights says what happens to CORS preflights: the OPTIONS requests by which a
// browser asks whether a web page may call. They carry no key.
type Preflights string

// What can happen to preflights. If [Config.CORS] is set, the way in answers them itself.
const (
	PreflightsCharged  Preflights = ""         // they are requests like any other
	PreflightsUpstream Preflights = "upstream" // the upstream answers, as [route.Table.PassedOn] says
)

// DefaultPreflightRate is how many preflights per second reach the upstream from one
// address, unless the configuration says otherwise.
const DefaultPreflightRate = 10

var (
	// errTooManyPreflights refuses a preflight that would reach the upstream.
	errTooManyPreflights = errors.New("preflights come too fast from this address")
	errOriginNotAllowed  = &Fault{http.StatusForbidden, "origin_not_allowed", "Pages of this origin may not call this API."}
)

// find sets the route of a request, or what pages may use, of a preflight that is
// answered here.
func (r *Reader) find(x *Request) (err error) {
	if r.IsPreflight(x.In) {
		if r.config.CORS.Speaks() {
			return r.findPageMethods(x)
		}
		if r.config.Preflights == PreflightsUpstream {
			x.Route = r.config.Routes.PassedOn(x.In)
		}
	}
	if x.Route == nil {
		x.Route, err = r.config.Routes.Find(x.In)
		return err
	}
	x.Preflight = true
	if !r.preflights.take(r.config.Gate.TrustedProxies.ClientIP(x.In), time.Now()) {
		return errTooManyPreflights
	}
	return nil
}

// findPageMethods finds what the page that sends a preflight may use, by the routes
// for its path. It is never empty without an error.
func (r *Reader) findPageMethods(x *Request) (err error) {
	if !r.config.CORS.Allows(x.In) {
		return errOriginNotAllowed
	}
	x.Pages, err = r.config.Routes.MethodsFor(x.In)
	return err
}
