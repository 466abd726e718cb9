package rationhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// get sends a request with a key through middleware to next.
func get(middleware func(http.Handler) http.Handler, next http.HandlerFunc, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("X-API-Key", "k1")
	w := httptest.NewRecorder()
	middleware(next).ServeHTTP(w, r)
	return w
}

func TestMiddlewareGivesTheDecisionAndSetsFieldsFirst(t *testing.T) {
	charger := &fakeCharger{decision: allowed()}
	w := get(rationhttp.Middleware(charger), func(w http.ResponseWriter, r *http.Request) {
		decision, found := rationhttp.DecisionFrom(r.Context())
		if !found || decision.KeyID != charger.decision.KeyID || decision.Owner != "ada" {
			t.Errorf("got decision %+v, %t", decision, found)
		}
		if r.Header.Get("X-API-Key") != "k1" {
			t.Error("the credential is gone")
		}
		if w.Header().Get("RateLimit") != `"requests-day";r=599;t=43200` {
			t.Errorf("fields are not set: %v", w.Header())
		}
		w.WriteHeader(http.StatusTeapot)
	}, "/")
	if w.Code != http.StatusTeapot || w.Header().Get("Cache-Control") != "private" || w.Header().Get("Vary") != "X-API-Key, Authorization" {
		t.Errorf("got %d, %v", w.Code, w.Header())
	}
	charge := charger.charges[0]
	if charge.Via != "middleware" || charge.Secret.Reveal() != "k1" || charge.IP.String() != "192.0.2.1" || charge.Amounts != nil {
		t.Errorf("charged %+v", charge)
	}
}

func TestMiddlewareRefusesWithoutReachingTheHandler(t *testing.T) {
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeKeyRevoked}}
	w := get(rationhttp.Middleware(charger), func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }, "/")
	if w.Code != 401 || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"code":"key_revoked"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestMiddlewareRefusesWhatWasChargedBefore(t *testing.T) {
	charger := &fakeCharger{decision: allowed()}
	charger.decision.Replayed = true
	var events []rationhttp.Event
	question := func(*http.Request) rationhttp.Question {
		return rationhttp.Question{Idempotency: &ration.Idempotency{Key: "1", About: "GET /"}}
	}
	observe := rationhttp.WithObserver(func(_ context.Context, event rationhttp.Event) { events = append(events, event) })
	w := get(rationhttp.Middleware(charger, rationhttp.WithQuestion(question), observe), func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }, "/")
	if w.Code != 409 || w.Header().Get("Idempotent-Replayed") != "true" || !strings.Contains(w.Body.String(), `"code":"idempotency_replayed"`) || w.Header().Get("RateLimit") != "" {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
	if len(events) != 1 || events[0].Code != rationhttp.CodeIdempotencyReplayed || charger.charges[0].Idempotency == nil {
		t.Errorf("observed %+v, charged %+v", events, charger.charges)
	}
}

func TestMiddlewareAsksWhatItIsToldTo(t *testing.T) {
	charger := &fakeCharger{decision: allowed()}
	question := func(r *http.Request) rationhttp.Question {
		return rationhttp.Question{Amounts: []ration.Amount{{Meter: "tokens", Units: int64(len(r.URL.Path))}}, Scope: "ask"}
	}
	get(rationhttp.Middleware(charger, rationhttp.WithQuestion(question)), func(http.ResponseWriter, *http.Request) {}, "/abc")
	if charge := charger.charges[0]; charge.Scope != "ask" || charge.Amounts[0].Units != 4 {
		t.Errorf("charged %+v", charge)
	}
}

func TestMiddlewareHidesTheCredentialFromTheHandlerOnly(t *testing.T) {
	const secret = "rk_0123456789abcdef"
	charger := &fakeCharger{decision: allowed()}
	sources := rationhttp.Sources{QueryParameter: "api_key"}
	r := httptest.NewRequest("GET", "/?a=%31&api_key="+secret+"&b", nil)
	r.Header.Set("X-API-Key", secret)
	r.Header.Set("Referer", "https://example.com/?api_key="+secret)
	r.Header.Set("X-Other", "kept")
	next := http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) {
		if inner.URL.RawQuery != "a=%31&b" || inner.RequestURI != "/?a=%31&b" || inner.Header.Get("X-Other") != "kept" {
			t.Errorf("the handler got %s, %v", inner.RequestURI, inner.Header)
		}
		if len(inner.Header) != 1 {
			t.Errorf("the secret is left in %v", inner.Header)
		}
	})
	w := httptest.NewRecorder()
	rationhttp.Middleware(charger, rationhttp.WithoutCredential(), rationhttp.WithSources(sources))(next).ServeHTTP(w, r)
	if r.Header.Get("X-API-Key") != secret || r.URL.RawQuery != "a=%31&api_key="+secret+"&b" {
		t.Error("the server's own request was changed")
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("an answer to a key in the URL may be stored: %v", w.Header())
	}
}

func TestMiddlewareFailsOpenOnlyIfToldToAndCounts(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		open   bool
		key    string
		opened int
		status int
	}{
		{"closed by default", ration.ErrStoreUnavailable, false, "k1", 0, 503},
		{"open when told to", ration.ErrStoreUnavailable, true, "k1", 1, 200},
		{"outcome unknown", ration.ErrOutcomeUnknown, true, "k1", 1, 200},
		{"never for a charge that can't be", &ration.InvalidError{Field: "amounts"}, true, "k1", 0, 500},
		{"never without a key", ration.ErrStoreUnavailable, true, "", 0, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			opened := 0
			var options []rationhttp.Option
			if row.open {
				options = append(options, rationhttp.WithFailOpen(func(_ *http.Request, err error) {
					opened++
					if err == nil {
						t.Error("no reason given")
					}
				}))
			}
			var events []rationhttp.Event
			options = append(options, rationhttp.WithObserver(func(_ context.Context, event rationhttp.Event) { events = append(events, event) }))
			next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if _, found := rationhttp.DecisionFrom(r.Context()); found {
					t.Error("there is a decision")
				}
			})
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("X-API-Key", row.key)
			w := httptest.NewRecorder()
			rationhttp.Middleware(&fakeCharger{err: row.err}, options...)(next).ServeHTTP(w, r)
			if opened != row.opened || w.Code != row.status {
				t.Errorf("opened %d times, status %d; want %d, %d", opened, w.Code, row.opened, row.status)
			}
			if len(events) != 1 || events[0].FailedOpen != (row.opened > 0) || events[0].Via != "middleware" {
				t.Errorf("observed %+v", events)
			}
		})
	}
}

func TestMiddlewareDoesNotFailOpenForAClientThatHasGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	open := rationhttp.WithFailOpen(func(*http.Request, error) { t.Error("failed open") })
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.Header.Set("X-API-Key", "k1")
	w := httptest.NewRecorder()
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
	rationhttp.Middleware(&fakeCharger{err: ration.ErrStoreUnavailable}, open)(next).ServeHTTP(w, r)
	if w.Code != 503 {
		t.Errorf("got %d", w.Code)
	}
}

func TestTooLongAKeyIsUnknownAndNotAsked(t *testing.T) {
	charger := &fakeCharger{decision: allowed()}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-API-Key", strings.Repeat("x", ration.MaxSecretLength+1))
	w := httptest.NewRecorder()
	rationhttp.Middleware(charger)(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != 401 || charger.count() != 0 || !strings.Contains(w.Body.String(), `"key_unknown"`) {
		t.Errorf("got %d %s after %d charges", w.Code, w.Body, charger.count())
	}
}
