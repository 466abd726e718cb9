package rationhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
)

// An application asks for one request and, by its own reckoning, some tokens.
func ExampleMiddleware() {
	engine := &fakeCharger{decision: allowed()} // a *ration.Engine in production

	limit := rationhttp.Middleware(engine,
		rationhttp.WithQuestion(func(r *http.Request) rationhttp.Question {
			return rationhttp.Question{Scope: "ask", Amounts: []ration.Amount{{Meter: "tokens", Units: r.ContentLength}}}
		}),
		rationhttp.WithoutCredential(),
	)
	ask := func(w http.ResponseWriter, r *http.Request) {
		decision, _ := rationhttp.DecisionFrom(r.Context())
		fmt.Fprintf(w, "hello %s, %d remain", decision.Owner, decision.Limits[0].Remaining)
	}

	r := httptest.NewRequest("POST", "/ask", http.NoBody)
	r.Header.Set("Authorization", "Bearer rk_…")
	w := httptest.NewRecorder()
	limit(http.HandlerFunc(ask)).ServeHTTP(w, r)
	fmt.Println(w.Body)
	fmt.Println(w.Header().Get("RateLimit"))
	// Output:
	// hello ada, 599 remain
	// "requests-day";r=599;t=43200
}

// Holders of keys see what they have used and what remains at /v1/usage, and answers with
// status 429 say so.
func ExampleNewUsage() {
	engine := &fakeCharger{decision: allowed()} // a *ration.Engine in production
	operations := noUsage{}                     // the operations that rationadmin.New returns

	responder := rationhttp.WithResponder(rationhttp.Responder{UsageURL: "/v1/usage"})
	api := http.NewServeMux()
	api.Handle("/v1/usage", rationhttp.NewUsage(engine, operations, responder))
	api.Handle("/", rationhttp.Middleware(engine, responder)(http.NotFoundHandler()))

	r := httptest.NewRequest("GET", "/v1/usage", http.NoBody)
	r.Header.Set("X-API-Key", "rk_…")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Cache-Control"))
	// Output: 200 no-store
}

// noUsage knows keys that were never used.
type noUsage struct{}

func (noUsage) ExplainKey(context.Context, rationadmin.ExplainQuestion) (rationadmin.Explanation, error) {
	return rationadmin.Explanation{At: noon}, nil
}

func (noUsage) UsageDays(context.Context, rationadmin.UsageFilter) ([]rationadmin.UsageDay, error) {
	return nil, nil
}
