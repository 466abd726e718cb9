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
	charger, reservations := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}, &fakeReservations{reservation: held()}
	config := verify.Config{Charger: charger, Reservations: reservations, Log: slog.New(slog.NewTextHandler(&log, nil))}
	handler := apiOf(config)
	want := []ration.Amount{{Meter: "seconds", Units: 4}}
	for range 2 {
		handler("POST", verify.Path, `{"secret":"k1","amounts":{"seconds":3.5}}`)
		if diff := cmp.Diff(want, charger.charged.Amounts); diff != "" {
			t.Errorf("charged (-want +got):\n%s", diff)
		}
		handler("POST", verify.ReservationsPath+"/"+aReservation+"/settle", `{"amounts":{"seconds":3.01}}`)
		if diff := cmp.Diff(want, reservations.end.Amounts); diff != "" {
			t.Errorf("settled (-want +got):\n%s", diff)
		}
		handler("POST", verify.Path, `{"secret":"k1","amounts":{"seconds":4.0}}`)
	}
	said := log.String()
	if strings.Count(said, "\n") != 2 || !strings.Contains(said, "route=/v1/verify meter=seconds") || !strings.Contains(said, "route=/v1/reservations/{id}/settle meter=seconds") {
		t.Errorf("logged\n%s", said)
	}
}
