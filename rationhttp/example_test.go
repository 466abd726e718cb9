package rationhttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/ration-dev/ration"
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
