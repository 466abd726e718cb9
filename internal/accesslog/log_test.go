package accesslog_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/accesslog"
	"github.com/ration-dev/ration/rationhttp"
)

// lineOf returns what is logged of a handler's answer over a real connection.
func lineOf(t *testing.T, method string, next func(*accesslog.Log, http.ResponseWriter, *http.Request)) string {
	t.Helper()
	var out bytes.Buffer
	log := accesslog.New(slog.New(slog.NewTextHandler(&out, nil)), nil)
	handler, logged := log.Handler("proxy", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next(log, w, r) })), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(logged)
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/canary?canary", nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := server.Client().Do(request); err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	<-logged
	if strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "canary") {
		t.Errorf("not one line, or one with the path: %q", &out)
	}
	return out.String()
}

func TestEachEndOfAnAnswerIsOneLine(t *testing.T) {
	for name, row := range map[string]struct {
		method string
		next   func(*accesslog.Log, http.ResponseWriter, *http.Request)
		want   string
	}{
		"without a status": {"GET", func(_ *accesslog.Log, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("12345")) }, "status=200 bytes=5"},
		"after early hints": {"GET", func(_ *accesslog.Log, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNotFound)
		}, "status=404 bytes=0"},
		"flushed": {"GET", func(_ *accesslog.Log, w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}, "status=200"},
		"connection taken over": {"GET", func(_ *accesslog.Log, w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.Close()
		}, "status=101"},
		"broken off": {"GET", func(_ *accesslog.Log, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			panic(http.ErrAbortHandler)
		}, "status=200"},
		"method of the client's": {"CANARY", func(*accesslog.Log, http.ResponseWriter, *http.Request) {}, "method=other status=200"},
		"counted for nothing": {"GET", func(log *accesslog.Log, w http.ResponseWriter, r *http.Request) {
			log.Observe(r.Context(), rationhttp.Event{Code: "store_unavailable", FailedOpen: true, RequestID: "r-1"})
			log.Observe(r.Context(), rationhttp.Event{Code: "upstream_failed", FollowUp: rationhttp.FollowUpFailed, RequestID: "r-1"})
		}, "request_id=r-1 code=upstream_failed method=GET status=200 bytes=0"},
		"settled": {"GET", func(log *accesslog.Log, w http.ResponseWriter, r *http.Request) {
			log.Observe(r.Context(), rationhttp.Event{Code: "ok", Limit: "requests-day"})
			log.Observe(r.Context(), rationhttp.Event{Code: "store_unavailable", FollowUp: rationhttp.FollowUpSettle})
		}, "code=ok limit=requests-day"},
	} {
		t.Run(name, func(t *testing.T) {
			if line := lineOf(t, row.method, row.next); !strings.Contains(line, row.want) || strings.Contains(line, "failed_open") != (name == "counted for nothing") {
				t.Errorf("want %s in %s", row.want, line)
			}
		})
	}
}

func TestALogThatIsOffLeavesTheHandlerAlone(t *testing.T) {
	var off *accesslog.Log
	w := httptest.NewRecorder()
	off.Handler("proxy", http.HandlerFunc(func(got http.ResponseWriter, r *http.Request) {
		if got != w {
			t.Error("the handler's writer is wrapped")
		}
		off.Observe(r.Context(), rationhttp.Event{})
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
}
