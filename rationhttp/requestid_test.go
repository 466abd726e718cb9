package rationhttp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/rationhttp"
)

// TestRefusalsOfTheMiddlewareAreFoundByTheirRequestID: the header, the body and the log
// have one id, whatever the status is.
func TestRefusalsOfTheMiddlewareAreFoundByTheirRequestID(t *testing.T) {
	exceeded := ration.LimitStatus{Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: 3}, Used: 3, Exceeded: true}
	key := ration.NewKeyID()
	for _, row := range []struct {
		code     ration.Code
		err      error
		status   int
		want     ration.Code
		loggedBy string // what else the line has
	}{
		{ration.CodeKeyUnknown, nil, 401, "key_unknown", ""},
		{ration.CodeIPNotAllowed, nil, 403, "ip_not_allowed", "key_id=" + key.String()},
		{ration.CodeCostExceedsLimit, nil, 422, "cost_exceeds_limit", "limit=requests-day"},
		{ration.CodeQuotaExceeded, nil, 429, "quota_exceeded", "limit=requests-day"},
		{"", ration.ErrIdempotencyMismatch, 422, "idempotency_mismatch", ""},
		{"", ration.ErrStoreUnavailable, 503, "store_unavailable", ""},
		{"", errors.New("canary"), 500, "internal_error", ""},
	} {
		charger := &fakeCharger{err: row.err, decision: ration.Decision{Code: row.code}}
		if row.loggedBy != "" {
			charger.decision.KeyID = key
		}
		if strings.HasPrefix(row.loggedBy, "limit") {
			charger.decision.Limits = []ration.LimitStatus{exceeded}
		}
		var log bytes.Buffer
		observe := rationhttp.LogRefusals(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		w := get(rationhttp.Middleware(charger, rationhttp.WithObserver(observe)), func(http.ResponseWriter, *http.Request) {}, "/canary?canary=1")
		var problem api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != row.status {
			t.Fatalf("%s: %d %v %s", row.want, w.Code, err, w.Body)
		}
		id := w.Header().Get("X-Request-Id")
		if id == "" || problem.RequestID != id {
			t.Errorf("%s: header %q, body %q", row.want, id, problem.RequestID)
		}
		for _, part := range []string{"request_id=" + id, "code=" + string(row.want), row.loggedBy, "level=DEBUG", "via=middleware", "status="} {
			if !strings.Contains(log.String(), part) {
				t.Errorf("%s: %q is not in %s", row.want, part, &log)
			}
		}
		if strings.Contains(log.String(), "canary") || strings.Contains(log.String(), "k1") {
			t.Errorf("%s: the log has a secret, a path or a query: %s", row.want, &log)
		}
	}
}

// TestRefusalsAreSaidOnlyToThoseWhoDebug, and admissions to nobody.
func TestRefusalsAreSaidOnlyToThoseWhoDebug(t *testing.T) {
	for level, decision := range map[slog.Level]ration.Decision{slog.LevelInfo: {Code: ration.CodeKeyUnknown}, slog.LevelDebug: allowed()} {
		var log bytes.Buffer
		observe := rationhttp.LogRefusals(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level})))
		get(rationhttp.Middleware(&fakeCharger{decision: decision}, rationhttp.WithObserver(observe)), func(http.ResponseWriter, *http.Request) {}, "/")
		if log.Len() > 0 {
			t.Errorf("at level %s: %s", level, &log)
		}
	}
}

// TestOneRuleForRequestIDs: an id is the application's own or a trusted peer's, and has
// a form that can't be mistaken in a log.
func TestOneRuleForRequestIDs(t *testing.T) {
	trusted := rationhttp.TrustedProxies{netip.MustParsePrefix("192.0.2.0/24")}
	long := strings.Repeat("a", 129)
	for _, row := range []struct {
		name                 string
		asked, outer, client string
		proxies              rationhttp.TrustedProxies
		want                 string // empty: a new one
	}{
		{"the application's own", "own", "outer", "client", trusted, "own"},
		{"of an outer handler", "", "outer", "client", trusted, "outer"},
		{"of a trusted peer", "", "", "client", trusted, "client"},
		{"of anybody", "", "", "client", nil, ""},
		{"longest", "", "", long[:128], trusted, long[:128]},
		{"too long", long, long, long, trusted, ""},
		{"line break", "a\nlevel=ERROR", "a\nb", "", trusted, ""},
		{"spaces", "a b", "a b", "a b", trusted, ""},
		{"other letters", "ä", "ä", "ä", trusted, ""},
		{"quotes", `a"b`, `a"b`, `a"b`, trusted, ""},
	} {
		question := func(*http.Request) rationhttp.Question { return rationhttp.Question{RequestID: row.asked} }
		handler := rationhttp.Middleware(&fakeCharger{decision: ration.Decision{Code: ration.CodeKeyUnknown}}, rationhttp.WithQuestion(question), rationhttp.WithTrustedProxies(row.proxies))(nil)
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Request-Id", row.client)
		if row.outer != "" {
			w.Header().Set("X-Request-Id", row.outer)
		}
		handler.ServeHTTP(w, r)
		got := w.Header().Get("X-Request-Id")
		if row.want != "" && got != row.want || row.want == "" && len(got) != 36 || !strings.Contains(w.Body.String(), `"request_id":"`+got+`"`) {
			t.Errorf("%s: the id is %q, want %q; body %s", row.name, got, row.want, w.Body)
		}
	}
}
