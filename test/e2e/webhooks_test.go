package e2e_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/test/harness"
)

// sending is an instance on SQLite with a key and a webhook.
type sending struct {
	*testing.T
	*harness.Instance
	key harness.Key
}

func newSending(t *testing.T, receiver *harness.Receiver, args ...string) *sending {
	t.Helper()
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	harness.CLI(t, db, "migrate")
	receiver.Register(db)
	s := &sending{T: t, key: harness.CreateKey(t, db, "--limit", "10/lifetime")}
	s.Instance = harness.NewInstance(t, db, harness.NewUpstream(t).URL, append(args, "--log-level", "debug")...)
	s.Start()
	s.AwaitReady()
	return s
}

// charge lets the key be used so many times.
func (s *sending) charge(times int) {
	s.Helper()
	for range times {
		if outcome := harness.NewClient().Call(context.Background(), s.ProxyURL, s.key.Secret); outcome != harness.Admitted {
			s.Fatalf("a request was %v", outcome)
		}
	}
}

// awaitLog waits for a line of the log that has all these words.
func (s *sending) awaitLog(words ...string) {
	s.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(s.Log()) {
			found := true
			for _, word := range words {
				found = found && strings.Contains(line, word)
			}
			if found {
				return
			}
		}
		if time.Now().After(deadline) {
			s.Fatalf("no line of the log has %q:\n%s", words, s.Log())
		}
	}
}

// end stops the instance. Its log never has more of a webhook's address than the host.
func (s *sending) end() {
	s.Helper()
	if code := s.Stop(); code != 0 {
		s.Errorf("SIGTERM: exit code %d", code)
	}
	if strings.Contains(s.Log(), "canary") || strings.Contains(s.Log(), "whsec_") {
		s.Errorf("the log has a secret:\n%s", s.Log())
	}
}

// TestEventsReachWebhooks charges a key until a threshold is told. The receiver refuses the
// first event once: it comes again, and what comes after it waits for it.
func TestEventsReachWebhooks(t *testing.T) {
	t.Parallel()
	receiver := harness.NewReceiver(t)
	receiver.Answer(func(event api.Event, before int) int {
		if event.Type == "key.created" && before == 0 {
			return http.StatusInternalServerError
		}
		return http.StatusAccepted
	})
	s := newSending(t, receiver, harness.AllowReceivers...)
	s.charge(8)
	got := receiver.Await(func(got []harness.Arrival) bool { return len(got) == 3 })
	for i, want := range []struct {
		kind     string
		accepted bool
	}{{"key.created", false}, {"key.created", true}, {"key.limit_threshold", true}} {
		if got[i].Event.Type != want.kind || got[i].Accepted != want.accepted || got[i].Event.KeyID != s.key.ID {
			t.Errorf("%d: got %+v, want %+v", i, got[i], want)
		}
	}
	if got[0].Event.ID != got[1].Event.ID || !regexp.MustCompile(`"threshold": ?80`).Match(got[2].Event.Data) {
		t.Errorf("got %+v", got)
	}
	s.awaitLog("DBG", "it will be sent again", "it answered 500", got[0].Event.ID)
	metrics := get(t, s.APIURL+"/metrics")
	for _, line := range []string{`ration_webhook_attempts_total{outcome="delivered"} 2`, `ration_webhook_attempts_total{outcome="failed"} 1`, "ration_webhook_attempt_seconds_count 3"} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %q in the metrics", line)
		}
	}
	s.end()
}

// TestWebhooksReachNothingInside: without leave, this machine gets nothing, nor does what a
// redirect leads to. A receiver that wants no more gets no more.
func TestWebhooksReachNothingInside(t *testing.T) {
	t.Parallel()
	t.Run("a private address", func(t *testing.T) {
		t.Parallel()
		receiver := harness.NewReceiver(t)
		s := newSending(t, receiver)
		s.awaitLog("DBG", "127.0.0.1 is not a public address")
		s.end()
		if got := receiver.Got(); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a redirect", func(t *testing.T) {
		t.Parallel()
		var asked atomic.Int32
		inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		t.Cleanup(inside.Close)
		receiver := harness.NewReceiver(t)
		receiver.RedirectTo(inside.URL)
		s := newSending(t, receiver, harness.AllowReceivers...)
		s.awaitLog("DBG", "it answered 307", "redirects are not followed")
		s.end()
		if asked.Load() != 0 {
			t.Error("the redirect was followed")
		}
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		receiver := harness.NewReceiver(t)
		receiver.Answer(func(api.Event, int) int { return http.StatusGone })
		s := newSending(t, receiver, harness.AllowReceivers...)
		s.awaitLog("WRN", "a webhook was disabled")
		s.charge(8)
		s.end()
		if got := receiver.Got(); len(got) != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
