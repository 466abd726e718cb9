package rationhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// patient is a charger whose client leaves while it decides.
type patient struct {
	*fakeCharger
	leave context.CancelFunc
}

func (p patient) Charge(ctx context.Context, charge ration.Charge) (ration.Decision, error) {
	p.leave()
	if err := ctx.Err(); err != nil {
		return ration.Decision{}, err
	}
	return p.fakeCharger.Charge(ctx, charge)
}

// A reservation must be ended by somebody who knows of it.
func TestAReservationIsWaitedForAlthoughItsClientLeaves(t *testing.T) {
	for name, hold := range map[string]*ration.Hold{"reserved": {}, "charged": nil} {
		t.Run(name, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
			r.Header.Set("X-Api-Key", "secret")
			gate := rationhttp.Gate{Charger: patient{&fakeCharger{decision: allowed()}, leave}}
			question := rationhttp.Question{Hold: hold}
			answer := gate.Ask(ctx, gate.CallerOf(r, question), question)
			if answer.Admitted != (hold != nil) {
				t.Errorf("admitted %v: %v", answer.Admitted, answer.Err)
			}
		})
	}
}

// What the Middleware gives back it may have reserved; a handler need not know.
func TestAnOutcomeThatIsGivenBackVoidsWhatWasReserved(t *testing.T) {
	for status, refunds := range map[int]int{503: 1, 200: 0} {
		charger := &fakeCharger{decision: refundable()}
		charger.decision.Receipt.Reservation = ration.NewReservationID()
		handler := rationhttp.Middleware(charger,
			rationhttp.WithRefunds(rationhttp.DefaultRefunds()),
			rationhttp.WithQuestion(func(*http.Request) rationhttp.Question { return rationhttp.Question{Hold: &ration.Hold{}} }),
		)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("X-Api-Key", "secret")
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if asked := charger.charges[0]; asked.Hold == nil || !asked.Refundable {
			t.Errorf("asked for %+v", asked)
		}
		if charger.refunds() != refunds {
			t.Errorf("%d refunds after %d, want %d", charger.refunds(), status, refunds)
		}
		if refunds > 0 && charger.receipts[0].Reservation != charger.decision.Receipt.Reservation {
			t.Error("the receipt is not the reservation's")
		}
	}
}
