package route

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// Gaps says, a sentence each, what passes beside the routes that ask a scope or a
// price and perhaps was not meant to: paths and methods that no route matches, and
// segments that only look as if they stood for any one. The configuration must be
// one that [Compile] takes.
func (c Config) Gaps() []string {
	var gaps []string
	for i, route := range c.Routes {
		gaps = append(gaps, literalVariables(i, route.Path)...)
	}
	if c.RefuseUnmatched || slices.ContainsFunc(c.Routes, isCatchAll) {
		return gaps
	}
	table, err := Compile(c)
	if err != nil {
		return gaps
	}
	guarded := false
	for i, route := range c.Routes {
		if !route.asksMore() {
			continue
		}
		if !guarded {
			gaps = append(gaps, fmt.Sprintf("routes[%d] (%s) %s, and refuse_unmatched is not set: a path that no route matches costs one request and needs no scope; "+
				"set refuse_unmatched: true to refuse such paths, and list in routes what may pass", i, route.Path, route.asked()))
		}
		guarded = true
		if missed := table.unmatchedMethods(route.Path); len(route.Methods) > 0 && len(missed) > 0 {
			gaps = append(gaps, fmt.Sprintf("routes[%d] (%s) %s, for %s alone: no route matches %s on this path, which cost one request and need no scope; "+
				"leave methods out, or set refuse_unmatched: true", i, route.Path, route.asked(), strings.Join(route.Methods, ", "), strings.Join(missed, ", ")))
		}
	}
	return gaps
}

// isCatchAll reports whether a route leaves nothing unmatched.
func isCatchAll(route Route) bool { return route.Path == "/*" && len(route.Methods) == 0 }

// asksMore reports whether a route asks more of a key than a request that no route
// matches.
func (r Route) asksMore() bool {
	for meter, amount := range r.Amounts {
		if amount.Units > 1 || amount.Units > 0 && meter != ration.MeterRequests {
			return true
		}
	}
	return r.Scope != "" || r.Reserve != nil
}

func (r Route) asked() string {
	if r.Scope != "" {
		return "asks for a scope"
	}
	return "has a price"
}

// unmatchedMethods returns which usual methods no route matches on a pattern's
// path. HEAD goes with GET, and is left out where GET is there.
func (t *Table) unmatchedMethods(text string) []string {
	p, err := parsePattern(text)
	if err != nil {
		return nil
	}
	var missed []string
	for _, method := range usualMethods {
		if found, err := t.match(method, p.sample()); err == nil && found == t.unmatched && (method != http.MethodHead || !slices.Contains(missed, http.MethodGet)) {
			missed = append(missed, method)
		}
	}
	return missed
}

// sample returns a path that the pattern matches.
func (p pattern) sample() string {
	segments := slices.Clone(p.segments)
	for i := range segments {
		if segments[i] == wildcard {
			segments[i] = "x"
		}
	}
	if p.prefix {
		segments = append(segments, "x")
	}
	return "/" + strings.Join(segments, "/")
}

// literalVariables tells of segments such as "$id", which some frameworks take for
// any one. They are not refused: OData and FHIR have paths with them.
func literalVariables(route int, path string) []string {
	var gaps []string
	for segment := range strings.SplitSeq(path, "/") {
		if len(segment) > 1 && segment[0] == '$' {
			gaps = append(gaps, fmt.Sprintf("routes[%d] (%s): the segment %q stands for itself; write %q to match any segment", route, path, segment, "{"+segment[1:]+"}"))
		}
	}
	return gaps
}
