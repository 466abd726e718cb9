package verify_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
)

// asked is what encoding/json reads in the bodies of questions and endings.
type asked struct {
	Secret, Scope, Over string
	DryRun              bool `json:"dry_run"`
	Amounts             map[string]json.Number
	TTL                 json.Number `json:"ttl_seconds"`
	AtExpiry            string      `json:"at_expiry"`
}

func read(t *testing.T, body string) asked {
	t.Helper()
	var want asked
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Fatalf("accepted what encoding/json refuses: %v", err)
	}
	return want
}

// means reports whether a number is so many units, rounded up. Exponents of more than
// three digits take math/big too long.
func means(number json.Number, units int64) bool {
	if at := strings.IndexAny(string(number), "eE"); at >= 0 && len(number)-at > 5 {
		return true
	}
	exact, ok := new(big.Rat).SetString(string(number))
	rounding := new(big.Rat).Sub(new(big.Rat).SetInt64(units), exact)
	return ok && rounding.Sign() >= 0 && rounding.Cmp(big.NewRat(1, 1)) < 0
}

// FuzzBody holds the walker against encoding/json: what it lets through means
// the same to both, and whatever comes, an answer comes out.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"secret":"k1","amounts":{"tokens":5},"scope":"a","ip":"::1","dry_run":false}`,
		`{"secret":"\ud800\"\\","amounts":{"a":0}}`, `{"secret":"k1","amounts":{"a":3.7e1,"b":-0.0,"c":9007199254740992.0}}`, `{}`, `[`, `{"a":{"b":[1,2,{"c":null}]}}`, ` { "secret" : null } `,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}
		w := post(charger, body)
		if w.Code != 200 && w.Code != 400 && w.Code != 413 && w.Code != 422 {
			t.Fatalf("got %d", w.Code)
		}
		if w.Code != 200 {
			return
		}
		if strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "[") {
			return // see FuzzArrays
		}
		want := read(t, body)
		if charger.count.Load() == 0 {
			if want.Secret != "" && len(want.Secret) <= ration.MaxSecretLength {
				t.Fatal("the secret was overlooked")
			}
			return
		}
		got := charger.charged
		if got.Secret.Reveal() != want.Secret || got.Scope != want.Scope || got.DryRun != want.DryRun || len(got.Amounts) != len(want.Amounts) {
			t.Fatalf("charged %+v for %q", got, body)
		}
		for _, amount := range got.Amounts {
			if !means(want.Amounts[amount.Meter], amount.Units) {
				t.Fatalf("charged %+v for %q", got, body)
			}
		}
	})
}

// FuzzArrays wants as many answers as there are elements, each what the element gets alone.
func FuzzArrays(f *testing.F) {
	for _, body := range []string{
		`[{"secret":"k1"}]`, ` [ {"secret":"k1","amounts":{"a":-1}} , {"secret":"\ud800"}, 7 ]`, `[[],[[]],{"a":[]}]`, `[`, `[]`, `[{}]x`, `[{"secret":"k1","secret":"k2"},null]`, "[\"\xff\"]", `[{"ip":"::1"},]`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		body = "[" + strings.TrimPrefix(body, "[")
		charger := &safeCharger{}
		h := verify.NewHandler(verify.Config{Charger: charger, Callers: bearer.New(fakeTokens{})})
		send := func(body string) (status int, answer []byte) {
			r := httptest.NewRequest("POST", verify.Path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer good")
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code, w.Body.Bytes()
		}
		status, answer := send(body)
		var questions, answers []json.RawMessage
		if err := json.Unmarshal([]byte(body), &questions); err != nil || len(questions) == 0 || len(questions) > 100 || len(body) > 64<<10 {
			if status == 200 {
				t.Fatalf("%q is answered: %s", body, answer)
			}
			return
		}
		if err := json.Unmarshal(answer, &answers); err != nil || status != 200 || len(answers) != len(questions) {
			t.Fatalf("%q: %d %v in %s", body, status, err, answer)
		}
		for i, question := range questions {
			if isArray := question[0] == '['; isArray {
				continue // alone it is several questions
			}
			var among, alone struct {
				Code    string
				Allowed bool
			}
			_, said := send(string(question))
			if err := errors.Join(json.Unmarshal(said, &alone), json.Unmarshal(answers[i], &among)); err != nil || alone != among {
				t.Fatalf("%q: alone %s, among others %s, %v", question, said, answers[i], err)
			}
		}
	})
}

// FuzzReservationBodies wants an answer to whatever comes, and what is let through
// to mean the same to encoding/json.
func FuzzReservationBodies(f *testing.F) {
	for _, body := range []string{
		`{"secret":"k1","id":"` + ration.NewReservationID().String() + `","ttl_seconds":60,"at_expiry":"keep"}`,
		`{"amounts":{"tokens":5},"over":"clamp","key":"` + ration.KeyID{1}.String() + `"}`, `{"amounts":{"a":0},"over":null}`, `{}`, ``, `{"ttl_seconds":-0}`, `{"secret":"k1","ttl_seconds":6e1}`, `{"amounts":{"a":37.0}}`, `{"over":"over\u0061ge"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		charger, reservations := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}, &fakeReservations{reservation: held()}
		config := verify.Config{Charger: charger, Reservations: reservations, AcceptOverage: true}
		for _, path := range []string{"", "/" + aReservation + "/settle", "/" + aReservation + "/void"} {
			w := call(config, "POST", verify.ReservationsPath+path, body)
			if w.Code != 200 && w.Code != 400 && w.Code != 413 && w.Code != 422 {
				t.Fatalf("%s: got %d", path, w.Code)
			}
			if w.Code != 200 || body == "" {
				continue
			}
			want := read(t, body)
			if path == "" {
				if hold := charger.charged.Hold; charger.count.Load() > 0 && (string(hold.AtExpiry) != want.AtExpiry || want.TTL != "" && !means(want.TTL, int64(hold.TTL.Seconds()))) {
					t.Fatalf("held %+v for %q", hold, body)
				}
				continue
			}
			end := reservations.end
			if string(end.Overage) != want.Over || len(end.Amounts) != len(want.Amounts) {
				t.Fatalf("ended %+v for %q", end, body)
			}
			for _, amount := range end.Amounts {
				if !means(want.Amounts[amount.Meter], amount.Units) {
					t.Fatalf("ended %+v for %q", end, body)
				}
			}
		}
	})
}
