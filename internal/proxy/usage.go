package proxy

import (
	"errors"
	"net/http"
	"slices"

	"github.com/ration-dev/ration/rationhttp"
)

// isOwnUsage reports whether a request is about what its key has used. It goes by the
// path as it was sent: another spelling is the upstream's, and is charged.
func (p *Proxy) isOwnUsage(r *http.Request) bool {
	return p.config.UsagePath != "" && r.URL.EscapedPath() == p.config.UsagePath
}

// findOwnUsage prepares the answer to such a request, or to its preflight.
func (p *Proxy) findOwnUsage(x *exchange) error {
	methods := rationhttp.UsageMethods()
	switch {
	case slices.Contains(methods, x.in.Method):
		x.ownUsage = true
	case !p.config.CORS.Speaks() || !p.isPreflight(x.in):
		return errWrongUsageMethod
	case !p.config.CORS.Allows(x.in):
		return errOriginNotAllowed
	default:
		x.pages = methods
	}
	return nil
}

// errWrongUsageMethod refuses a request that asks what its key has used, by a method
// that is not for that.
var errWrongUsageMethod = errors.New("wrong method for the usage of a key")
