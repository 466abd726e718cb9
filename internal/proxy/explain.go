package proxy

import (
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/route"
)

// Explanation is what becomes of a request, before anybody looks at its key, its
// idempotency key and its body. One of Refusal, PageMethods and Route is set.
type Explanation struct {
	// Refusal is the answer to a request that is refused, whoever sends it, before
	// the setting errors words it.
	Refusal *api.Problem
	// PageMethods are what a page may use, of a preflight that is answered here.
	PageMethods []string
	Route       *route.Compiled
	// Amounts are what is charged or reserved, sorted; nil on a free route.
	Amounts []ration.Amount
	// KeyParameter of the query may carry the key; empty: none.
	KeyParameter string
	// PassedPreflight: the upstream answers it without a key, so many times a second.
	PassedPreflight bool
	// Beside: no route matches, and others ask more, as [route.Table.PassesBeside] says.
	Beside bool
}

// Explain says what would become of a request as a server receives it, by the
// code that serves it, and charges nothing. No configuration that New takes brings
// about an error.
func (p *Proxy) Explain(r *http.Request) (Explanation, error) {
	x := &exchange{in: r}
	err := p.judge(x)
	if err == nil && x.route != nil && !x.route.Free {
		err = p.callerOf(x).Err // of which the gate says the same
	}
	switch {
	case err != nil:
		return Explanation{Refusal: p.refusal(x, err).Problem}, nil
	case x.pages != nil:
		return Explanation{PageMethods: x.pages}, nil
	case x.route.Free:
		return Explanation{Route: x.route, PassedPreflight: x.preflight}, nil
	}
	charge, err := ration.Charge{KeyID: ration.NewKeyID(), Amounts: x.question.Amounts}.Normalize()
	return Explanation{Route: x.route, Amounts: charge.Amounts, KeyParameter: x.sources.QueryParameter, Beside: p.config.Routes.PassesBeside(x.route)}, err
}
