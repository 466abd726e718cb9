package inbound

import (
	"net/http"
	"slices"
	"strings"
)

// Leftover is what a request has that its API must not get, and that the gateway has to
// take out which passes it on.
type Leftover struct {
	Remove     []string    // names of headers, in lower case
	Replace    http.Header // headers that lose a part, and what remains
	Parameters []string    // names of parameters, as the query has them
}

// LeftoverOf returns what the proxy would not pass on of a request, but for what a gateway
// says itself of its client: of that, only other spellings.
func (r *Reader) LeftoverOf(x *Request) Leftover {
	found := Leftover{Remove: r.HeadersToRemove(x), Replace: make(http.Header), Parameters: lostParameters(x.In.URL.RawQuery, r.StripQuery(x))}
	passed := x.In.Header.Clone()
	r.Clean(passed, true)
	r.StripSecret(passed, x)
	for name, values := range x.In.Header {
		switch kept := passed[name]; {
		case len(kept) == 0:
			if name = strings.ToLower(name); !slices.Contains(found.Remove, name) {
				found.Remove = append(found.Remove, name)
			}
		case !slices.Equal(kept, values):
			found.Replace[name] = kept
		}
	}
	return found
}

// lostParameters returns the names of those parameters of a query that are not passed on.
func lostParameters(query, passed string) (names []string) {
	kept := strings.Split(passed, "&")
	for pair := range strings.SplitSeq(query, "&") {
		if i := slices.Index(kept, pair); i >= 0 {
			kept = slices.Delete(kept, i, i+1)
			continue
		}
		if name, _, _ := strings.Cut(pair, "="); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
