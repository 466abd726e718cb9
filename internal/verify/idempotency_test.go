package verify_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/verify"
)

func TestIdempotencyKeysAreOfOnePath(t *testing.T) {
	for path, about := range map[string]string{verify.Path: "", verify.ReservationsPath: "reservations"} {
		for _, line := range []string{`"order-1"`, `order-1`} {
			charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK, Replayed: true}}
			w := call(verify.Config{Charger: charger}, "POST", path, `{"secret":"k1"}`, withIdempotencyKeys(line))
			if diff := cmp.Diff(&ration.Idempotency{Key: "order-1", About: about}, charger.charged.Idempotency); diff != "" {
				t.Errorf("%s with %s (-want +got):\n%s", path, line, diff)
			}
			if w.Code != 200 || w.Header().Get("Idempotent-Replayed") != "true" || !strings.Contains(w.Body.String(), `"replayed":true`) {
				t.Errorf("%s: got %d %v %s", path, w.Code, w.Header(), w.Body)
			}
		}
	}
	w := call(verify.Config{Charger: &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}}, "POST", verify.Path, `{"secret":"k1"}`, withIdempotencyKeys("order-1"))
	if w.Code != 200 || w.Header().Get("Idempotent-Replayed") != "" || strings.Contains(w.Body.String(), "replayed") {
		t.Errorf("the first time: got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestBadIdempotencyKeysAreRefusedBeforeAnythingIsCharged(t *testing.T) {
	for _, path := range []string{verify.Path, verify.ReservationsPath} {
		for name, lines := range map[string][]string{
			"1 KB": {strings.Repeat("x", 1024)}, "empty": {""}, "empty in quotes": {`""`}, "two": {"a", "a"},
			"control character": {"a\x01"}, "NUL": {"a\x00b"}, "not UTF-8": {"a\xff"}, "a lost quote": {`"a`},
		} {
			charger := &fakeCharger{}
			w := call(verify.Config{Charger: charger}, "POST", path, `{"secret":"k1"}`, withIdempotencyKeys(lines...))
			if w.Code != 400 || !strings.Contains(w.Body.String(), `"code":"invalid_idempotency_key"`) || charger.count.Load() != 0 {
				t.Errorf("%s, %s: got %d %s", path, name, w.Code, w.Body)
			}
		}
	}
}

func TestContradictionsAreTheCallersAnswer(t *testing.T) {
	for err, want := range map[error]int{ration.ErrIdempotencyMismatch: 422, ration.ErrReservationConflict: 409} {
		w := call(verify.Config{Charger: &fakeCharger{err: err}}, "POST", verify.ReservationsPath, `{"secret":"k1"}`, withIdempotencyKeys("a"))
		if w.Code != want || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("%v: got %d %v %s", err, w.Code, w.Header(), w.Body)
		}
	}
}

func withIdempotencyKeys(lines ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header["Idempotency-Key"] = lines }
}
