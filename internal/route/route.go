package route

import (
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// Route says what requests for a path cost and need. The zero Route, but for
// its Path, needs a key and costs one request.
//
// Upstreams take many spellings for one path: "/Ask", "/ask/", "/ask.json", "/ask."
// and "/index.php/ask" for "/ask". So a route that isn't free takes the near
// spellings of its own path from what comes after it: from routes with a "*" and
// from what no route matches. Near are other letter case, width and composition of
// characters, dots and spaces at the end of segments, a slash or an index at the
// end, another ending of a segment, what Windows adds to names, and the name
// of a script before or behind it. They cost and need what the route says, at least
// one request, and never fail open. A later route with that very path, and no "*",
// still has its requests. A free route takes exactly what it says, and where what
// no route matches is refused, near spellings are. The upstream gets the path as it
// was sent.
type Route struct {
	// Name is for logs and metrics; empty: the path pattern.
	Name string
	// Methods that the route is for; empty: all. GET stands for HEAD too, which
	// upstreams answer with the same handler. A route that isn't free takes other
	// letter case too, and methods that are neither usual (GET, HEAD, POST, PUT,
	// PATCH, DELETE) nor named by the route that would match.
	Methods []string
	// Path is an exact path ("/ask"), or a prefix that ends in "/*" and stands
	// for everything below it ("/static/*", which is not "/static"). A segment
	// "*" before the end stands for any one segment ("/v1/*/chat"), and so do
	// "{name}" and ":name" anywhere ("/v1/users/{id}").
	Path string

	// Free asks no key and counts nothing. A free path has no "*" but at its end.
	Free bool
	// Amounts are charged by meter, whose name they need not have; empty: one request.
	Amounts map[string]ration.Amount
	// Scope that the key must have; empty: none.
	Scope string
	// KeyQuery names a query parameter that may carry the key. It is stripped
	// from what is passed on. Empty: none.
	KeyQuery string
	// FailOpen lets requests with a key through, uncounted, while nothing can be decided.
	FailOpen bool
	// NoRewrite leaves the answers' bodies as the upstream made them.
	NoRewrite bool
	// Refunds is after which outcomes the charge is given back; nil: as Config says.
	Refunds *rationhttp.Refunds
	// Idempotency says what a client's idempotency key means.
	Idempotency Idempotency
	// Reserve makes the charge a reservation; nil: it is a charge.
	Reserve *Reserve
}

// Idempotency is what a client's idempotency key means to a route.
type Idempotency string

// What it may mean.
const (
	IdempotencyOff      Idempotency = ""         // nothing to us; it is passed on
	IdempotencyOn       Idempotency = "on"       // a call with the key of an earlier one is refused
	IdempotencyRequired Idempotency = "required" // so is a call without a key
)

// Config is the routes of a proxy. The zero Config has none: every path needs
// a key and costs one request.
type Config struct {
	// Routes are tried in order; the first that matches counts.
	Routes []Route
	// Refunds is after which outcomes charges are given back, on every route that
	// doesn't say otherwise. Zero: never.
	Refunds rationhttp.Refunds
	// RefuseUnmatched answers 404 where no route matches. Otherwise such a
	// request needs a key and costs one request.
	RefuseUnmatched bool
	// AllowAmbiguous passes on paths that CheckPath refuses. They match no
	// route, whatever they look like, so that none of them is ever free. It also
	// passes on queries that two readers may read differently.
	AllowAmbiguous bool
}

// Compiled is a Route as it is used: checked, and in the words of a charge. It
// must not be changed.
type Compiled struct {
	Name      string
	Near      bool // for near spellings of the route's path, and methods that nothing names
	Free      bool
	Amounts   []ration.Amount // sorted; nil: one request
	Scope     string
	KeyQuery  string
	FailOpen  bool
	NoRewrite bool
	Refunds   rationhttp.Refunds

	Idempotency Idempotency
	Reserve     *CompiledReserve // nil: none

	methods []string // HEAD wherever GET is
	pattern pattern
	near    *Compiled // for near spellings of the path; nil on free routes
}

// Path returns the path pattern as it was written; empty where no route matches,
// and of a preflight that is passed on.
func (c *Compiled) Path() string { return c.pattern.text }

func (c *Compiled) matches(method, path string) bool {
	return c.takes(method) && c.pattern.matches(path)
}

// takes compares methods. Some upstreams read "post" as POST, so a route that
// isn't free does too.
func (c *Compiled) takes(method string) bool {
	return len(c.methods) == 0 || slices.Contains(c.methods, method) || !c.Free && slices.Contains(c.methods, strings.ToUpper(method))
}

// covers reports whether every request that other matches is matched by c.
func (c *Compiled) covers(other *Compiled) bool {
	if len(c.methods) > 0 {
		if len(other.methods) == 0 {
			return false
		}
		for _, method := range other.methods {
			if !slices.Contains(c.methods, method) {
				return false
			}
		}
	}
	return c.pattern.covers(other.pattern)
}
