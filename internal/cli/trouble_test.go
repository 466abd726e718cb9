package cli

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
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
		time.Sleep(troubleInterval)
		log.observe(t.Context(), outage)
		if !strings.Contains(out.String(), "more_since_the_last=999") {
			t.Errorf("the log does not say how many there were:\n%s", &out)
		}
	})
}
