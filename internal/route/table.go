package route

import (
	"errors"
	"net/http"
	"slices"
)

// ErrUnmatched says that no route matches and the table refuses the rest.
var ErrUnmatched = errors.New("no route matches")

// The names of what no route matches, and of preflights that are passed on.
const (
	unmatchedName = "unmatched"
	preflightName = "preflight"
)

// Table finds the route of a request. It is safe for concurrent use.
type Table struct {
	routes         []*Compiled
	unmatched      *Compiled // nil: refused
	allowAmbiguous bool
}

// Find returns the route of a request as a server received it. Errors:
// [ErrUnmatched], and an [AmbiguousPathError] where the table takes no such paths.
func (t *Table) Find(r *http.Request) (*Compiled, error) { return t.find(r, r.Method) }

// find is Find for another method.
func (t *Table) find(r *http.Request, method string) (*Compiled, error) {
	if err := checkTarget(r); err != nil {
		return nil, err
	}
	found, err := t.unmatched, CheckPath(r)
	if err == nil {
		found, err = t.match(method, r.URL.Path)
	}
	if err != nil {
		if !t.allowAmbiguous {
			return nil, err
		}
		found = t.unmatched
	}
	if found == nil {
		return nil, ErrUnmatched
	}
	return found, nil
}

// Names returns the names that [Table.Find] gives requests, each once.
func (t *Table) Names() []string {
	names := []string{unmatchedName, preflightName}
	for _, one := range t.routes {
		if !slices.Contains(names, one.Name) {
			names = append(names, one.Name)
		}
	}
	return names
}

// FailOpen returns the names of the routes that let requests through while nothing can be
// decided.
func (t *Table) FailOpen() (names []string) {
	for _, one := range t.routes {
		if one.FailOpen {
			names = append(names, one.Name)
		}
	}
	return names
}

// TellsMethodsApart reports whether a route for the path of a request, or for one
// near it, is for some methods alone.
func (t *Table) TellsMethodsApart(r *http.Request) bool {
	read, err := readingsOf(r.URL.Path)
	return err != nil || slices.ContainsFunc(t.routes, func(c *Compiled) bool { return len(c.methods) > 0 && c.isNear(read) })
}

// GivesBack reports whether any route's charges may be given back.
func (t *Table) GivesBack() bool {
	return t.unmatched != nil && !t.unmatched.Refunds.IsZero() ||
		slices.ContainsFunc(t.routes, func(c *Compiled) bool { return !c.Refunds.IsZero() })
}

// Reserves reports whether any route reserves.
func (t *Table) Reserves() bool {
	return slices.ContainsFunc(t.routes, func(c *Compiled) bool { return c.Reserve != nil })
}

// AllowsAmbiguous reports whether requests may be passed on that two readers
// may read differently.
func (t *Table) AllowsAmbiguous() bool { return t.allowAmbiguous }
