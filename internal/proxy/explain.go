package proxy

import (
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/route"
)

// Explanation says what happens to a request, before its key, its idempotency key and
// its body are looked at. One of Refusal, PageMethods, OwnUsage, Page and Route is set.
type Explanation struct {
	// Refusal is the answer to a request that is refused no matter who sends it, in
	// the form that it has without the setting errors.
	Refusal *api.Problem
	// PageMethods are the methods that a web page may use, if the request is a
	// preflight that Ration answers.
	PageMethods []string
	// OwnUsage says that Ration answers the request itself, with what its key has used.
	OwnUsage bool
	// Page says that the request is for a page of Ration's own.
	Page  bool
	Route *route.Compiled
	// Amounts are the amounts that are charged or reserved, sorted; nil on a free
	// route.
	Amounts []ration.Amount
	// KeyParameter is the parameter of the query that may carry the key; empty: none.
	KeyParameter string
	// PassedPreflight says that the upstream answers the request without a key, up to
	// the preflight rate.
	PassedPreflight bool
	// Beside says that no route matches, and that other routes ask for more, in the
	// sense of [route.Table.PassesBeside].
	Beside bool
}

// Explain says what would happen to a request, in the form in which a server receives
// it. It uses the code that serves requests, and charges nothing. With a
// configuration that New accepts, there is no error.
func (p *Proxy) Explain(r *http.Request) (Explanation, error) {
	if p.config.Portal != nil && p.config.Portal.Serves(r) {
		return Explanation{Page: true}, nil
	}
	x := &exchange{Request: inbound.Request{In: r}}
	err := p.judge(x)
	if err == nil && (x.OwnUsage || x.Route != nil && !x.Route.Free) {
		err = p.reader.CallerOf(&x.Request).Err // of which the gate says the same
	}
	switch {
	case err != nil:
		return Explanation{Refusal: p.reader.Refusal(&x.Request, err).Problem}, nil
	case x.Pages != nil:
		return Explanation{PageMethods: x.Pages}, nil
	case x.OwnUsage:
		return Explanation{OwnUsage: true}, nil
	case x.Route.Free:
		return Explanation{Route: x.Route, PassedPreflight: x.Preflight}, nil
	}
	charge, err := ration.Charge{KeyID: ration.NewKeyID(), Amounts: x.Question.Amounts}.Normalize()
	return Explanation{Route: x.Route, Amounts: charge.Amounts, KeyParameter: x.Sources.QueryParameter, Beside: p.config.Routes.PassesBeside(x.Route)}, err
}
