package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var idempotencyTests = []contractTest{
	{"the same charge again gets the first decision and is charged once", testRepeatCharge},
	{"a charge is repeated on any instance", testRepeatElsewhere},
	{"of charges that are sent at once one is charged", testRepeatAtOnce},
	{"an idempotency key with another charge is a mismatch", testIdempotencyMismatch},
	{"a denial is decided anew", testDenialNotRemembered},
	{"a key that may not be used is refused what is remembered", testRefusedRepetition},
	{"an idempotency key belongs to one key", testIdempotencyScope},
	{"a charge is forgotten after its retention", testForgotten},
	{"a repeated hold gets the first reservation", testRepeatHold},
	{"an idempotency key is kept as it is", testIdempotencyText},
}

func testRepeatCharge(f *fixture) {
	id, secrets := f.keyWithSecrets(f.plan("10/day", "60 tokens/minute", "100/lifetime").Name, "one")
	charge := named(chargeOf(id, requests(2), units("tokens", 7)), "k")
	charge.Refundable = true
	decisions := f.batch(charge, charge, chargeOf(id, requests(3)), charge)
	f.advance(time.Hour)
	other := charge // by another secret: the same all the same
	other.SecretID = secrets[0].ID
	decisions = append(decisions, f.batch(charge, other)...)
	for i, decision := range decisions {
		if i == 2 {
			continue
		}
		f.wantCode(decision, ration.CodeOK)
		f.want("limits", decisions[0].Limits, decision.Limits)
		if decision.Replayed != (i > 0) || (decision.Receipt == nil) != (i > 0) || decision.KeyID != id || decision.KeyName != "test" {
			f.Errorf("decision %d: %+v", i, decision)
		}
	}
	f.wantSums(id)
	if entry, tokens := f.meter(id, ration.MeterRequests), f.meter(id, "tokens"); entry.Used != 5 || tokens.Used != 7 || entry.Denied != 0 {
		f.Errorf("used %d and %d tokens, denied %d; want 5, 7 and none", entry.Used, tokens.Used, entry.Denied)
	}
}

func testRepeatElsewhere(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	charge := named(chargeOf(id, requests(2)), "k")
	first := f.charge(charge)
	for _, store := range f.instances(3) {
		again, err := chargeBatch(f, store, charge)
		if err != nil {
			f.Fatal(err)
		}
		f.wantCode(again[0], ration.CodeOK)
		f.want("limits", first.Limits, again[0].Limits)
		if !again[0].Replayed {
			f.Error("it was charged again")
		}
	}
	f.wantUse(id, ration.MeterRequests, 2, 0)
}

func testRepeatAtOnce(f *fixture) {
	id := f.key(f.plan("1000000/day").Name)
	stores := f.instances(3)
	for round := range sameAtOnce {
		charge := named(chargeOf(id, requests(2)), fmt.Sprint("k", round))
		var first atomic.Int64
		var group sync.WaitGroup
		for caller := range 6 {
			group.Go(func() {
				decisions, err := chargeBatch(f, stores[caller%len(stores)], charge, chargeOf(id, requests(0)), charge)
				if err != nil {
					f.Errorf("charging: %v", err)
					return
				}
				for _, decision := range []ration.Decision{decisions[0], decisions[2]} {
					switch {
					case !decision.Allowed():
						f.Errorf("code %s, want %s", decision.Code, ration.CodeOK)
					case !decision.Replayed:
						first.Add(1)
					}
				}
			})
		}
		group.Wait()
		if first.Load() != 1 {
			f.Errorf("charged %d times, want once", first.Load())
		}
	}
	f.wantUse(id, ration.MeterRequests, 2*sameAtOnce, 0)
}

func testIdempotencyMismatch(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) { change.Key.Scopes = []string{"read"} })
	charge := named(chargeOf(id, requests(2)), "k")
	f.wantCode(f.charge(charge), ration.CodeOK)
	before := f.state(id)
	scoped, about, held := charge, charge, charge
	scoped.Scope = "read"
	about.Idempotency = &ration.Idempotency{Key: "k", About: "another route"}
	held.Hold = &ration.Hold{}
	for _, other := range []item{
		named(chargeOf(id, requests(3)), "k"), named(chargeOf(id, requests(2), units("tokens", 0)), "k"), scoped, about, held,
	} {
		decision := f.charge(other)
		f.wantCode(decision, ration.CodeIdempotencyMismatch)
		if decision.Replayed || decision.Reservation != nil || len(decision.Limits) > 0 {
			f.Errorf("a mismatch tells %+v", decision)
		}
	}
	f.want("state", before, f.state(id))
}

func testDenialNotRemembered(f *fixture) {
	id := f.key(f.plan("3/day").Name)
	f.allow(id, requests(2), 1)
	charge := named(chargeOf(id, requests(2)), "k")
	for range 2 {
		decision := f.charge(charge)
		f.wantCode(decision, ration.CodeQuotaExceeded)
		if decision.Replayed {
			f.Error("a denial is remembered")
		}
	}
	f.wantCode(f.charge(named(chargeOf(id, requests(1)), "k")), ration.CodeOK) // nor is its key taken
	f.advance(12 * time.Hour)
	f.wantCode(f.charge(charge), ration.CodeIdempotencyMismatch)
	if entry := f.meter(id, ration.MeterRequests); entry.Used != 3 || entry.Denied != 2 {
		f.Errorf("used %d and denied %d, want 3 and 2", entry.Used, entry.Denied)
	}
}

func testRefusedRepetition(f *fixture) {
	id := f.key("")
	charge := named(chargeOf(id, requests(2)), "k")
	f.wantCode(f.charge(charge), ration.CodeOK)
	for status, code := range map[ration.Status]ration.Code{ration.StatusDisabled: ration.CodeKeyDisabled, ration.StatusActive: ration.CodeOK} {
		f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = status })
		f.wantCode(f.charge(charge), code)
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	decision := f.charge(charge)
	f.wantCode(decision, ration.CodeKeyRevoked)
	if decision.Replayed {
		f.Error("a refusal is told as a repetition")
	}
	if entry := f.meter(id, ration.MeterRequests); entry.Used != 2 || entry.Denied != 2 {
		f.Errorf("used %d and denied %d, want 2 and 2", entry.Used, entry.Denied)
	}
}

func testIdempotencyScope(f *fixture) {
	a, b := f.key(""), f.key("")
	decisions := f.batch(named(chargeOf(a, requests(1)), "k"), named(chargeOf(b, requests(2)), "k"))
	for _, decision := range decisions {
		f.wantCode(decision, ration.CodeOK)
		if decision.Replayed {
			f.Error("what another key was charged is repeated")
		}
	}
	f.wantUse(a, ration.MeterRequests, 1, 0)
	f.wantUse(b, ration.MeterRequests, 2, 0)
}

func testForgotten(f *fixture) {
	id := f.key("")
	charge := named(chargeOf(id), "k")
	f.charge(charge)
	f.advance(ration.IdempotencyRetention - time.Microsecond)
	if !f.charge(charge).Replayed {
		f.Error("it is forgotten before its time")
	}
	f.advance(time.Microsecond)
	again := f.batch(named(chargeOf(id, requests(2)), "k"), named(chargeOf(id, requests(2)), "k"))
	f.wantCode(again[0], ration.CodeOK)
	if again[0].Replayed || !again[1].Replayed {
		f.Errorf("replayed %v and %v, want a beginning anew", again[0].Replayed, again[1].Replayed)
	}
	f.advance(ration.IdempotencyRetention - time.Microsecond)
	f.wantCode(f.charge(charge), ration.CodeIdempotencyMismatch)
	f.wantHistory(id, ration.MeterRequests, today, 1, 2)
}

func testRepeatHold(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	charge := named(holding(id, ration.Hold{TTL: time.Minute}, requests(4)), "k") // each time with an id of its own
	decisions := f.batch(charge, charge)
	f.advance(time.Second)
	decisions = append(decisions, f.charge(charge))
	first := *decisions[0].Reservation
	f.settle(first, requests(1))
	decisions = append(decisions, f.charge(charge))
	for i, decision := range decisions {
		f.wantCode(decision, ration.CodeOK)
		f.want("reservation", first, *decision.Reservation)
		f.want("limits", decisions[0].Limits, decision.Limits)
		if decision.Replayed != (i > 0) {
			f.Errorf("decision %d is replayed: %v", i, decision.Replayed)
		}
	}
	f.wantUse(id, ration.MeterRequests, 1, 0)
	if all := f.reservations(ration.ReservationFilter{KeyID: id}); len(all) != 1 {
		f.Errorf("%d reservations, want 1", len(all))
	}
}

func testIdempotencyText(f *fixture) {
	id := f.key("")
	keys := []string{"k", "K", " k", "k ", "ｋ", "é", "e\u0301", "'; DROP TABLE key_usage; --", "☃" + strings.Repeat("x", ration.MaxIdempotencyKeyLength-3)}
	for range 2 {
		for _, key := range keys {
			f.wantCode(f.charge(named(chargeOf(id), key)), ration.CodeOK)
		}
	}
	f.wantUse(id, ration.MeterRequests, int64(len(keys)), 0)
}
