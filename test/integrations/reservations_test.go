package integrations_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationtest"
	"github.com/ration-dev/ration/sqlite"
)

const hold400 = `{"secret":"SECRET","amounts":{"tokens":400}}`

// newFixture returns a service and its client's key of 1000 tokens a day.
func newFixture(t *testing.T, config verify.Config) (*rationtest.Fixture, rationtest.IssuedKey, *service) {
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{Limits: []string{"1000 tokens/day"}})
	return f, key, newService(t, f.Engine, key.Secret, config)
}

// wantLimit wants the limit on tokens to stand so.
func (s *service) wantLimit(used, reserved, remaining int64) {
	s.t.Helper()
	got := [3]int64{}
	got[0], got[1], got[2] = s.limit()
	if want := [3]int64{used, reserved, remaining}; got != want {
		s.t.Errorf("used, reserved and remaining are %d; want %d", got, want)
	}
}

func TestWhatIsReservedIsSettledWithLess(t *testing.T) {
	f, key, s := newFixture(t, verify.Config{})
	made := s.reserve(hold400)
	if made.Reservation.State != "open" || made.Reservation.Key != key.ID.String() || made.Reservation.Held["tokens"] != "400" || made.Reservation.Held["requests"] != "1" ||
		made.Reservation.ExpiresAt.Sub(made.Reservation.CreatedAt) != 15*time.Minute {
		t.Errorf("made %+v", made.Reservation)
	}
	s.wantLimit(0, 400, 600)
	id := made.Reservation.ID
	settled := s.end(id, "settle", `{"amounts":{"tokens":150}}`)
	if diff := cmp.Diff(map[string]api.Number{"requests": "1", "tokens": "150"}, settled.Settled); diff != "" || settled.State != "settled" || settled.EndedAt == nil {
		t.Errorf("settled %+v (-want +got):\n%s", settled, diff)
	}
	s.wantLimit(150, 0, 850)
	for name, again := range map[string]any{"settled again": s.end(id, "settle", `{"amounts":{"tokens":150}}`), "settled again, of its key": s.end(id, "settle", `{"amounts":{"tokens":150},"key":"`+key.ID.String()+`"}`), "shown": s.show(id)} {
		if diff := cmp.Diff(any(settled), again); diff != "" {
			t.Errorf("%s (-first +again):\n%s", name, diff)
		}
	}
	s.ask(verify.ReservationsPath+"/"+id+"/settle", `{"amounts":{"tokens":151}}`).wants(t, 409, "reservation_conflict")
	s.ask(verify.ReservationsPath+"/"+id+"/void", ``).wants(t, 409, "reservation_conflict")
	s.wantLimit(150, 0, 850)
	if requests, _ := f.Used(key.ID, "requests"); requests != 1 {
		t.Errorf("%d requests used", requests)
	}
}

func TestWhatIsVoidedCountsNothing(t *testing.T) {
	f, key, s := newFixture(t, verify.Config{})
	id := s.reserve(hold400).Reservation.ID
	if voided := s.end(id, "void", ``); voided.State != "voided" || voided.Settled != nil {
		t.Errorf("got %+v", voided)
	}
	s.end(id, "void", `{}`) // again
	s.wantLimit(0, 0, 1000)
	if requests, _ := f.Used(key.ID, "requests"); requests != 0 {
		t.Errorf("%d requests used", requests)
	}
}

// TestWhatNobodyEndsExpires: a service that crashed has its reservation counted,
// and can still say for a day what it really used.
func TestWhatNobodyEndsExpires(t *testing.T) {
	f, _, s := newFixture(t, verify.Config{})
	kept := s.reserve(hold400).Reservation.ID
	released := s.reserve(`{"secret":"SECRET","amounts":{"tokens":100},"ttl_seconds":60,"at_expiry":"release"}`).Reservation.ID
	s.wantLimit(0, 500, 500)
	f.Advance(15 * time.Minute)
	if _, err := f.Engine.ExpireDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wantLimit(400, 0, 600)
	if got := s.show(kept); got.State != "expired" || got.Settled != nil || got.LateAt != nil {
		t.Errorf("kept: %+v", got)
	}
	f.Advance(time.Hour)
	if late := s.end(kept, "settle", `{"amounts":{"tokens":150}}`); late.State != "expired" || late.Settled["tokens"] != "150" || late.LateAt == nil {
		t.Errorf("settled late: %+v", late)
	}
	s.wantLimit(150, 0, 850)
	f.Advance(24 * time.Hour)
	s.ask(verify.ReservationsPath+"/"+released+"/settle", ``).wants(t, 409, "reservation_expired")
}

func TestReservingAgainByAnIDReservesOnce(t *testing.T) {
	_, _, s := newFixture(t, verify.Config{})
	id := ration.NewReservationID().String()
	body := `{"secret":"SECRET","amounts":{"tokens":400},"id":"` + id + `"}`
	first := s.reserve(body)
	got := s.ask(verify.ReservationsPath, body)
	again := s.reserve(body)
	if first.Replayed || !again.Replayed || got.header.Get("Idempotent-Replayed") != "true" || again.Reservation.ID != id {
		t.Errorf("replayed: first %t, again %t, %v", first.Replayed, again.Replayed, got.header)
	}
	again.Replayed = false
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
	s.ask(verify.ReservationsPath, `{"secret":"SECRET","amounts":{"tokens":401},"id":"`+id+`"}`).wants(t, 409, "reservation_conflict")
	s.ask(verify.ReservationsPath, `{"secret":"SECRET","amounts":{"tokens":400},"id":"`+id+`","ttl_seconds":60}`).wants(t, 409, "reservation_conflict")
	s.wantLimit(0, 400, 600)
}

func TestADryRunReservesNothing(t *testing.T) {
	_, _, s := newFixture(t, verify.Config{})
	got := s.ask(verify.ReservationsPath, `{"secret":"SECRET","amounts":{"tokens":400},"dry_run":true}`)
	if got.status != 200 || !contains(got.body, `"allowed":true`, `"dry_run":true`) || contains(got.body, `"reservation":`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
	s.wantLimit(0, 0, 1000)
}

func TestSettlementsOfMoreThanWasReserved(t *testing.T) {
	_, _, s := newFixture(t, verify.Config{AcceptOverage: true})
	path := func(id string) string { return verify.ReservationsPath + "/" + id + "/settle" }
	id := s.reserve(hold400).Reservation.ID
	s.ask(path(id), `{"amounts":{"tokens":401}}`).wants(t, 409, "settlement_too_large")
	s.wantLimit(0, 400, 600)
	if got := s.end(id, "settle", `{"amounts":{"tokens":401},"over":"clamp"}`); got.Settled["tokens"] != "400" {
		t.Errorf("clamped: %+v", got)
	}
	id = s.reserve(hold400).Reservation.ID
	if got := s.end(id, "settle", `{"amounts":{"tokens":2000},"over":"overage"}`); got.Settled["tokens"] != "2000" {
		t.Errorf("overage: %+v", got)
	}
	s.wantLimit(2400, 0, 0)
}

func TestTheSameIdempotencyKeyChargesOnce(t *testing.T) {
	f, key, s := newFixture(t, verify.Config{})
	const body = `{"secret":"SECRET","amounts":{"tokens":7}}`
	first := s.ask(verify.Path, body, "Idempotency-Key", `"order-1"`)
	for name, line := range map[string]string{"in quotes": `"order-1"`, "without": `order-1`} {
		if again := s.ask(verify.Path, body, "Idempotency-Key", line); again.status != 200 || again.header.Get("Idempotent-Replayed") != "true" || !contains(again.body, `"allowed":true`, `"replayed":true`) {
			t.Errorf("%s: got %d %v %s", name, again.status, again.header, again.body)
		}
	}
	if first.status != 200 || first.header.Get("Idempotent-Replayed") != "" || contains(first.body, "replayed") {
		t.Errorf("first: got %d %v %s", first.status, first.header, first.body)
	}
	s.ask(verify.Path, `{"secret":"SECRET","amounts":{"tokens":8}}`, "Idempotency-Key", "order-1").wants(t, 422, "idempotency_mismatch")
	s.ask(verify.ReservationsPath, body, "Idempotency-Key", "order-1").wants(t, 422, "idempotency_mismatch")
	s.reserve(body, "Idempotency-Key", "order-2")
	s.ask(verify.Path, body, "Idempotency-Key", "order-2").wants(t, 422, "idempotency_mismatch")
	if tokens, _ := f.Used(key.ID, "tokens"); tokens != 7 {
		t.Errorf("%d tokens used", tokens)
	}
	f.Advance(24 * time.Hour) // as long as a key is remembered
	if later := s.ask(verify.Path, body, "Idempotency-Key", "order-1"); later.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("a day later: %s", later.body)
	}
	if tokens, _ := f.Used(key.ID, "tokens"); tokens != 14 {
		t.Errorf("%d tokens used", tokens)
	}
}

func TestADenialIsDecidedAnew(t *testing.T) {
	f, _, s := newFixture(t, verify.Config{})
	const body = `{"secret":"SECRET","amounts":{"tokens":600}}`
	id := s.reserve(`{"secret":"SECRET","amounts":{"tokens":500}}`).Reservation.ID
	for _, want := range []string{`"code":"quota_exceeded"`, `"code":"ok"`} {
		if got := s.ask(verify.Path, body, "Idempotency-Key", "order-1"); got.status != 200 || !contains(got.body, want) || contains(got.body, "replayed") {
			t.Errorf("got %d %s; want %s", got.status, got.body, want)
		}
		if s.show(id).State == "open" {
			s.end(id, "void", ``)
		}
	}
	f.BreakStore()
	s.ask(verify.Path, body, "Idempotency-Key", "order-1").wants(t, 503, "store_unavailable")
}

func TestConcurrentRetriesChargeOnce(t *testing.T) {
	f, key, s := newFixture(t, verify.Config{})
	id := ration.NewReservationID().String()
	var all sync.WaitGroup
	var mu sync.Mutex
	var ids []string
	for range 16 {
		all.Go(func() {
			if got := s.ask(verify.Path, `{"secret":"SECRET","amounts":{"tokens":7}}`, "Idempotency-Key", "order-1"); got.status != 200 || !contains(got.body, `"allowed":true`) {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if got := s.ask(verify.ReservationsPath, `{"secret":"SECRET","amounts":{"tokens":40},"id":"`+id+`"}`); got.status != 200 || !contains(got.body, `"allowed":true`) {
				t.Errorf("reserving by an id: got %d %s", got.status, got.body)
			}
			got := s.ask(verify.ReservationsPath, `{"secret":"SECRET","amounts":{"tokens":3}}`, "Idempotency-Key", "order-2")
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, s.reservationID(got))
		})
	}
	all.Wait()
	for _, one := range ids {
		if one != ids[0] || one == "" {
			t.Errorf("reserved %s and %s by one key", one, ids[0])
		}
	}
	s.wantLimit(7, 43, 950)
	for range 16 {
		all.Go(func() {
			if got := s.ask(verify.ReservationsPath+"/"+id+"/settle", `{"amounts":{"tokens":20}}`); got.status != 200 {
				t.Errorf("settling: got %d %s", got.status, got.body)
			}
		})
	}
	all.Wait()
	s.wantLimit(27, 3, 970)
	if requests, _ := f.Used(key.ID, "requests"); requests != 2 {
		t.Errorf("%d requests used", requests)
	}
}

func TestReservationsAndIdempotencyKeysOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	var secret ration.Secret
	run := func(do func(*service)) {
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if secret.IsZero() {
			override, err := admin.ParseOverride("1000 tokens/lifetime")
			if err != nil {
				t.Fatal(err)
			}
			issued, err := admin.New(store, admin.Config{}).CreateKey(t.Context(), "test", admin.NewKey{Name: "k", Overrides: []ration.Override{override}})
			if err != nil {
				t.Fatal(err)
			}
			secret = issued.Secret
		}
		engine := ration.NewEngine(store, ration.EngineConfig{})
		do(newService(t, engine, secret, verify.Config{}))
		if err := engine.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	const charge = `{"secret":"SECRET","amounts":{"tokens":7}}`
	var id string
	run(func(s *service) {
		id = s.reserve(hold400, "Idempotency-Key", "order-1").Reservation.ID
		s.ask(verify.Path, charge, "Idempotency-Key", "order-2")
		s.wantLimit(7, 400, 593)
	})
	run(func(s *service) {
		if again := s.reserve(hold400, "Idempotency-Key", "order-1"); !again.Replayed || again.Reservation.ID != id {
			t.Errorf("reserved again: %+v", again)
		}
		if again := s.ask(verify.Path, charge, "Idempotency-Key", "order-2"); !contains(again.body, `"replayed":true`) {
			t.Errorf("charged again: %s", again.body)
		}
		s.end(id, "settle", `{"amounts":{"tokens":150}}`)
		s.wantLimit(157, 0, 843)
	})
	run(func(s *service) {
		s.end(id, "settle", `{"amounts":{"tokens":150}}`)
		s.wantLimit(157, 0, 843)
	})
}
