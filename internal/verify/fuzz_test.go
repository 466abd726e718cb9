package verify_test

import (
	"encoding/json"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/verify"
)

// FuzzBody holds the walker against encoding/json: what it lets through means
// the same to both, and whatever comes, an answer comes out.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"secret":"k1","amounts":{"tokens":5},"scope":"a","ip":"::1","dry_run":false}`,
		`{"secret":"\ud800\"\\","amounts":{"a":0}}`, `{}`, `[`, `{"a":{"b":[1,2,{"c":null}]}}`, ` { "secret" : null } `,
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
		var want api.VerifyRequest
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
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
			if want.Amounts[amount.Meter] != amount.Units {
				t.Fatalf("charged %+v for %q", got, body)
			}
		}
	})
}

// FuzzReservationBodies wants an answer to whatever comes, and what is let through
// to mean the same to encoding/json.
func FuzzReservationBodies(f *testing.F) {
	for _, body := range []string{
		`{"secret":"k1","id":"` + ration.NewReservationID().String() + `","ttl_seconds":60,"at_expiry":"keep"}`,
		`{"amounts":{"tokens":5},"over":"clamp","key":"` + ration.KeyID{1}.String() + `"}`, `{"amounts":{"a":0},"over":null}`, `{}`, ``, `{"ttl_seconds":-0}`, `{"over":"over\u0061ge"}`,
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
			var want api.ReserveRequest
			if path == "" {
				if err := json.Unmarshal([]byte(body), &want); err != nil {
					t.Fatalf("accepted what encoding/json refuses: %v", err)
				}
				if hold := charger.charged.Hold; charger.count.Load() > 0 && (string(hold.AtExpiry) != want.AtExpiry || want.TTLSeconds != nil && int64(hold.TTL.Seconds()) != *want.TTLSeconds) {
					t.Fatalf("held %+v for %q", hold, body)
				}
				continue
			}
			var settle api.SettleRequest
			if err := json.Unmarshal([]byte(body), &settle); err != nil {
				t.Fatalf("accepted what encoding/json refuses: %v", err)
			}
			if end := reservations.end; string(end.Overage) != settle.Overage || len(end.Amounts) != len(settle.Amounts) {
				t.Fatalf("ended %+v for %q", end, body)
			}
		}
	})
}
