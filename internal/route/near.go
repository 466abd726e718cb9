package route

import (
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// match returns the route of a method and a path that no two readers read
// differently; nil: none.
//
// Many frameworks take "/Ask" and "/ask/" for "/ask". So that no spelling escapes
// a route, one that comes before what matches, and isn't free, is taken for
// its near spellings too, unless the route that matches has that very path. So is
// a method that isn't usual, where what matches doesn't name it: an upstream that
// ignores methods answers OPTIONS as GET.
func (t *Table) match(method, path string) *Compiled {
	index := slices.IndexFunc(t.routes, func(c *Compiled) bool { return c.matches(method, path) })
	before, found := t.routes, t.unmatched
	if index >= 0 {
		before, found = t.routes[:index], t.routes[index]
	}
	if found == nil {
		return nil // refused, which is stricter than any route
	}
	odd := !isUsual(method) && !slices.Contains(found.methods, method)
	if index >= 0 && found.pattern.exact() && !odd {
		return found
	}
	for _, route := range before {
		if !route.Free && (odd || route.takes(method)) && route.isNear(path) {
			return route.near
		}
	}
	return found
}

// isNear reports whether a path would match if letter case and a slash at the
// end did not count.
func (c *Compiled) isNear(path string) bool {
	bare := strings.TrimSuffix(path, "/")
	return bare != "" && c.pattern.matchesFolded(bare) || c.pattern.matchesFolded(bare+"/")
}

// nearly returns the route for near spellings of its path. An upstream that does
// tell them apart must not give away what would otherwise cost one request and
// wait for a decision.
func nearly(c *Compiled) *Compiled {
	near := *c
	near.FailOpen = false
	near.Amounts = slices.Clone(c.Amounts)
	for i := range near.Amounts {
		if near.Amounts[i].Meter == ration.MeterRequests {
			near.Amounts[i].Units = max(near.Amounts[i].Units, 1)
		}
	}
	return &near
}
