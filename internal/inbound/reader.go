package inbound

import (
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Reader reads requests. It is safe for concurrent use.
type Reader struct {
	config     Config
	hygiene    hygiene
	preflights *preflightLimit // of those that the upstream answers
}

// NewReader returns a Reader; Routes must be set.
func NewReader(config Config) *Reader {
	config = config.withDefaults()
	return &Reader{config: config, hygiene: newHygiene(config), preflights: newPreflightLimit(config.PreflightRate)}
}

// Request is what is known about one request before it is passed on. Its In and ID are
// set by the way in, its Answer once somebody has decided.
type Request struct {
	In        *http.Request
	ID        string
	Route     *route.Compiled // nil on what is answered here: preflights, and questions about a key's usage
	OwnUsage  bool            // it asks what its key has used
	Pages     []string        // the methods that a page may use, of a preflight that is answered here; else nil
	Sources   rationhttp.Sources
	Question  rationhttp.Question
	Answer    rationhttp.Answer // zero on a free route
	Preflight bool              // passed on without a key
	caller    *rationhttp.Caller
}

// Judge finds the route of a request and what it asks for, or returns an error that
// says why it is refused no matter who sends it; [Reader.Refusal] words it.
func (r *Reader) Judge(x *Request) error {
	if err := r.hygiene.check(x.In); err != nil {
		return err
	}
	if r.isOwnUsage(x.In) {
		return r.findOwnUsage(x)
	}
	if err := r.find(x); err != nil || x.Pages != nil {
		return err
	}
	if err := r.checkOverride(x); err != nil {
		return err
	}
	x.Question = r.questionOf(x)
	x.Sources = r.config.Gate.SourcesOf(x.Question)
	return r.checkPath(x)
}

func (r *Reader) questionOf(x *Request) rationhttp.Question {
	question := rationhttp.Question{
		Amounts: x.Route.Amounts, Scope: x.Route.Scope, QueryParameter: x.Route.KeyQuery, FailOpen: x.Route.FailOpen,
		Via: r.config.Via, Route: x.Route.Name, RequestID: x.ID,
		Refundable: r.config.WholeExchange && !x.Route.Refunds.IsZero(), InFlight: r.config.WholeExchange,
	}
	if x.Route.Reserve != nil {
		question.Hold = &x.Route.Reserve.Hold
	}
	return question
}

// CallerOf finds out, once, who sends the request.
func (r *Reader) CallerOf(x *Request) *rationhttp.Caller {
	if x.caller == nil {
		found := r.config.Gate.CallerOf(x.In, x.Question)
		x.caller = &found
	}
	return x.caller
}

// IsPreflight reports whether a request is a browser's question whether a page may call.
func (r *Reader) IsPreflight(in *http.Request) bool { return cors.IsPreflight(in, r.hygiene.hasKey) }

// Clean drops from the header of a request what is not its client's to set. A trusted
// proxy may set more.
func (r *Reader) Clean(header http.Header, trusted bool) { r.hygiene.clean(header, trusted) }

// The codes of requests that nobody asks a key for.
const (
	codeFree      ration.Code = "free"      // on a free route
	codePreflight ration.Code = "preflight" // of a browser, passed on
)

// UncountedCode returns the code of a request that is passed on uncounted.
func UncountedCode(x *Request) ration.Code {
	if x.Preflight {
		return codePreflight
	}
	return codeFree
}
