package examples_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// refuseWhatCantBeRight has calls that must not become others on their way.
func refuseWhatCantBeRight(t *testing.T, b *bench) {
	for _, row := range []struct {
		name, do   string
		options    options
		args       []any
		kind, code string
	}{
		{"an amount that is nothing", "verify", patient, []any{b.key.Secret, map[string]any{"tokens": nil}}, "InvalidRequest", "invalid_value"},
		{"an amount that is a word", "verify", patient, []any{b.key.Secret, map[string]any{"tokens": "many"}}, "InvalidRequest", "invalid_value"},
		{"an amount that is true", "verify", patient, []any{b.key.Secret, map[string]any{"tokens": true}}, "InvalidRequest", "invalid_value"},
		{"a header in the idempotency key", "verify", patient.with("idempotency_key", "a\r\nX-Other: b"), []any{b.key.Secret}, "InvalidRequest", "invalid_idempotency_key"},
		{"a header in the secret", "own_usage", patient, []any{b.key.Secret + "\r\nX-Other: b"}, "KeyRefused", "key_unknown"},
		{"no secret", "own_usage", patient, []any{""}, "KeyRefused", "key_missing"},
		{"a reservation without an id", "void", patient, []any{""}, "ReservationUnknown", "reservation_unknown"},
		{"a step up", "settle", patient, []any{".."}, "ReservationUnknown", "reservation_unknown"},
		{"a path in an id", "settle", patient, []any{"a/../b?c#d%2Fü"}, "InvalidRequest", "invalid_value"},
		{"a header in the version", "update_key", patient.with("version", "\"a\"\r\nX-Other: b"), []any{b.key.ID, map[string]any{}}, "Changed", "changed"},
	} {
		if got := b.call(row.do, row.options, row.args...); got.Error != row.kind || got.Code != row.code || strings.Contains(got.Text, b.key.Secret) {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
	huge := b.call("verify", patient, b.key.Secret, map[string]int{strings.Repeat("x", 1<<15): 1})
	if b.wants(huge, "InvalidRequest", "invalid_value"); len(huge.Text) > 2000 {
		t.Errorf("the error has %d characters", len(huge.Text))
	}
	b.gate.answerWith(func(w http.ResponseWriter, r *http.Request) { // a proxy that shows what it got
		w.WriteHeader(http.StatusBadRequest)
		text, _ := json.Marshal(map[string]string{"code": "bad", "detail": r.Header.Get("Authorization") + r.Header.Get("X-API-Key")})
		_, _ = w.Write(text)
	})
	b.wants(b.call("verify", patient, b.key.Secret), "InvalidRequest", "bad")
	b.wants(b.call("own_usage", patient, b.key.Secret), "InvalidRequest", "bad")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token was sent elsewhere") }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		b.gate.answerWith(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/v1/verify", status) })
		if got := b.call("verify", patient, b.key.Secret); got.Error != "OutcomeUnknown" || !strings.Contains(got.Text, "leads elsewhere") {
			t.Errorf("redirected with %d: %+v", status, got)
		}
	}
	b.gate.answerWith(say(http.StatusBadGateway, "<html>Bad Gateway</html>"))
	b.wants(b.call("verify", patient, b.key.Secret), "OutcomeUnknown", "")
	b.wantUsed(0)
}

func sendExactAmounts(t *testing.T, b *bench) {
	harness.CLI(t, b.db, "meters", "set", "eur", "--unit", "0.01")
	key := harness.CreateKey(t, b.db, "--limit", "12.50 eur/day", "--limit", "9007199254740992 big/day", "--time-zone", harness.NoonZone())
	for _, amount := range []any{"0.01", 0.02, "0.30"} {
		b.wants(b.call("verify", patient, key.Secret, map[string]any{"eur": amount, "requests": 0}), "", "")
	}
	held := b.call("reserve", patient, key.Secret, map[string]any{"eur": "0.10", "big": "9007199254740991"})
	b.wants(held, "", "")
	if asked := b.gate.text(); !strings.Contains(asked, `"eur":0.10`) || !strings.Contains(asked, `"big":9007199254740991`) {
		t.Errorf("it sent %s", asked)
	}
	settled := b.call("settle", patient, held.Reservation, map[string]any{"eur": "0.07"})
	if settled.Settled["eur"] != "0.07" || settled.Settled["big"] != "9007199254740991" {
		t.Errorf("settle: %+v", settled)
	}
	b.wants(b.call("verify", patient, key.Secret, map[string]any{"big": "9007199254740993"}), "InvalidRequest", "invalid_value")
	own := b.call("own_usage", patient, key.Secret)
	if !strings.Contains(strings.ReplaceAll(string(own.Answer), " ", ""), `"remaining":12.1,`) {
		t.Errorf("12.1 eur don't remain: %s", own.Answer)
	}
}
