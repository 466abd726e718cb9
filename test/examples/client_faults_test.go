package examples_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// A client that asks again without an idempotency key may charge twice, so it doesn't;
// with one, it asks as often as it may.
func letNothingThroughWithoutADecision(t *testing.T, b *bench) {
	for _, row := range noDecisions {
		options := patient
		if row.name == "no answer" {
			options = options.with("timeout", soon)
		}
		b.gate.answerWith(row.instead)
		got := b.call("verify", options, b.key.Secret)
		if got.Error == "" || got.Allowed {
			t.Errorf("%s: %+v", row.name, got)
		}
		if calls, _, _ := b.gate.seen(); calls != 1 {
			t.Errorf("%s: Ration was asked %d times, want once", row.name, calls)
		}
	}
	b.gate.answerWith(say(http.StatusInternalServerError, ""))
	b.wants(b.call("verify", patient.with("idempotency_key", "k"), b.key.Secret), "OutcomeUnknown", "")
	if calls, _, _ := b.gate.seen(); calls != 3 {
		t.Errorf("with an idempotency key Ration was asked %d times, want 3", calls)
	}
	b.gate.answerWith(nil)
	b.wants(b.call("verify", patient, b.key.Secret), "", "")
	b.wantUsed(1)
}

func askAgainWhereNothingWasCharged(t *testing.T, b *bench) {
	var asked atomic.Int64
	b.gate.answerWith(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.Header().Set("Content-Type", "application/problem+json")
			say(http.StatusServiceUnavailable, `{"status":503,"code":"store_unavailable","retry_after":1}`)(w, r)
			return
		}
		b.gate.pass(w, r)
	})
	b.wants(b.call("verify", patient, b.key.Secret), "", "")
	asked.Store(-100)
	b.wants(b.call("verify", patient, b.key.Secret), "Unavailable", "store_unavailable")
	if calls := asked.Load() + 100; calls != 3 {
		t.Errorf("Ration was asked %d times, want 3", calls)
	}
	b.wantUsed(1)
}

// makeUpForLostAnswers has Ration decide, and the answer get lost.
func makeUpForLostAnswers(t *testing.T, b *bench) {
	var lose atomic.Bool
	b.gate.answerWith(func(w http.ResponseWriter, r *http.Request) {
		if lose.Swap(false) {
			b.gate.pass(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		b.gate.pass(w, r)
	})
	lost := func(do string, options options, args ...any) made {
		lose.Store(true)
		return b.call(do, options, args...)
	}
	b.wants(lost("verify", patient, b.key.Secret), "OutcomeUnknown", "")
	if got := lost("verify", patient.with("idempotency_key", "k"), b.key.Secret); !got.Allowed || !got.Replayed {
		t.Errorf("verify: %+v", got)
	}
	held := lost("reserve", patient, b.key.Secret, map[string]int{"tokens": 600})
	b.wants(held, "", "")
	if got := lost("settle", patient, held.Reservation, map[string]int{"tokens": 600}); got.State != "settled" {
		t.Errorf("settle: %+v", got)
	}
	again := b.call("reserve", patient, b.key.Secret, map[string]int{"tokens": 400}) // there is only room if nothing else is held
	b.wants(again, "", "")
	if got := lost("void", patient, again.Reservation); got.State != "voided" {
		t.Errorf("void: %+v", got)
	}
	b.wantUsed(3)
}

// outliveRation has Ration go away, by kill -9 and in order, come back, and go on without
// a client noticing that its connection is another one.
func outliveRation(t *testing.T, b *bench) {
	b.wants(b.call("verify", patient, b.key.Secret), "", "")
	b.gate.close()
	b.ration.Kill()
	b.wants(b.call("verify", options{"timeout": soon}, b.key.Secret), "Unavailable", "")

	b.send("verify", patient, b.key.Secret)
	b.ration.Start()
	b.ration.AwaitReady()
	b.gate.open()
	if got := b.receive(); got.Error != "Unavailable" { // unless all its attempts came before
		b.wants(got, "", "")
	}
	b.wants(b.call("verify", patient, b.key.Secret), "", "")
	b.gate.close()
	b.gate.open()
	b.wants(b.call("verify", patient, b.key.Secret), "", "")

	b.admin.close()
	if code := b.ration.Stop(); code != 0 {
		t.Errorf("Ration ended with %d", code)
	}
	b.wants(b.call("show_key", options{"timeout": soon}, b.key.ID), "Unavailable", "")
	b.ration.Start()
	b.ration.AwaitReady()
	b.admin.open()
	answered[keyAnswer](b, b.call("show_key", patient, b.key.ID))
	b.wants(b.call("verify", patient, b.key.Secret), "", "")
	if used := b.call("verify", patient.with("dry_run", true), b.key.Secret).Remaining; len(used) == 0 || used[0] != "95" && used[0] != "94" {
		t.Errorf("%v remain", used)
	}
}

// endASlowAnswerAtTheirDeadline has a byte come now and then, for ever.
func endASlowAnswerAtTheirDeadline(_ *testing.T, b *bench) {
	b.gate.answerWith(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
			}
		}
	})
	b.wants(b.call("verify", options{"timeout": soon}, b.key.Secret), "OutcomeUnknown", "")
	b.wants(b.call("settle", options{"timeout": soon}, "01a209ef-2bf1-7083-898b-81e8f7f51293"), "OutcomeUnknown", "")
}

func keepTheirConnection(t *testing.T, b *bench) {
	b.wants(b.call("verify", patient, b.key.Secret), "", "")
	before := b.gate.connections.Load()
	for range 20 {
		b.wants(b.call("verify", patient, b.key.Secret), "", "")
	}
	if more := b.gate.connections.Load() - before; more != 0 {
		t.Errorf("20 calls used %d more connections", more)
	}
}
