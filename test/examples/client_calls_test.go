package examples_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// scenarios are what clients are put through.
var scenarios = []struct {
	name string
	run  func(t *testing.T, b *bench)
}{
	{"make all calls", makeAllCalls},
	{"repeat a call under its idempotency key", repeatACallUnderItsIdempotencyKey},
	{"let nothing through without a decision", letNothingThroughWithoutADecision},
	{"ask again where nothing was charged", askAgainWhereNothingWasCharged},
	{"make up for lost answers", makeUpForLostAnswers},
	{"keep their connection", keepTheirConnection},
	{"end a slow answer at their deadline", endASlowAnswerAtTheirDeadline},
	{"administer keys", administerKeys},
	{"list keys page by page", listKeysPageByPage},
	{"notice that a key has changed", noticeThatAKeyHasChanged},
	{"make one key for a lost answer", makeOneKeyForALostAnswer},
	{"add usage up", addUsageUp},
	{"administer plans", administerPlans},
	{"refuse what can't be right", refuseWhatCantBeRight},
	{"send exact amounts", sendExactAmounts},
	{"outlive Ration", outliveRation},
}

func makeAllCalls(t *testing.T, b *bench) {
	tokens := func(units int) map[string]int { return map[string]int{"tokens": units} }
	got := b.call("verify", patient.with("ip", "203.0.113.7"), b.key.Secret, tokens(200))
	if b.wants(got, "", ""); got.Owner != "ada" || len(got.Remaining) != 2 || got.Remaining[0] != "99" || got.Remaining[1] != "800" {
		t.Errorf("verify: %+v", got)
	}
	for _, row := range []struct {
		name, secret string
		options      options
		amounts      any
		code         string
		status       int
	}{
		{"no secret", "", patient, nil, "key_missing", 401},
		{"unknown secret", b.key.Secret + "x", patient, nil, "key_unknown", 401},
		{"another scope", b.key.Secret, patient.with("scope", "write"), nil, "insufficient_scope", 403},
		{"too much", b.key.Secret, patient, tokens(801), "quota_exceeded", 429},
		{"dry run", b.key.Secret, patient.with("dry_run", true), nil, "ok", 200},
	} {
		if got := b.call("verify", row.options, row.secret, row.amounts); got.Error != "" || got.Allowed != (row.status == 200) || got.Code != row.code || got.Status != row.status {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
	b.wants(b.call("verify", patient, b.key.Secret, map[string]any{"to kens": 1}), "InvalidRequest", "invalid_value")

	held := b.call("reserve", patient.with("ttl_seconds", 60).with("at_expiry", "release"), b.key.Secret, tokens(500))
	if b.wants(held, "", ""); held.Reservation == "" {
		t.Fatalf("reserve: %+v", held)
	}
	b.wants(b.call("settle", patient, held.Reservation, tokens(501)), "SettlementTooLarge", "settlement_too_large")
	for range 2 {
		if got := b.call("settle", patient, held.Reservation, tokens(40)); got.State != "settled" || got.Settled["tokens"] != "40" {
			t.Errorf("settle: %+v", got)
		}
	}
	b.wants(b.call("void", patient, held.Reservation), "ReservationConflict", "reservation_conflict")
	other := b.call("reserve", patient, b.key.Secret, tokens(700))
	if got := b.call("void", patient, other.Reservation); got.State != "voided" {
		t.Errorf("void: %+v", got)
	}
	if got := b.call("reservation", patient, other.Reservation); got.State != "voided" || got.Reservation != other.Reservation {
		t.Errorf("reservation: %+v", got)
	}
	b.wants(b.call("settle", patient, "01a209ef-2bf1-7083-898b-81e8f7f51293"), "ReservationUnknown", "reservation_unknown")
	if got := b.call("reserve", patient, b.key.Secret, tokens(5000)); got.Error != "" || got.Allowed || got.Reservation != "" {
		t.Errorf("reserve too much: %+v", got)
	}
	b.wantUsed(2)
}

func repeatACallUnderItsIdempotencyKey(t *testing.T, b *bench) {
	once := patient.with("idempotency_key", "order 7, ü")
	if got := b.call("verify", once, b.key.Secret); got.Replayed || !got.Allowed {
		t.Errorf("the first: %+v", got)
	}
	if got := b.call("verify", once, b.key.Secret); !got.Replayed || !got.Allowed {
		t.Errorf("the second: %+v", got)
	}
	got := b.call("verify", once, b.key.Secret, map[string]int{"tokens": 1})
	if b.wants(got, "IdempotencyMismatch", "idempotency_mismatch"); got.RequestID == "" || got.Status != 422 {
		t.Errorf("another question: %+v", got)
	}
	b.wantUsed(1)
}

func TestClientsSayThatTheirTokenIsRefused(t *testing.T) {
	for _, language := range languages {
		t.Run(language.name, func(t *testing.T) {
			t.Parallel()
			b := &bench{t: t, token: "rt_not_a_token", manage: "rt_nor_this"}
			server := httptest.NewServer(say(http.StatusUnauthorized, `{"status":401,"code":"token_invalid","detail":"The service token is not valid."}`))
			t.Cleanup(server.Close)
			b.caller = language.start(t, server.URL, b.token, language.ways[0], "RATION_ADMIN_TOKEN="+b.manage)
			b.wants(b.call("verify", patient, "rk_x"), "TokenRefused", "token_invalid")
			b.stop()
			for _, token := range []string{"rt_secret\nof-two-lines", "rt_secret of words", "rt_secret\u00fc"} {
				language := language
				language.command = append(language.command[:len(language.command):len(language.command)], token)
				refused := language.start(t, server.URL, "", language.ways[0])
				if got := refused.receive(); got.Error != "Misconfigured" || strings.Contains(got.Text, "rt_secret") {
					t.Errorf("token %q: %+v", token, got)
				}
				refused.stop()
			}
		})
	}
}
