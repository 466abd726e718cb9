package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

// slowTokens finds a token good after a while.
type slowTokens struct{ fakeTokens }

func (f slowTokens) Check(ctx context.Context, token ration.Secret, scope string) (admin.Token, error) {
	time.Sleep(4 * time.Second)
	return f.fakeTokens.Check(ctx, token, scope)
}

// patientCharger decides nothing for as long as it may.
type patientCharger struct{}

func (patientCharger) Charge(ctx context.Context, _ ration.Charge) (ration.Decision, error) {
	<-ctx.Done()
	return ration.Decision{}, fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, ctx.Err())
}

func TestTokenAndDecisionWaitNoLongerThanFiveSecondsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := verify.NewHandler(verify.Config{Charger: patientCharger{}, Callers: bearer.New(slowTokens{})})
		r := httptest.NewRequest(http.MethodPost, verify.Path, strings.NewReader(`{"secret": "s"}`))
		r.Header.Set("Authorization", "Bearer good")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		start := time.Now()
		handler.ServeHTTP(w, r)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "outcome_unknown") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}

// awayTokens recalls the token "good", and can read none: the database is away.
type awayTokens struct{ reads *atomic.Int32 }

func (awayTokens) Recall(token ration.Secret) (ration.Digest, admin.Token, bool) {
	return token.Digest(nil), admin.Token{Name: "good", Scopes: []string{admin.ScopeVerify}}, true
}

func (awayTokens) NoteUse(*admin.Token, time.Time) {}
func (awayTokens) Forget(ration.Digest)            {}

func (a awayTokens) Check(ctx context.Context, _ ration.Secret, _ string) (admin.Token, error) {
	a.reads.Add(1)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	<-ctx.Done()
	return admin.Token{}, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, ctx.Err())
}

// slowCharger knows no secret, which it says after a while, and no reservation.
type slowCharger struct{}

func (slowCharger) Charge(context.Context, ration.Charge) (ration.Decision, error) {
	time.Sleep(4 * time.Second)
	return ration.Decision{Code: ration.CodeKeyUnknown}, nil
}

// TestTokenIsReadOnceAndInTime: where no decision checks the token and the database is away,
// a caller waits no longer than for a decision, and the token is read once at most.
func TestTokenIsReadOnceAndInTime(t *testing.T) {
	const ask, most = `{"secret": "s"}`, 5 * time.Second
	one := verify.ReservationsPath + "/" + ration.NewReservationID().String()
	for _, row := range []struct {
		name               string
		charger            rationhttp.Charger
		method, path, body string
		code               string
	}{
		{"no JSON", slowCharger{}, "POST", verify.Path, "{", "invalid_body"},
		{"a secret that nobody has", slowCharger{}, "POST", verify.Path, ask, "store_unavailable"},
		{"no decision", patientCharger{}, "POST", verify.Path, ask, "outcome_unknown"},
		{"several that nobody has", slowCharger{}, "POST", verify.Path, "[" + ask + "," + ask + "]", `,{"allowed":false,"code":"store_unavailable"`},
		{"no decision of several", patientCharger{}, "POST", verify.Path, "[" + ask + "," + ask + "]", `,{"allowed":false,"code":"outcome_unknown"`},
		{"several that are none", patientCharger{}, "POST", verify.Path, "[7,8]", `,{"allowed":false,"code":"invalid_body"`},
		{"a look at a reservation", slowCharger{}, "GET", one, "", "store_unavailable"},
		{"its end", slowCharger{}, "POST", one + "/void", "", "store_unavailable"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int32
				mux := http.NewServeMux()
				verify.NewHandler(verify.Config{Charger: row.charger, Callers: bearer.New(awayTokens{&reads})}).Register(mux)
				w, took := askTimed(mux, row.method, row.path, row.body)
				if took > most {
					t.Errorf("it took %s", took)
				}
				questions := max(1, strings.Count(row.body, ask))
				if n := int(reads.Load()); n > questions {
					t.Errorf("the token was read %d times", n)
				}
				if !strings.Contains(w.Body.String(), row.code) {
					t.Errorf("got %d %s; want %s", w.Code, w.Body, row.code)
				}
			})
		})
	}
}

// askTimed asks with a valid token, and tells how long the answer took.
func askTimed(handler http.Handler, method, path, body string) (w *httptest.ResponseRecorder, took time.Duration) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	start := time.Now()
	handler.ServeHTTP(w, r)
	return w, time.Since(start)
}

// quickCharger admits all.
type quickCharger struct{}

func (quickCharger) Charge(context.Context, ration.Charge) (ration.Decision, error) {
	return ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{1}}, nil
}

// patientExplainer explains nothing for as long as it may.
type patientExplainer struct{}

func (patientExplainer) ExplainKey(ctx context.Context, _ admin.ExplainQuestion) (admin.Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	<-ctx.Done()
	return admin.Explanation{}, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, ctx.Err())
}

// TestExplanationsWaitNoLongerThanDecisions: in an array, charges that were made wait for the
// explanations of dry runs, so these must not outlast a caller's patience.
func TestExplanationsWaitNoLongerThanDecisions(t *testing.T) {
	const dry, charge = `{"secret": "s", "dry_run": true}`, `{"secret": "s"}`
	for _, row := range []struct{ name, path, body, want string }{
		{"alone", verify.Path, dry, `"code":"store_unavailable"`},
		{"a reservation", verify.ReservationsPath, dry, `"code":"store_unavailable"`},
		{"beside a charge", verify.Path, "[" + charge + "," + dry + "]", `,{"allowed":false,"code":"store_unavailable"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mux := http.NewServeMux()
				verify.NewHandler(verify.Config{Charger: quickCharger{}, Callers: bearer.New(fakeTokens{}), Explain: patientExplainer{}}).Register(mux)
				w, took := askTimed(mux, http.MethodPost, row.path, row.body)
				if took != 5*time.Second || !strings.Contains(w.Body.String(), row.want) {
					t.Errorf("after %s: %d %s; want %s after 5 s", took, w.Code, w.Body, row.want)
				}
			})
		})
	}
}

// slowExplainer takes 1.1 s for each explanation, and notes how many are under way.
type slowExplainer struct{ now, most atomic.Int32 }

func (e *slowExplainer) ExplainKey(context.Context, admin.ExplainQuestion) (admin.Explanation, error) {
	e.most.Store(max(e.most.Load(), e.now.Add(1)))
	time.Sleep(1100 * time.Millisecond)
	e.now.Add(-1)
	return admin.Explanation{}, nil
}

// TestExplanationsOfAnArrayTakeTurns: as many dry runs are answered as there is time for, and
// an array takes no more readers than a question alone.
func TestExplanationsOfAnArrayTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		explainer := &slowExplainer{}
		w := call(verify.Config{Charger: quickCharger{}, Explain: explainer}, http.MethodPost, verify.Path,
			"["+strings.Repeat(`{"secret": "s", "dry_run": true},`, 99)+`{"secret": "s", "dry_run": true}]`)
		explained, late := strings.Count(w.Body.String(), `"explanation":`), strings.Count(w.Body.String(), `{"allowed":false,"code":"store_unavailable"`)
		if explainer.most.Load() != 1 || explained != 5 || explained+late != 100 {
			t.Errorf("%d at once, %d explained, %d late; want 1, the 5 that begin within 5 s, and all others", explainer.most.Load(), explained, late)
		}
	})
}
