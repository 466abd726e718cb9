package cli_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/sqlite"
)

// TestServerEndsReservationsThatAreDue has one that was made a few minutes ago by
// a server that is gone.
func TestServerEndsReservationsThatAreDue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	database := "sqlite:" + path
	secret := must(t, database, "keys", "create", "k")
	token := must(t, database, "tokens", "create", "app", "--scope", "verify")
	id := reserveEarlier(t, path, ration.SecretFromText(secret))

	server := startServer(t, nil, "--db", database)
	deadline := time.Now().Add(time.Minute)
	for shown := ""; !strings.Contains(shown, `"state":"expired"`); {
		if time.Now().After(deadline) {
			t.Fatalf("it is still %s", shown)
		}
		request, err := http.NewRequestWithContext(t.Context(), "GET", server.api+"/v1/reservations/"+id.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		shown = answerTo(t, request)
	}
	if done := server.stop(); done.code != 0 || !strings.Contains(done.stderr, "stopped cleanly") || strings.Contains(done.stderr, "due") {
		t.Errorf("got %+v", done)
	}
	if usage := must(t, database, "usage", "-o", "csv"); !strings.Contains(usage, ",requests,") || !strings.Contains(usage, ",1,0,") {
		t.Errorf("what it held is not counted: %s", usage)
	}
}

// reserveEarlier reserves a request for a minute, by a clock that was right a few
// minutes ago.
func reserveEarlier(t *testing.T, path string, secret ration.Secret) ration.ReservationID {
	t.Helper()
	earlier := func() time.Time { return time.Now().Add(-5 * time.Minute) }
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Clock: earlier})
	if err != nil {
		t.Fatal(err)
	}
	engine := ration.NewEngine(store, ration.EngineConfig{})
	decision, err := engine.Charge(t.Context(), ration.Charge{Secret: secret, Hold: &ration.Hold{TTL: time.Minute}})
	if err != nil || decision.Reservation == nil {
		t.Fatalf("got %+v, %v", decision, err)
	}
	if err := engine.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return decision.Reservation.ID
}
