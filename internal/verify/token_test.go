package verify_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/sqlite"
)

// service is the verify API on a database, with a key and a service token.
type service struct {
	*testing.T
	admin.Operations
	api         http.Handler
	charge      func() // before each charge; nil: nothing is done
	key, secret string
	token       ration.Secret
}

func newService(t *testing.T) *service {
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "ration.db")})
	if err != nil {
		t.Fatal(err)
	}
	engine := ration.NewEngine(store, ration.EngineConfig{})
	checker := admin.NewTokenChecker(store, admin.Config{})
	t.Cleanup(func() {
		_, _, _ = engine.Close(context.Background()), checker.Close(context.Background()), store.Close()
	})
	s := &service{T: t, Operations: admin.New(store, admin.Config{})}
	if _, err := s.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "p", Limits: []ration.Limit{{Meter: "requests", Kind: ration.KindQuota, Quantity: 100, Period: ration.PeriodDay}}}); err != nil {
		t.Fatal(err)
	}
	key, err := s.CreateKey(t.Context(), "test", admin.NewKey{Name: "k", Plan: "p"})
	if err != nil {
		t.Fatal(err)
	}
	s.key, s.secret = key.Key.ID.String(), key.Secret.Reveal()
	mux := http.NewServeMux()
	verify.NewHandler(verify.Config{Charger: delayed{engine, s}, Reservations: engine, Callers: bearer.New(checker)}).Register(mux)
	s.api = mux
	s.renew("first")
	return s
}

// delayed charges after what the service does before.
type delayed struct {
	rationhttp.Charger
	*service
}

func (d delayed) Charge(ctx context.Context, charge ration.Charge) (ration.Decision, error) {
	if d.charge != nil {
		d.charge()
	}
	return d.Charger.Charge(ctx, charge)
}

// send sends a request with the token and returns the answer's status and code.
func (s *service) send(method, path, body string, change ...func(http.Header)) (status int, code string) {
	s.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r.Header)
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	var answer struct{ Code string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		s.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
	}
	return w.Code, answer.Code
}

// renew makes another token, which the API has found valid.
func (s *service) renew(name string) {
	s.Helper()
	token, err := s.CreateToken(s.Context(), "test", admin.NewToken{Name: name, Scopes: []string{admin.ScopeVerify}})
	if err != nil {
		s.Fatal(err)
	}
	s.token = token.Secret
	if status, code := s.send("POST", verify.Path, `{"secret":"`+s.secret+`","dry_run":true}`); status != http.StatusOK {
		s.Fatalf("with a new token: %d %s", status, code)
	}
}

// counted is what is used, reserved and denied of the key.
func (s *service) counted() [3]int64 {
	s.Helper()
	id, err := ration.ParseKeyID(s.key)
	if err != nil {
		s.Fatal(err)
	}
	shown, err := s.ShowKey(s.Context(), id)
	if err != nil || len(shown.Usage) != 1 {
		s.Fatalf("%+v, %v", shown.Usage, err)
	}
	return [3]int64{shown.Usage[0].Used, shown.Usage[0].Reserved, shown.Usage[0].Denied}
}

// TestRevokedTokenGetsNoAnswer: whatever is asked, and however wrongly, a token that was
// good a moment ago and is revoked gets one answer and changes nothing. Most questions take
// the token to the decision; those that come to none have it checked for themselves.
func TestRevokedTokenGetsNoAnswer(t *testing.T) {
	s := newService(t)
	reservation := ration.NewReservationID().String()
	ask := `{"secret":"` + s.secret + `"}`
	hold := `{"secret":"` + s.secret + `","id":"` + reservation + `","ttl_seconds":60}`
	if status, code := s.send("POST", verify.ReservationsPath, hold); status != http.StatusOK && status != http.StatusCreated {
		t.Fatalf("reserving: %d %s", status, code)
	}
	if status, code := s.send("POST", verify.Path, ask); status != http.StatusOK {
		t.Fatalf("asking: %d %s", status, code)
	}
	before := s.counted()
	form := func(h http.Header) { h.Set("Content-Type", "text/plain") }
	twice := func(h http.Header) { h["Idempotency-Key"] = []string{"a", "b"} }
	for _, row := range []struct {
		name, method, path, body string
		change                   func(http.Header)
	}{
		{"a charge", "POST", verify.Path, ask, nil},
		{"a dry run", "POST", verify.Path, `{"secret":"` + s.secret + `","dry_run":true}`, nil},
		{"a scope that the key lacks", "POST", verify.Path, `{"secret":"` + s.secret + `","scope":"write"}`, nil},
		{"more than the limit", "POST", verify.Path, `{"secret":"` + s.secret + `","amounts":{"requests":101}}`, nil},
		{"a secret that nobody has", "POST", verify.Path, `{"secret":"rk_nobody"}`, nil},
		{"an empty secret", "POST", verify.Path, `{"secret":""}`, nil},
		{"no secret", "POST", verify.Path, `{}`, nil},
		{"no JSON", "POST", verify.Path, `{"secret":`, nil},
		{"another type", "POST", verify.Path, ask, form},
		{"two idempotency keys", "POST", verify.Path, ask, twice},
		{"an amount that can't be", "POST", verify.Path, `{"secret":"` + s.secret + `","amounts":{"tokens":-1}}`, nil},
		{"several questions", "POST", verify.Path, "[" + ask + "," + ask + `,{"secret":"rk_nobody"},7]`, nil},
		{"several that are none", "POST", verify.Path, "[7,8]", nil},
		{"an empty array", "POST", verify.Path, "[]", nil},
		{"a reservation", "POST", verify.ReservationsPath, `{"secret":"` + s.secret + `","ttl_seconds":60}`, nil},
		{"the same reservation again", "POST", verify.ReservationsPath, hold, nil},
		{"the reservation of another amount", "POST", verify.ReservationsPath, `{"secret":"` + s.secret + `","id":"` + reservation + `","ttl_seconds":60,"amounts":{"requests":2}}`, nil},
		{"a look at it", "GET", verify.ReservationsPath + "/" + reservation + "?key=" + s.key, "", nil},
		{"its settlement", "POST", verify.ReservationsPath + "/" + reservation + "/settle", `{"key":"` + s.key + `"}`, nil},
		{"its settlement by nobody", "POST", verify.ReservationsPath + "/" + reservation + "/settle", `{}`, nil},
		{"its end", "POST", verify.ReservationsPath + "/" + reservation + "/void", `{"key":"` + s.key + `"}`, nil},
		{"an id that is none", "POST", verify.ReservationsPath + "/7/void", `{"key":"` + s.key + `"}`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.renew(row.name)
			if _, err := s.RevokeToken(t.Context(), "test", row.name); err != nil {
				t.Fatal(err)
			}
			change := row.change
			if change == nil {
				change = func(http.Header) {}
			}
			if status, code := s.send(row.method, row.path, row.body, change); status != http.StatusUnauthorized || code != "token_invalid" {
				t.Errorf("got %d %s; want 401 token_invalid", status, code)
			}
		})
	}
	if after := s.counted(); after != before {
		t.Errorf("used, reserved and denied are %d, and were %d", after, before)
	}
}

// TestTokenRevokedBeforeItsFirstCharge: a token that an instance sees for the first time was
// read before the charge, and may be revoked while that waits for its key.
func TestTokenRevokedBeforeItsFirstCharge(t *testing.T) {
	s := newService(t)
	before := s.counted()
	for _, row := range []struct{ name, path, body string }{
		{"a charge", verify.Path, `{"secret":"` + s.secret + `"}`},
		{"a dry run", verify.Path, `{"secret":"` + s.secret + `","dry_run":true}`},
		{"a reservation", verify.ReservationsPath, `{"secret":"` + s.secret + `","ttl_seconds":60}`},
	} {
		token, err := s.CreateToken(t.Context(), "test", admin.NewToken{Name: row.name, Scopes: []string{admin.ScopeVerify}})
		if err != nil {
			t.Fatal(err)
		}
		s.token = token.Secret
		s.charge = func() {
			if _, err := s.RevokeToken(t.Context(), "test", row.name); err != nil {
				t.Error(err)
			}
		}
		if status, code := s.send("POST", row.path, row.body); status != http.StatusUnauthorized || code != "token_invalid" {
			t.Errorf("%s: got %d %s; want 401 token_invalid", row.name, status, code)
		}
	}
	if after := s.counted(); after != before {
		t.Errorf("used, reserved and denied are %d, and were %d", after, before)
	}
}
