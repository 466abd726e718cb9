package rationhttp_test

import (
	"context"
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
			answer := gate.Ask(r, rationhttp.Question{Hold: hold})
			if answer.Admitted != (hold != nil) {
				t.Errorf("admitted %v: %v", answer.Admitted, answer.Err)
			}
		})
	}
}
