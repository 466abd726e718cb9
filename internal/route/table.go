package route

import (
	"errors"
	"net/http"
)

// ErrUnmatched says that no route matches and the table refuses the rest.
var ErrUnmatched = errors.New("no route matches")

// unmatchedName is the name of what no route matches, and of preflights.
const (
	unmatchedName = "unmatched"
	preflightName = "preflight"
)

// Table finds the route of a request. It is safe for concurrent use.
type Table struct {
	routes         []*Compiled
	unmatched      *Compiled // nil: refused
	preflight      *Compiled // nil: charged like anything else
	allowAmbiguous bool
}

// Find returns the route of a request as a server received it. Errors:
// [ErrUnmatched], and an [AmbiguousPathError] where the table takes no such paths.
func (t *Table) Find(r *http.Request) (*Compiled, error) {
	if err := checkTarget(r); err != nil {
		return nil, err
	}
	err := CheckPath(r)
	if err != nil && !t.allowAmbiguous {
		return nil, err
	}
	if t.preflight != nil && isPreflight(r) {
		return t.preflight, nil
	}
	if err == nil {
		for _, route := range t.routes {
			if route.matches(r.Method, r.URL.Path) {
				return route, nil
			}
		}
	}
	if t.unmatched == nil {
		return nil, ErrUnmatched
	}
	return t.unmatched, nil
}

// AllowsAmbiguous reports whether requests may be passed on that two readers
// may read differently.
func (t *Table) AllowsAmbiguous() bool { return t.allowAmbiguous }

// isPreflight recognises what browsers send before a cross-origin request
// (Fetch standard, section 4.8). It carries no key and no body.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.ContentLength == 0 && len(r.TransferEncoding) == 0 &&
		r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}
