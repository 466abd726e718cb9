package traffic_test

import (
	"context"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/traffic"
	"github.com/ration-dev/ration/rationhttp"
)

// charger decides in no time.
type charger struct{ decision ration.Decision }

func (c charger) Charge(context.Context, ration.Charge) (ration.Decision, error) {
	return c.decision, nil
}

var question = rationhttp.Question{Via: "proxy", Route: "/", RequestID: "r-1"}

// BenchmarkAnswer measures what a way in takes for an answer, without the database and
// the network, and as "ratio" how much longer that is with counting than without.
func BenchmarkAnswer(b *testing.B) {
	caller := rationhttp.Caller{Method: "GET", Credential: rationhttp.Credential{Secret: ration.NewSecret("rk")}}
	decides := charger{ration.Decision{Code: ration.CodeQuotaExceeded, RetryAfter: time.Second}}
	counter := traffic.New(nil)
	plain := rationhttp.Gate{Charger: decides, Observe: func(context.Context, rationhttp.Event) {}}
	counting := rationhttp.Gate{Charger: decides, Observe: counter.Observe}
	ask := func(gate *rationhttp.Gate) time.Duration {
		const times = 200
		start := time.Now()
		for range times {
			gate.Ask(b.Context(), caller, question)
		}
		return time.Since(start)
	}
	without, with := time.Hour, time.Hour
	for b.Loop() { // the fastest of many, in which the machine did nothing else
		without = min(without, ask(&plain))
		with = min(with, ask(&counting))
	}
	b.ReportMetric(float64(with)/float64(without), "ratio")
}

// BenchmarkObserve measures one count, where all processors count the same.
func BenchmarkObserve(b *testing.B) {
	counter := traffic.New(nil)
	event := rationhttp.Event{Via: "proxy", Code: ration.CodeOK}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			counter.Observe(b.Context(), event)
		}
	})
}

func TestCountingAllocatesNothing(t *testing.T) {
	counter := traffic.New(nil)
	event := rationhttp.Event{Via: "verify", Code: ration.CodeOK, Route: "/v1/reservations/{id}"}
	if allocated := testing.AllocsPerRun(1000, func() { counter.Observe(context.Background(), event) }); allocated > 0 {
		t.Errorf("%v allocations, want none", allocated)
	}
}
