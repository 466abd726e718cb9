package rationtest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTheWayThroughThePackage is what the package's comment shows.
func TestTheWayThroughThePackage(t *testing.T) {
	fixture := rationtest.New(t, rationtest.Options{})
	fixture.Plan("free", "2/day", "1000 tokens/month")
	key := fixture.Key(rationtest.Key{Owner: "ada", Plan: "free"})
	server := httptest.NewServer(rationhttp.Middleware(fixture.Engine)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	defer server.Close()
	ask := func(want int) {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		r.Header.Set("X-API-Key", key.Secret.Reveal())
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != want {
			t.Fatalf("got %d, want %d", response.StatusCode, want)
		}
	}
	ask(200)
	ask(200)
	ask(429)
	fixture.Advance(24 * time.Hour)
	ask(200)
	if used, denied := fixture.Used(key.ID, "requests"); used != 3 || denied != 1 {
		t.Errorf("%d used and %d denied, want 3 and 1", used, denied)
	}
	fixture.BreakStore()
	ask(503)
	fixture.MendStore()
	ask(200)
	fixture.Disable(key.ID)
	ask(401)
	fixture.Enable(key.ID)
	ask(429)
	fixture.Revoke(key.ID)
	ask(401)
	if used, _ := fixture.Used(key.ID, "tokens"); used != 0 {
		t.Errorf("%d tokens used", used)
	}
}

func TestOptionsReachTheEngine(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	fixture := rationtest.New(t, rationtest.Options{Now: now, SecretPrefix: "acme", Engine: ration.EngineConfig{Pepper: []byte("pepper of 16 bytes")}})
	key := fixture.Key(rationtest.Key{Limits: []string{"1/lifetime"}, ExpiresAt: now.Add(time.Hour)})
	if text := key.Secret.Reveal(); text[:5] != "acme_" {
		t.Errorf("the secret starts with %s", text[:5])
	}
	for _, want := range []ration.Code{ration.CodeOK, ration.CodeQuotaExceeded} {
		decision, err := fixture.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret})
		if err != nil || decision.Code != want || !decision.DecidedAt.Equal(now) {
			t.Errorf("got %+v, %v; want %s", decision, err, want)
		}
	}
	fixture.Advance(time.Hour)
	if decision, err := fixture.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret}); err != nil || decision.Code != ration.CodeKeyExpired {
		t.Errorf("got %+v, %v", decision, err)
	}
	fixture.BreakStore()
	if err := fixture.Engine.Ready(t.Context()); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("got %v", err)
	}
}
