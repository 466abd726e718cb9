package route

import (
	"slices"

	"github.com/ration-dev/ration"
)

// match returns the route of a method and a path that no two readers read
// differently; nil: none. Its error is an [AmbiguousPathError].
//
// Many upstreams take "/Ask", "/ask/", "/ask.json" or "/index.php/ask" for "/ask".
// So that no spelling escapes a route, one that comes before what matches, and
// isn't free, is taken for its near spellings too, unless the route that matches
// has that very path. So is a method that isn't usual, where what matches doesn't
// name it: an upstream that ignores methods answers OPTIONS as GET. A route that
// comes later, and could be meant by what stands behind the name of a script, makes
// the path ambiguous.
func (t *Table) match(method, path string) (*Compiled, error) {
	index := slices.IndexFunc(t.routes, func(c *Compiled) bool { return c.matches(method, path) })
	before, after, found := t.routes, []*Compiled(nil), t.unmatched
	if index >= 0 {
		before, after, found = t.routes[:index], t.routes[index+1:], t.routes[index]
	}
	if found == nil {
		return nil, nil //nolint:nilnil // refused, which is stricter than any route
	}
	odd := !isUsual(method) && !slices.Contains(found.methods, method)
	if index >= 0 && found.pattern.exact() && !odd {
		return found, nil
	}
	read, err := readingsOf(path)
	if err != nil {
		return nil, err
	}
	for _, route := range before {
		if !route.Free && (odd || route.takes(method)) && route.isNear(read) {
			return route.near, nil
		}
	}
	for _, route := range after {
		if !route.Free && (odd || route.takes(method)) && slices.ContainsFunc(read.inner, route.pattern.near) {
			return nil, &AmbiguousPathError{Reason: "what follows the name of a script is the path of another route"}
		}
	}
	return found, nil
}

// isNear reports whether an upstream may read the route's path in another one.
func (c *Compiled) isNear(read readings) bool {
	return slices.ContainsFunc(read.whole, c.pattern.near) || slices.ContainsFunc(read.inner, c.pattern.near)
}

// nearly returns the route for near spellings of its path. An upstream that does
// tell them apart must not give away what would otherwise cost one request and
// wait for a decision.
func nearly(c *Compiled) *Compiled {
	near := *c
	near.Near, near.FailOpen = true, false
	near.Amounts = slices.Clone(c.Amounts)
	for i := range near.Amounts {
		if near.Amounts[i].Meter == ration.MeterRequests {
			near.Amounts[i].Units = max(near.Amounts[i].Units, 1)
		}
	}
	return &near
}
