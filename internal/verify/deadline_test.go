package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
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
