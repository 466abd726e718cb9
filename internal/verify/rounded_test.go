package verify_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/verify"
)

func TestFractionsAreRoundedUpAndSaidOncePerEndpoint(t *testing.T) {
	var log bytes.Buffer
	counted := []ration.Amount{{Meter: "seconds", Units: 4}}
	settled := held()
	settled.Settled = counted
	charger, reservations := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK, Amounts: counted}}, &fakeReservations{reservation: settled}
	config := verify.Config{Charger: charger, Reservations: reservations, Log: slog.New(slog.NewTextHandler(&log, nil))}
	handler := apiOf(config)
	for range 2 {
		handler("POST", verify.Path, `{"secret":"k1","amounts":{"seconds":3.5}}`)
		if diff := cmp.Diff([]ration.Amount{{Meter: "seconds", Units: 35, Unit: 1}}, charger.charged.Amounts); diff != "" {
			t.Errorf("charged (-want +got):\n%s", diff)
		}
		handler("POST", verify.ReservationsPath+"/"+aReservation+"/settle", `{"amounts":{"seconds":3.01}}`)
		if diff := cmp.Diff([]ration.Amount{{Meter: "seconds", Units: 301, Unit: 2}}, reservations.end.Amounts); diff != "" {
			t.Errorf("settled (-want +got):\n%s", diff)
		}
		handler("POST", verify.Path, `{"secret":"k1","amounts":{"seconds":4.0}}`)
	}
	said := log.String()
	if strings.Count(said, "\n") != 2 || !strings.Contains(said, "route=/v1/verify meter=seconds") || !strings.Contains(said, "route=/v1/reservations/{id}/settle meter=seconds") {
		t.Errorf("logged\n%s", said)
	}
}

// TestFinerThanAnyUnitIsSaid: what is cut off already when it is read, too.
func TestFinerThanAnyUnitIsSaid(t *testing.T) {
	var log bytes.Buffer
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK, Amounts: []ration.Amount{{Meter: "seconds", Units: 1, Unit: ration.MinUnit}}}}
	handler := apiOf(verify.Config{Charger: charger, Log: slog.New(slog.NewTextHandler(&log, nil))})
	handler("POST", verify.Path, `{"secret":"k1","amounts":{"seconds":0.000000001}}`)
	if log.Len() > 0 {
		t.Errorf("logged\n%s", log.String())
	}
	handler("POST", verify.Path, `{"secret":"k1","amounts":{"seconds":0.0000000001}}`)
	if !strings.Contains(log.String(), "meter=seconds") {
		t.Errorf("logged\n%s", log.String())
	}
}
