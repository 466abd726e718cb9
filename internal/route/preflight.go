package route

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration/internal/cors"
)

// usualMethods are those that an API tells apart. Of any other one it can't be
// known what an upstream makes of it: many answer whatever they don't know as GET.
var usualMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func isUsual(method string) bool { return slices.Contains(usualMethods, strings.ToUpper(method)) }

// isForbidden reports whether no page may use a method, and no proxy passes it on.
func isForbidden(method string) bool {
	return slices.Contains([]string{http.MethodConnect, http.MethodTrace, "TRACK"}, strings.ToUpper(method))
}

// MethodsFor returns the methods that routes take for the path of a preflight.
// Errors: those of [Table.Find], also where none takes the method that the
// preflight announces.
func (t *Table) MethodsFor(preflight *http.Request) ([]string, error) {
	announced := cors.AnnouncedMethod(preflight)
	candidates := usualMethods
	if !slices.Contains(candidates, announced) {
		candidates = append(slices.Clone(candidates), announced)
	}
	var taken []string
	for _, method := range candidates {
		if isForbidden(method) {
			continue
		}
		switch _, err := t.find(preflight, method); {
		case err == nil:
			taken = append(taken, method)
		case !errors.Is(err, ErrUnmatched):
			return nil, err
		}
	}
	if !slices.Contains(taken, announced) {
		return nil, ErrUnmatched
	}
	return taken, nil
}

// PassedOn returns the route by which a preflight may reach the upstream without
// a key, or nil: only where a route takes the request that it announces, by a method
// that is usual or that the route names, and no route for that path, by whatever
// method, asks a scope. An upstream that takes a
// preflight for a request would else give away what the scope guards. A query
// that carries the key of the request to come is recognised, and stripped, as that
// request's.
func (t *Table) PassedOn(preflight *http.Request) *Compiled {
	if CheckPath(preflight) != nil {
		return nil
	}
	method := cors.AnnouncedMethod(preflight)
	announced, err := t.find(preflight, method)
	if err != nil || announced == t.unmatched || isForbidden(method) || !isUsual(method) && !slices.Contains(announced.methods, method) {
		return nil
	}
	read, err := readingsOf(preflight.URL.Path)
	if err != nil || slices.ContainsFunc(t.routes, func(c *Compiled) bool { return c.Scope != "" && c.isNear(read) }) {
		return nil
	}
	return &Compiled{Name: preflightName, Free: true, KeyQuery: announced.KeyQuery}
}
