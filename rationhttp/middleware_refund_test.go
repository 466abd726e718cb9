package rationhttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// TestMiddlewareGivesBackATenth plays a client that makes every call fail.
func TestMiddlewareGivesBackATenth(t *testing.T) {
	fixture := rationtest.New(t, rationtest.Options{})
	key := fixture.Key(rationtest.Key{Limits: []string{"1000/month"}})
	calls := 0
	handler := rationhttp.Middleware(fixture.Engine, rationhttp.WithRefunds(rationhttp.DefaultRefunds()), rationhttp.WithQuestion(func(*http.Request) rationhttp.Question {
		return rationhttp.Question{Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: 100}}}
	}))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	for range 20 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-API-Key", key.Secret.Reveal())
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if used, _ := fixture.Used(key.ID, ration.MeterRequests); calls != 11 || used != 1000 {
		t.Errorf("%d calls were let through and %d units are used, want 11 and 1000", calls, used)
	}
}

func TestMiddlewareGivesBackByWhatTheHandlerAnswers(t *testing.T) {
	write := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		refunds int
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 0},
		{"success", write(200), 0},
		{"a fault of the client", write(422), 0},
		{"a fault of the handler", write(500), 0},
		{"out of service", write(503), 1},
		{"hints, and then out of service", func(w http.ResponseWriter, r *http.Request) { write(103)(w, r); write(503)(w, r) }, 1},
		{"out of service, twice", func(w http.ResponseWriter, r *http.Request) { write(503)(w, r); write(503)(w, r) }, 1},
		{"out of service with a body", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "later", http.StatusServiceUnavailable) }, 1},
		{"out of service after an answer", func(w http.ResponseWriter, r *http.Request) { write(200)(w, r); write(503)(w, r) }, 0},
		{"out of service after a body", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "x"); write(503)(w, r) }, 0},
		{"out of service after bytes", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("x")); write(503)(w, r) }, 0},
		{"out of service after a flush", func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			write(503)(w, r)
		}, 0},
		{"given back by the handler", func(w http.ResponseWriter, r *http.Request) {
			if err := rationhttp.Refund(r.Context()); err != nil {
				t.Error(err)
			}
			if err := rationhttp.Refund(r.Context()); !errors.Is(err, rationhttp.ErrNotRefundable) {
				t.Errorf("a second time: %v", err)
			}
			write(503)(w, r)
		}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger := &fakeCharger{decision: refundable()}
			w := get(rationhttp.Middleware(charger, rationhttp.WithRefunds(rationhttp.DefaultRefunds())), func(w http.ResponseWriter, r *http.Request) {
				if decision, found := rationhttp.DecisionFrom(r.Context()); !found || decision.Receipt != nil {
					t.Errorf("the handler got %+v", decision)
				}
				row.handler(w, r)
			}, "/")
			if charger.refunds() != row.refunds {
				t.Errorf("%d refunds, want %d", charger.refunds(), row.refunds)
			}
			remaining := `"requests-day";r=599;`
			if row.refunds > 0 {
				remaining = `"requests-day";r=600;`
			}
			if got := w.Header().Get("RateLimit"); !strings.HasPrefix(got, remaining) {
				t.Errorf("RateLimit: %s, want %s", got, remaining)
			}
		})
	}
}

func TestMiddlewareGivesBackAfterAPanicOnlyIfNothingWasWritten(t *testing.T) {
	for _, row := range []struct {
		name    string
		policy  rationhttp.Refunds
		value   any
		before  func(http.ResponseWriter)
		refunds int
	}{
		{"at once", rationhttp.DefaultRefunds(), "a fault", func(http.ResponseWriter) {}, 1},
		{"at once, on purpose", rationhttp.DefaultRefunds(), http.ErrAbortHandler, func(http.ResponseWriter) {}, 1},
		{"after its head", rationhttp.DefaultRefunds(), "a fault", func(w http.ResponseWriter) { w.WriteHeader(200) }, 0},
		{"half-way", rationhttp.DefaultRefunds(), http.ErrAbortHandler, func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half") }, 0},
		{"after a refund", rationhttp.DefaultRefunds(), "a fault", func(w http.ResponseWriter) { w.WriteHeader(503) }, 1},
		{"where 502 stays", rationhttp.Refunds{Unreachable: true, Statuses: []int{503}}, "a fault", func(http.ResponseWriter) {}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger := &fakeCharger{decision: refundable()}
			defer func() {
				if got := recover(); got != row.value {
					t.Errorf("the panic went on as %v", got)
				}
				if charger.refunds() != row.refunds {
					t.Errorf("%d refunds, want %d", charger.refunds(), row.refunds)
				}
			}()
			get(rationhttp.Middleware(charger, rationhttp.WithRefunds(row.policy)), func(w http.ResponseWriter, _ *http.Request) {
				row.before(w)
				panic(row.value)
			}, "/")
		})
	}
}

func TestMiddlewareGivesNothingBackForAClientThatHasGone(t *testing.T) {
	charger := &fakeCharger{decision: refundable()}
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.Header.Set("X-API-Key", "k1")
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(503)
	})
	rationhttp.Middleware(charger, rationhttp.WithRefunds(rationhttp.DefaultRefunds()))(next).ServeHTTP(httptest.NewRecorder(), r)
	if charger.refunds() != 0 {
		t.Errorf("%d refunds", charger.refunds())
	}
}

func TestMiddlewareGivesNothingBackUnlessToldTo(t *testing.T) {
	charger := &fakeCharger{decision: allowed()}
	get(rationhttp.Middleware(charger), func(w http.ResponseWriter, r *http.Request) {
		if err := rationhttp.Refund(r.Context()); !errors.Is(err, rationhttp.ErrNotRefundable) {
			t.Errorf("got %v", err)
		}
		w.WriteHeader(503)
	}, "/")
	if charger.refunds() != 0 || charger.charges[0].Refundable {
		t.Errorf("%d refunds, charged %+v", charger.refunds(), charger.charges[0])
	}
}

func TestMiddlewareRefusesAChargerThatCannotGiveBack(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("nobody is told")
		}
	}()
	rationhttp.Middleware(struct{ rationhttp.Charger }{&fakeCharger{}}, rationhttp.WithRefunds(rationhttp.DefaultRefunds()))
}

// TestAWatchedWriterCanWhatItCould talks to a server, whose writer can everything.
func TestAWatchedWriterCanWhatItCould(t *testing.T) {
	charger := &fakeCharger{decision: refundable()}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, able := w.(io.ReaderFrom); !able {
			t.Error("it reads from nothing")
		}
		if _, able := w.(http.Flusher); !able || http.NewResponseController(w).Flush() != nil {
			t.Error("it can't flush")
		}
		if r.URL.Path == "/copied" {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("copied")})
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("it can't be hijacked: %v", err)
			return
		}
		_, _ = io.WriteString(connection, "5\r\nraw\r\n\r\n0\r\n\r\n")
		_ = connection.Close()
	})
	server := httptest.NewServer(rationhttp.Middleware(charger, rationhttp.WithRefunds(rationhttp.DefaultRefunds()))(handler))
	defer server.Close()
	for path, want := range map[string]string{"/copied": "copied", "/hijacked": "raw\r\n"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+path, nil)
		r.Header.Set("X-API-Key", "k1")
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(bufio.NewReader(response.Body))
		_ = response.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("%s: got %q, %v", path, body, err)
		}
	}
	if charger.refunds() != 0 {
		t.Errorf("%d refunds", charger.refunds())
	}
}
