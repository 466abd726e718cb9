package inbound

import (
	"errors"
	"net/http"
	"slices"

	"github.com/ration-dev/ration/rationhttp"
)

// isOwnUsage reports whether a request is about what its key has used. It goes by the
// path as it was sent: another spelling is the upstream's, and is charged.
func (r *Reader) isOwnUsage(in *http.Request) bool {
	return r.config.UsagePath != "" && in.URL.EscapedPath() == r.config.UsagePath
}

// findOwnUsage prepares the answer to such a request, or to its preflight.
func (r *Reader) findOwnUsage(x *Request) error {
	methods := rationhttp.UsageMethods()
	switch {
	case slices.Contains(methods, x.In.Method):
		x.OwnUsage = true
	case !r.config.CORS.Speaks() || !r.IsPreflight(x.In):
		return errWrongUsageMethod
	case !r.config.CORS.Allows(x.In):
		return errOriginNotAllowed
	default:
		x.Pages = methods
	}
	return nil
}

// errWrongUsageMethod refuses a request that asks what its key has used, by a method
// that is not for that.
var errWrongUsageMethod = errors.New("wrong method for the usage of a key")
