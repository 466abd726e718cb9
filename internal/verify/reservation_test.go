package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

const aReservation = "0198c0de-0000-7000-8000-000000000001"

// fakeReservations answers every end alike and remembers the last.
type fakeReservations struct {
	reservation ration.Reservation
	err         error
	readable    bool // err is of ends alone
	key         ration.KeyID
	id          ration.ReservationID
	end         *ration.End
}

func (f *fakeReservations) Settle(_ context.Context, key ration.KeyID, id ration.ReservationID, used ration.Settlement) (ration.Reservation, error) {
	f.key, f.id, f.end = key, id, &ration.End{ID: id, Action: ration.EndSettle, Amounts: used.Amounts, Overage: used.Overage}
	return f.reservation, f.err
}

func (f *fakeReservations) Void(_ context.Context, key ration.KeyID, id ration.ReservationID) (ration.Reservation, error) {
	f.key, f.id, f.end = key, id, &ration.End{ID: id, Action: ration.EndVoid}
	return f.reservation, f.err
}

func (f *fakeReservations) Reservation(_ context.Context, key ration.KeyID, id ration.ReservationID) (ration.Reservation, error) {
	f.key, f.id = key, id
	if f.readable {
		return f.reservation, nil
	}
	return f.reservation, f.err
}

// held is 1 request and 4000 tokens.
func held() ration.Reservation {
	id, _ := ration.ParseReservationID(aReservation)
	return ration.Reservation{
		ID: id, KeyID: ration.KeyID{1}, State: ration.ReservationOpen, AtExpiry: ration.AtExpiryKeep,
		Held:      []ration.Posting{{Meter: "requests", Units: 1}, {Meter: "tokens", Units: 4000}},
		CreatedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}
}

// call sends a request to the whole API.
func call(config verify.Config, method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return apiOf(config)(method, path, body, change...)
}

// apiOf returns a function that sends requests to one API.
func apiOf(config verify.Config) func(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	config.Callers = bearer.New(fakeTokens{})
	mux := http.NewServeMux()
	verify.NewHandler(config).Register(mux)
	return func(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
		return send(mux, method, path, body, change...)
	}
}

func send(to http.Handler, method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	to.ServeHTTP(w, r)
	return w
}

func TestWhatIsReservedIsAskedOfTheCharger(t *testing.T) {
	id := ration.NewReservationID()
	reservation := held()
	for _, row := range []struct {
		name, body string
		want       ration.Hold
	}{
		{"nothing said", `{"secret":"k1"}`, ration.Hold{}},
		{"null is nothing", `{"secret":"k1","id":null,"ttl_seconds":null,"at_expiry":null}`, ration.Hold{}},
		{"all said", `{"secret":"k1","id":"` + id.String() + `","ttl_seconds":60,"at_expiry":"release"}`, ration.Hold{ID: id, TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}},
		{"a second", `{"secret":"k1","ttl_seconds":1}`, ration.Hold{TTL: time.Second}},
		{"a minute, as a float", `{"secret":"k1","ttl_seconds":6.0e1}`, ration.Hold{TTL: time.Minute}},
		{"a day", `{"secret":"k1","ttl_seconds":86400}`, ration.Hold{TTL: 24 * time.Hour}},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{1}, Reservation: &reservation}}
			w := call(verify.Config{Charger: charger}, "POST", verify.ReservationsPath, row.body)
			if w.Code != 200 || charger.charged.Hold == nil {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if diff := cmp.Diff(row.want, *charger.charged.Hold); diff != "" {
				t.Errorf("hold (-want +got):\n%s", diff)
			}
			var got api.ReserveResponse
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !got.Allowed || got.Code != "ok" || got.Response.Status != 200 {
				t.Fatalf("got %s, %v", w.Body, err)
			}
			if diff := cmp.Diff(heldShown(), got.Reservation); diff != "" {
				t.Errorf("reservation (-want +got):\n%s", diff)
			}
		})
	}
}

func heldShown() *api.Reservation {
	return &api.Reservation{
		ID: aReservation, Key: ration.KeyID{1}.String(), State: "open", AtExpiry: "keep",
		Held: map[string]api.Number{"requests": "1", "tokens": "4000"}, CreatedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}
}

func TestADenialReservesNothing(t *testing.T) {
	w := call(verify.Config{Charger: &fakeCharger{decision: denied()}}, "POST", verify.ReservationsPath, `{"secret":"k1"}`)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"code":"quota_exceeded"`) || strings.Contains(w.Body.String(), `"reservation":`) || strings.Contains(w.Body.String(), "replayed") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestVerifyReservesNothing(t *testing.T) {
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}
	if w := post(charger, `{"secret":"k1"}`); w.Code != 200 || charger.charged.Hold != nil || charger.charged.Idempotency != nil {
		t.Errorf("got %d, charged %+v", w.Code, charger.charged)
	}
}

func TestHowAReservationEnds(t *testing.T) {
	key := ration.NewKeyID()
	for _, row := range []struct {
		name, path, body string
		config           verify.Config
		key              ration.KeyID
		want             ration.End
	}{
		{"settled with what was used", "/settle", `{"amounts":{"tokens":1200}}`, verify.Config{}, ration.KeyID{}, ration.End{Action: ration.EndSettle, Amounts: []ration.Amount{{Meter: "tokens", Units: 1200}}}},
		{"settled without a body", "/settle", ``, verify.Config{}, ration.KeyID{}, ration.End{Action: ration.EndSettle}},
		{"settled with nothing said", "/settle", `{"amounts":null,"over":null,"key":null}`, verify.Config{}, ration.KeyID{}, ration.End{Action: ration.EndSettle}},
		{"settled of a key", "/settle", `{"key":"` + key.String() + `"}`, verify.Config{}, key, ration.End{Action: ration.EndSettle}},
		{"settled at most", "/settle", `{"over":"clamp"}`, verify.Config{}, ration.KeyID{}, ration.End{Action: ration.EndSettle, Overage: ration.OverageClamp}},
		{"settled as the server is set", "/settle", `{}`, verify.Config{OverSettlement: ration.OverageClamp}, ration.KeyID{}, ration.End{Action: ration.EndSettle, Overage: ration.OverageClamp}},
		{"settled other than the server is set", "/settle", `{"over":"refuse"}`, verify.Config{OverSettlement: ration.OverageClamp}, ration.KeyID{}, ration.End{Action: ration.EndSettle, Overage: ration.OverageRefuse}},
		{"settled with overage that is accepted", "/settle", `{"over":"overage"}`, verify.Config{AcceptOverage: true}, ration.KeyID{}, ration.End{Action: ration.EndSettle, Overage: ration.OverageAllow}},
		{"settled with overage as the server is set", "/settle", ``, verify.Config{AcceptOverage: true, OverSettlement: ration.OverageAllow}, ration.KeyID{}, ration.End{Action: ration.EndSettle, Overage: ration.OverageAllow}},
		{"voided", "/void", ``, verify.Config{}, ration.KeyID{}, ration.End{Action: ration.EndVoid}},
		{"voided with an empty object", "/void", ` {} `, verify.Config{}, ration.KeyID{}, ration.End{Action: ration.EndVoid}},
		{"voided of a key", "/void", `{"key":"` + key.String() + `"}`, verify.Config{}, key, ration.End{Action: ration.EndVoid}},
	} {
		t.Run(row.name, func(t *testing.T) {
			reservations := &fakeReservations{reservation: held()}
			row.config.Reservations = reservations
			w := call(row.config, "POST", verify.ReservationsPath+"/"+aReservation+row.path, row.body, func(r *http.Request) {
				if row.body == "" {
					r.Header.Del("Content-Type")
				}
			})
			if w.Code != 200 || reservations.end == nil || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("got %d %v %s", w.Code, w.Header(), w.Body)
			}
			row.want.ID = held().ID
			if diff := cmp.Diff(row.want, *reservations.end); diff != "" || reservations.key != row.key {
				t.Errorf("of %s, end (-want +got):\n%s", reservations.key, diff)
			}
		})
	}
}

func TestAReservationIsShownAsItIs(t *testing.T) {
	late := held()
	late.State, late.EndedAt, late.LateAt = ration.ReservationExpired, noon.Add(time.Hour), noon.Add(2*time.Hour)
	late.Settled = []ration.Amount{{Meter: "requests", Units: 1}, {Meter: "tokens", Units: 0}}
	reservations := &fakeReservations{reservation: late}
	key := ration.NewKeyID()
	for _, query := range []string{"", "?key=" + key.String()} {
		w := call(verify.Config{Reservations: reservations}, "GET", verify.ReservationsPath+"/"+aReservation+query, "")
		var got api.Reservation
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || reservations.id != held().ID || reservations.key.IsZero() != (query == "") {
			t.Fatalf("got %d %s, %v", w.Code, w.Body, err)
		}
		want := heldShown()
		want.State, want.Settled = "expired", map[string]api.Number{"requests": "1", "tokens": "0"}
		want.EndedAt, want.LateAt = &late.EndedAt, &late.LateAt
		if diff := cmp.Diff(want, &got); diff != "" {
			t.Errorf("reservation (-want +got):\n%s", diff)
		}
	}
	w := call(verify.Config{Reservations: &fakeReservations{reservation: held()}}, "GET", verify.ReservationsPath+"/"+aReservation, "")
	if text := w.Body.String(); !strings.Contains(text, `"settled":null`) || strings.Contains(text, "ended_at") || strings.Contains(text, "late_at") {
		t.Errorf("an open one is %s", text)
	}
}

// TestBadReservationsNameTheFault sends what the engine is never asked.
func TestBadReservationsNameTheFault(t *testing.T) {
	const settle, void = "/" + aReservation + "/settle", "/" + aReservation + "/void"
	for _, row := range []struct {
		name, method, path, body, code, pointer string
		status                                  int
	}{
		{"reserving for no time", "POST", "", `{"ttl_seconds":0}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving for 10 years", "POST", "", `{"ttl_seconds":315576000}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving for a second more than a day", "POST", "", `{"ttl_seconds":86401}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving for a negative time", "POST", "", `{"ttl_seconds":-1}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving for a fraction", "POST", "", `{"ttl_seconds":1.5}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving for a text", "POST", "", `{"ttl_seconds":"60"}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving for more than 64 bits", "POST", "", `{"ttl_seconds":99999999999999999999}`, "invalid_value", "/ttl_seconds", 422},
		{"reserving by an id that is none", "POST", "", `{"id":"1"}`, "invalid_value", "/id", 422},
		{"reserving by a version 4 UUID", "POST", "", `{"id":"8e03978e-40d5-43e8-bc93-6894a57f9324"}`, "invalid_value", "/id", 422},
		{"reserving by a number", "POST", "", `{"id":1}`, "invalid_body", "/id", 400},
		{"reserving with an unknown member", "POST", "", `{"ttl":60}`, "invalid_body", "/ttl", 400},
		{"reserving with a member twice", "POST", "", `{"ttl_seconds":60,"ttl_seconds":61}`, "invalid_body", "/ttl_seconds", 400},
		{"reserving a negative amount", "POST", "", `{"amounts":{"tokens":-1}}`, "invalid_value", "/amounts/tokens", 422},
		{"reserving with text for a kind of expiry", "POST", "", `{"at_expiry":1}`, "invalid_body", "/at_expiry", 400},
		{"reserving by nothing", "POST", "", ``, "invalid_body", "", 400},

		{"settling a negative fraction", "POST", settle, `{"amounts":{"tokens":-1.5}}`, "invalid_value", "/amounts/tokens", 422},
		{"settling a negative amount", "POST", settle, `{"amounts":{"tokens":-1}}`, "invalid_value", "/amounts/tokens", 422},
		{"settling one too many", "POST", settle, `{"amounts":{"tokens":9007199254740993}}`, "invalid_value", "/amounts/tokens", 422},
		{"settling an array", "POST", settle, `{"amounts":[1]}`, "invalid_body", "/amounts", 400},
		{"settling with an unknown member", "POST", settle, `{"amount":{"tokens":1}}`, "invalid_body", "/amount", 400},
		{"settling what is no JSON", "POST", settle, `{"amounts"`, "invalid_body", "", 400},
		{"settling spaces", "POST", settle, ` `, "invalid_body", "", 400},
		{"settling in a way that isn't there", "POST", settle, `{"over":"count"}`, "invalid_value", "/over", 422},
		{"settling with overage that nobody accepted", "POST", settle, `{"over":"overage"}`, "invalid_value", "/over", 422},
		{"settling of no key", "POST", settle, `{"key":"k1"}`, "invalid_value", "/key", 422},
		{"voiding amounts", "POST", void, `{"amounts":{"tokens":1}}`, "invalid_body", "/amounts", 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger, reservations := &fakeCharger{}, &fakeReservations{}
			w := call(verify.Config{Charger: charger, Reservations: reservations}, row.method, verify.ReservationsPath+row.path, row.body)
			var problem api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if w.Code != row.status || problem.Code != row.code || len(problem.Errors) != 1 || problem.Errors[0].Pointer != row.pointer || problem.Errors[0].Detail == "" {
				t.Errorf("got %d %s, want %d %s at %q", w.Code, w.Body, row.status, row.code, row.pointer)
			}
			if charger.count.Load() != 0 || reservations.end != nil {
				t.Error("the engine was asked")
			}
		})
	}
}

func TestCallersOfReservationsAreToldWhatIsWrong(t *testing.T) {
	const one = "/" + aReservation
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	same := func(*http.Request) {}
	for _, row := range []struct {
		name, method, path string
		change             func(*http.Request)
		status             int
		code, allow        string
	}{
		{"id that is none", "POST", "/hunter2/settle", same, 422, "invalid_value", ""},
		{"id of another version", "POST", "/8e03978e-40d5-43e8-bc93-6894a57f9324/void", same, 422, "invalid_value", ""},
		{"id that is a number", "GET", "/1", same, 422, "invalid_value", ""},
		{"id with a NUL", "GET", "/%00", same, 422, "invalid_value", ""},
		{"key that is none", "GET", one + "?key=hunter2", same, 422, "invalid_value", ""},
		{"two keys", "GET", one + "?key=" + ration.KeyID{1}.String() + "&key=" + ration.KeyID{2}.String(), same, 422, "invalid_value", ""},
		{"GET of all", "GET", "", same, 405, "method_not_allowed", "POST"},
		{"DELETE of one", "DELETE", one, same, 405, "method_not_allowed", "GET"},
		{"POST to one", "POST", one, same, 405, "method_not_allowed", "GET"},
		{"GET of a settlement", "GET", one + "/settle", same, 405, "method_not_allowed", "POST"},
		{"PUT of a void", "PUT", one + "/void", same, 405, "method_not_allowed", "POST"},
		{"no token", "GET", one, header("Authorization"), 401, "token_missing", ""},
		{"bad token", "POST", one + "/void", header("Authorization", "Bearer hunter2"), 401, "token_invalid", ""},
		{"token without the scope", "POST", one + "/settle", header("Authorization", "Bearer read-only"), 403, "token_lacks_scope", ""},
		{"form to reserve", "POST", "", header("Content-Type", "text/plain"), 415, "unsupported_media_type", ""},
		{"form to settle", "POST", one + "/settle", header("Content-Type", "text/plain"), 415, "unsupported_media_type", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger, reservations := &fakeCharger{}, &fakeReservations{}
			w := call(verify.Config{Charger: charger, Reservations: reservations}, row.method, verify.ReservationsPath+row.path, `{}`, row.change)
			if w.Code != row.status || !strings.Contains(w.Body.String(), `"code":"`+row.code+`"`) || w.Header().Get("Allow") != row.allow {
				t.Errorf("got %d %v %s, want %d %s", w.Code, w.Header(), w.Body, row.status, row.code)
			}
			if charger.count.Load() != 0 || !reservations.id.IsZero() || strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("the engine was asked, or more is told than must be: %s", w.Body)
			}
		})
	}
}

func TestAContradictionNamesWhatItContradicts(t *testing.T) {
	ended := func(state ration.ReservationState, settled ...ration.Amount) ration.Reservation {
		r := held()
		r.State, r.Settled = state, settled
		return r
	}
	for _, row := range []struct {
		name, end, body string
		reservation     ration.Reservation
		err             error
		says            string
	}{
		{"more than was reserved", "/settle", `{"amounts":{"requests":1,"tokens":4001}}`, held(), ration.ErrSettlementTooLarge, `"errors":[{"pointer":"/amounts/tokens","detail":"4000 are reserved"}]`},
		{"a misspelt meter", "/settle", `{"amounts":{"tokns":1}}`, held(), ration.ErrSettlementTooLarge, `"errors":[{"pointer":"/amounts/tokns","detail":"nothing is reserved on this meter"}]`},
		{"more than can be counted", "/settle", `{"amounts":{"tokens":4000}}`, held(), ration.ErrSettlementTooLarge, `"detail":"The settlement is for more than was reserved."`},
		{"settled otherwise", "/settle", `{"amounts":{"tokens":3}}`, ended(ration.ReservationSettled, ration.Amount{Meter: "requests", Units: 1}, ration.Amount{Meter: "tokens", Units: 2}), ration.ErrReservationConflict, `"detail":"The reservation was settled before, with requests=1 tokens=2. This can't be changed."`},
		{"voided", "/settle", ``, ended(ration.ReservationVoided), ration.ErrReservationConflict, `"detail":"The reservation was voided before. This can't be changed."`},
		{"settled late", "/void", ``, ended(ration.ReservationExpired, ration.Amount{Meter: "requests", Units: 1}), ration.ErrReservationConflict, `"detail":"The reservation expired and was settled or voided late, with requests=1. This can't be changed."`},
	} {
		t.Run(row.name, func(t *testing.T) {
			reservations := &fakeReservations{reservation: row.reservation, err: row.err, readable: true}
			w := call(verify.Config{Reservations: reservations}, "POST", verify.ReservationsPath+"/"+aReservation+row.end, row.body)
			if w.Code != 409 || !strings.Contains(w.Body.String(), row.says) {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestAReservationOfAKnownIDIsPointedAt(t *testing.T) {
	w := call(verify.Config{Charger: &fakeCharger{err: ration.ErrReservationConflict}}, "POST", verify.ReservationsPath, `{"secret":"k1"}`)
	if w.Code != 409 || !strings.Contains(w.Body.String(), `"code":"reservation_conflict"`) || !strings.Contains(w.Body.String(), `"pointer":"/id"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestAnotherPathIsAProblemToo(t *testing.T) {
	for _, path := range []string{"/", "/v1/verfy", verify.ReservationsPath + "/" + aReservation + "/setle"} {
		w := call(verify.Config{}, "POST", path, ``)
		if w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"code":"no_such_route"`) {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
}

func TestWhatTheEngineSaysOfReservations(t *testing.T) {
	for _, row := range []struct {
		err     error
		status  int
		code    string
		pointer string
	}{
		{ration.ErrReservationUnknown, 404, "reservation_unknown", ""},
		{ration.ErrReservationConflict, 409, "reservation_conflict", ""},
		{ration.ErrSettlementTooLarge, 409, "settlement_too_large", ""},
		{ration.ErrReservationExpired, 409, "reservation_expired", ""},
		{ration.ErrStoreUnavailable, 503, "store_unavailable", ""},
		{fmt.Errorf("%w: x", ration.ErrOutcomeUnknown), 503, "outcome_unknown", ""},
		{&ration.InvalidError{Field: "key", Reason: "say whose"}, 422, "invalid_value", "/key"},
		{&ration.InvalidError{Field: "meter", Value: "To/kens", Reason: "no"}, 422, "invalid_value", "/amounts/To~1kens"},
		{errors.New("surprise"), 500, "internal_error", ""},
	} {
		var events []rationhttp.Event
		config := verify.Config{
			Reservations: &fakeReservations{err: row.err},
			Observe:      func(_ context.Context, event rationhttp.Event) { events = append(events, event) },
		}
		for _, asked := range [][2]string{{"POST", "/settle"}, {"POST", "/void"}, {"GET", ""}} {
			w := call(config, asked[0], verify.ReservationsPath+"/"+aReservation+asked[1], ``)
			if w.Code != row.status || !strings.Contains(w.Body.String(), `"code":"`+row.code+`"`) || row.pointer != "" && !strings.Contains(w.Body.String(), `"pointer":"`+row.pointer+`"`) {
				t.Errorf("%v: got %d %s", row.err, w.Code, w.Body)
			}
		}
		for _, event := range events {
			if (event.Err != nil) != (row.status >= 500) || event.Via != "verify" {
				t.Errorf("%v: operators are told %+v", row.err, event)
			}
		}
		if len(events) != 3 {
			t.Errorf("%v: %d events", row.err, len(events))
		}
	}
}
