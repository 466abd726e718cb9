package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationhttp"
)

func TestOutageIsLoggedOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := newTroubleLog(slog.New(slog.NewTextHandler(&out, nil)))
		outage := rationhttp.Event{Code: ration.CodeStoreUnavailable, Err: errors.New("connection refused")}
		for range 1000 {
			log.observe(t.Context(), outage)
		}
		log.observe(t.Context(), rationhttp.Event{Code: ration.CodeOK})
		if lines := strings.Count(out.String(), "\n"); lines != 1 {
			t.Errorf("%d lines for one outage:\n%s", lines, &out)
		}
		log.observe(t.Context(), rationhttp.Event{Code: ration.CodeOutcomeUnknown, Err: errors.New("connection lost")})
		if !strings.Contains(out.String(), "code=outcome_unknown") {
			t.Error("another kind of trouble was not logged at once")
		}
		time.Sleep(condense.Interval)
		log.observe(t.Context(), outage)
		if !strings.Contains(out.String(), "more_since_the_last=999") {
			t.Errorf("the log does not say how many there were:\n%s", &out)
		}
	})
}

// panicking is a store whose decisions have a fault.
type panicking struct {
	ration.Store
	fault func(ration.Batch)
}

func (p panicking) Lanes() int { return 1 }

func (p panicking) Charge(_ context.Context, batch ration.Batch) ([]ration.Decision, error) {
	p.fault(batch)
	return nil, nil
}

func indexBeyond(batch ration.Batch) { _ = batch.Items[1] }

// TestPanicIsLoggedWithItsStackOnce: the answer to the client says nothing of
// it, so the log is where an operator learns what is wrong.
func TestPanicIsLoggedWithItsStackOnce(t *testing.T) {
	const secret = "rk_somebodys"
	for _, row := range []struct {
		name  string
		fault func(ration.Batch)
		want  string
	}{
		{"a fault that the runtime found", indexBeyond, "index out of range [1] with length 1"},
		{"a value of our own", func(ration.Batch) { panic("no room for " + secret) }, "a value of type string"},
	} {
		t.Run(row.name, func(t *testing.T) {
			engine := ration.NewEngine(panicking{fault: row.fault}, ration.EngineConfig{})
			var out bytes.Buffer
			log := newTroubleLog(slog.New(slog.NewTextHandler(&out, nil)))
			for range 3 {
				_, err := engine.Charge(t.Context(), ration.Charge{KeyID: ration.NewKeyID()})
				if !errors.Is(err, ration.ErrOutcomeUnknown) {
					t.Fatalf("error %v, want the outcome unknown", err)
				}
				log.observe(t.Context(), rationhttp.NewEvent(t.Context(), "proxy", ration.Decision{}, err))
			}
			if err := engine.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			text := out.String()
			if strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, row.want) || !strings.Contains(text, "panicking.Charge") {
				t.Errorf("want one error with %q and where it was:\n%s", row.want, text)
			}
			if strings.Contains(text, secret) {
				t.Errorf("the log shows a secret:\n%s", text)
			}
		})
	}
}
