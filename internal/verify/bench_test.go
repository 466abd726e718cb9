package verify_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
)

// BenchmarkAllowed measures what the handler itself costs: a question and an
// answer with a quota and a rate, without the engine and without a socket.
func BenchmarkAllowed(b *testing.B) {
	decision := denied()
	decision.Code, decision.RetryAfter = ration.CodeOK, 0
	decision.Limits[0].Exceeded = false
	decision.Limits = append(decision.Limits, ration.LimitStatus{
		Limit: ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: ration.KindRate, Quantity: 10, Period: ration.PeriodSecond, Burst: 20},
		Used:  1, Remaining: 19, ResetsAt: noon.Add(time.Second), AvailableAt: noon.Add(time.Second),
	})
	handler := verify.NewHandler(verify.Config{Charger: &fakeCharger{decision: decision}, Callers: bearer.New(fakeTokens{})})
	body := `{"secret":"` + ration.NewSecret("rk").Reveal() + `","amounts":{"tokens":1200}}`
	b.ReportAllocs()
	for b.Loop() {
		r, _ := http.NewRequest(http.MethodPost, verify.Path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer good")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
