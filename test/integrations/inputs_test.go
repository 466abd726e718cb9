package integrations_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/verify"
)

// TestInputs has the kinds of bad input that the verify API may be given about
// amounts, reservations and idempotency keys, and what each gets from a real
// engine. None of them changes a count unless it says so.
func TestInputs(t *testing.T) {
	const (
		one     = `{"secret":"SECRET","amounts":{"tokens":1}}`
		anyID   = "0198c0de-0000-7000-8000-000000000001"
		keyLine = "Idempotency-Key"
	)
	amount := func(literal string) string { return `{"secret":"SECRET","amounts":{"tokens":` + literal + `}}` }
	for _, row := range []struct {
		name, path, body string
		header           []string
		status           int
		code             string
	}{
		{"reservation TTL 0", verify.ReservationsPath, `{"secret":"SECRET","ttl_seconds":0}`, nil, 422, "invalid_value"},
		{"reservation TTL 10 y", verify.ReservationsPath, `{"secret":"SECRET","ttl_seconds":315576000}`, nil, 422, "invalid_value"},
		{"reservation id of 2025", verify.ReservationsPath, `{"secret":"SECRET","id":"0198c0de-0000-7000-8000-000000000001"}`, nil, 422, "invalid_value"},
		{"reservation id of the far future", verify.ReservationsPath, `{"secret":"SECRET","id":"ffffffff-ffff-7fff-bfff-ffffffffffff"}`, nil, 422, "invalid_value"},
		{"reservation that expires into nothing", verify.ReservationsPath, `{"secret":"SECRET","at_expiry":"forget"}`, nil, 422, "invalid_value"},
		{"settling a reservation that isn't there", verify.ReservationsPath + "/" + anyID + "/settle", ``, nil, 404, "reservation_unknown"},
		{"voiding a reservation that isn't there", verify.ReservationsPath + "/" + anyID + "/void", ``, nil, 404, "reservation_unknown"},
		{"settling on a meter of an impossible name", verify.ReservationsPath + "/" + anyID + "/settle", `{"amounts":{"To kens":1}}`, nil, 422, "invalid_value"},
		{"settling of a key that isn't there", verify.ReservationsPath + "/" + anyID + "/settle", `{"key":"key_0198c0de-0000-7000-8000-000000000002"}`, nil, 404, "reservation_unknown"},

		{"Idempotency-Key 1 KB", verify.Path, one, []string{keyLine, strings.Repeat("x", 1024)}, 400, "invalid_idempotency_key"},
		{"Idempotency-Key empty", verify.Path, one, []string{keyLine, ""}, 400, "invalid_idempotency_key"},
		{"Idempotency-Key empty, reserving", verify.ReservationsPath, one, []string{keyLine, `""`}, 400, "invalid_idempotency_key"},
		{"Idempotency-Key twice", verify.Path, one, []string{keyLine, "a", keyLine, "b"}, 400, "invalid_idempotency_key"},
		{"Idempotency-Key reused with other body", verify.Path, one, []string{keyLine, "used"}, 422, "idempotency_mismatch"},
		{"invalid UTF-8 in an idempotency key", verify.Path, one, []string{keyLine, "a\xff"}, 400, "invalid_idempotency_key"},

		{"an amount of -1", verify.ReservationsPath, amount("-1"), nil, 422, "invalid_value"},
		{"an amount of -1.5", verify.ReservationsPath, amount("-1.5"), nil, 422, "invalid_value"},
		{"an amount of infinity", verify.ReservationsPath, amount("1e400"), nil, 422, "invalid_value"},
		{`an amount of "1"`, verify.ReservationsPath, amount(`"1"`), nil, 422, "invalid_value"},
		{"an amount of 2^53+1", verify.ReservationsPath, amount("9007199254740993"), nil, 422, "invalid_value"},
		{"an amount of NaN", verify.ReservationsPath, amount("NaN"), nil, 400, "invalid_body"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, key, s := newFixture(t, verify.Config{})
			s.ask(verify.Path, amount("2"), keyLine, "used")
			s.ask(row.path, row.body, row.header...).wants(t, row.status, row.code)
			for meter, want := range map[string]int64{"requests": 1, "tokens": 2} {
				if used, denied := f.Used(key.ID, meter); used != want || denied != 0 {
					t.Errorf("%d %s used, %d denied; want %d and none", used, meter, denied, want)
				}
			}
		})
	}
	t.Run("an amount of 1.5", func(t *testing.T) { // is rounded up
		f, key, s := newFixture(t, verify.Config{})
		s.ask(verify.Path, amount("1.5")).wants(t, 200, "ok")
		s.ask(verify.Path, amount("2.0")).wants(t, 200, "ok")
		if used, denied := f.Used(key.ID, "tokens"); used != 4 || denied != 0 {
			t.Errorf("%d used, %d denied; want 4 and none", used, denied)
		}
	})
	t.Run("an amount above the limit's own size", func(t *testing.T) {
		_, _, s := newFixture(t, verify.Config{})
		got := s.ask(verify.ReservationsPath, amount("1001"))
		if got.status != 200 || !contains(got.body, `"code":"cost_exceeds_limit"`, `"status":422`) || contains(got.body, "Retry-After") || contains(got.body, `"reservation"`) {
			t.Errorf("got %d %s", got.status, got.body)
		}
		s.wantLimit(0, 0, 1000)
	})
	t.Run("an unknown meter name with no limit", func(t *testing.T) {
		f, key, s := newFixture(t, verify.Config{})
		id := s.reserve(`{"secret":"SECRET","amounts":{"pages":3}}`).Reservation.ID
		s.end(id, "settle", `{"amounts":{"pages":2}}`)
		if pages, _ := f.Used(key.ID, "pages"); pages != 2 {
			t.Errorf("%d pages used", pages)
		}
	})
	for over, want := range map[string]int{"refuse": 409, "clamp": 200, "overage": 422} {
		t.Run("settle > reserved: "+over, func(t *testing.T) {
			_, _, s := newFixture(t, verify.Config{})
			id := s.reserve(hold400).Reservation.ID
			if got := s.ask(verify.ReservationsPath+"/"+id+"/settle", `{"amounts":{"tokens":401},"over":"`+over+`"}`); got.status != want {
				t.Errorf("got %d %s, want %d", got.status, got.body, want)
			}
			if want != 200 {
				s.wantLimit(0, 400, 600)
			}
		})
	}
}
