package rationadmin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/sqlite"
)

// An API with keys and quotas, in one process.
func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 200 hello alice, 1 remain
	// 200 hello alice, 0 remain
	// 429 application/problem+json
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ration-example-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	store, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, "ration.db")})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	engine := ration.NewEngine(store, ration.EngineConfig{})
	defer func() { _ = engine.Close(ctx) }()

	administration := rationadmin.New(store, rationadmin.Config{})
	perDay, err := ration.ParseLimit("2/day")
	if err != nil {
		return err
	}
	_, err = administration.CreatePlan(ctx, "example", rationadmin.NewPlan{Name: "free", Limits: []ration.Limit{perDay}})
	if err != nil {
		return err
	}
	issued, err := administration.CreateKey(ctx, "example", rationadmin.NewKey{Name: "Alice's laptop", Owner: "alice", Plan: "free"})
	if err != nil {
		return err
	}

	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		decision, _ := rationhttp.DecisionFrom(r.Context())
		_, _ = fmt.Fprintf(w, "hello %s, %d remain", decision.Owner, decision.Limits[0].Remaining)
	})
	api := rationhttp.Middleware(engine)(hello)

	for range 3 {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("X-API-Key", issued.Secret.Reveal())
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, request)
		if answer.Code == http.StatusOK {
			fmt.Println(answer.Code, answer.Body)
		} else {
			fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
		}
	}
	return nil
}
