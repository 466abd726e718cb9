package verify_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

// TestHoldersOfKeysAskWithoutAServiceToken puts what answers them at a path of their own.
func TestHoldersOfKeysAskWithoutAServiceToken(t *testing.T) {
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" mine") })
	config := verify.Config{Charger: &fakeCharger{}, UsagePath: "/mine", Usage: own}
	for _, method := range []string{"GET", "POST"} { // which it judges itself
		if w := call(config, method, "/mine", ""); w.Code != http.StatusOK || w.Body.String() != method+" mine" {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/mine/", "/mine/x", "/v1/usage"} {
		if w := call(config, "GET", path, ""); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "/v1/reservations, /mine, /healthz") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestARefusedClientIsToldWhereToAskAndTheCallerIsNot(t *testing.T) {
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeQuotaExceeded}}
	config := verify.Config{Charger: charger, Responder: rationhttp.Responder{UsageURL: "/v1/usage"}}
	if w := call(config, "POST", verify.Path, `{"secret":"k1"}`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `\"usage_url\":\"/v1/usage\"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := call(config, "POST", verify.Path, `{`); strings.Contains(w.Body.String(), "usage_url") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
