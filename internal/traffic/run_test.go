package traffic_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/traffic"
	"github.com/ration-dev/ration/rationhttp"
)

var passed = rationhttp.Event{Via: "proxy", Code: ration.CodeOK}

// running runs a counter in the background until stop is called.
func running(t *testing.T, counter *traffic.Counter, to *table, log *bytes.Buffer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		counter.Run(ctx, to, slog.New(slog.NewTextHandler(log, nil)))
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestWritesEveryFewSecondsAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counter, to := traffic.New(newClock().read), &table{}
		stop := running(t, counter, to, &log)
		count(t, counter, 3, passed)
		time.Sleep(4 * time.Second)
		want(t, to, map[string]int64{})
		time.Sleep(2 * time.Second)
		want(t, to, map[string]int64{"2030-01-31T12 proxy ok": 3})
		count(t, counter, 4, passed)
		stop()
		want(t, to, map[string]int64{"2030-01-31T12 proxy ok": 7})
		if log.Len() > 0 {
			t.Errorf("logged %s", &log)
		}
	})
}

// TestWritesLater: a database that is away is not spoken of, except when counts are lost.
func TestWritesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counter, to := traffic.New(newClock().read), &table{refuse: fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, errAway)}
		stop := running(t, counter, to, &log)
		count(t, counter, 3, passed)
		time.Sleep(time.Minute)
		want(t, to, map[string]int64{})
		if log.Len() > 0 {
			t.Errorf("logged %s", &log)
		}
		to.mu.Lock()
		to.refuse = nil
		to.mu.Unlock()
		time.Sleep(6 * time.Second)
		want(t, to, map[string]int64{"2030-01-31T12 proxy ok": 3})
		count(t, counter, 1, passed)
		to.mu.Lock()
		to.refuse = errAway
		to.mu.Unlock()
		time.Sleep(6 * time.Second)
		stop()
		for _, wanted := range []string{"it is tried again", "were not written"} {
			if strings.Count(log.String(), wanted) != 1 {
				t.Errorf("logged %s, want %q once", &log, wanted)
			}
		}
	})
}

// TestNothingIsCountedTwice lets some instances count and write, fail to write, not learn
// whether they have written, be killed and started again, while the clock steps: what is
// in the table is what was counted, less what those that were killed had not written.
func TestNothingIsCountedTwice(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		clock, to := newClock(), &table{}
		type instance struct {
			counter   *traffic.Counter
			unwritten int64 // since the last write that is known to be made
		}
		instances := []*instance{{counter: traffic.New(clock.read)}, {counter: traffic.New(clock.read)}}
		var counted, lost int64 // lost: at most
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			i := rapid.SampledFrom(instances).Draw(r, "instance")
			switch rapid.SampledFrom([]string{"count", "count", "write", "fail", "unknown", "kill", "step"}).Draw(r, "step") {
			case "count":
				count(t, i.counter, 3, passed)
				counted, i.unwritten = counted+3, i.unwritten+3
			case "write":
				if i.counter.Write(t.Context(), to) == nil {
					i.unwritten = 0
				}
			case "fail":
				to.refuse = errAway
				_ = i.counter.Write(t.Context(), to)
				to.refuse = nil
			case "unknown":
				to.refuse, to.does = ration.ErrOutcomeUnknown, true
				_ = i.counter.Write(t.Context(), to)
				to.refuse, to.does = nil, false
			case "kill":
				lost += i.unwritten
				*i = instance{counter: traffic.New(clock.read)}
			case "step":
				clock.set(noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(r, "hours")) * time.Hour))
			}
			if total := to.total(); total > counted {
				r.Fatalf("%d are in the table, and %d were counted", total, counted)
			}
		}
		for _, i := range instances {
			if err := i.counter.Write(t.Context(), to); err != nil {
				r.Fatal(err)
			}
		}
		if total := to.total(); total > counted || total < counted-lost {
			r.Fatalf("%d are in the table; %d were counted, and at most %d lost", total, counted, lost)
		}
	})
}
