package proxy_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

func takeOver(t *testing.T) func(*proxy.Config) {
	return func(config *proxy.Config) {
		config.Rewrite, config.Errors = new(rewrite.Body), new(rewrite.Errors)
		for at, field := range map[string]string{"/quota/remaining": "remaining", "/user": "key_name"} {
			if err := config.Rewrite.Add(at, field); err != nil {
				t.Fatal(err)
			}
		}
		for code, body := range map[string]string{"key_unknown": `{"detail":"Invalid API key"}`, "default": `{"detail":"${code}"}`} {
			status := 0
			if code == "key_unknown" {
				status = 403
			}
			if err := config.Errors.Add(code, status, "", body); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRewritesJSONAnswers(t *testing.T) {
	const before, after = `{"user": "old", "x": 1.0}`, `{"user": "Ada's", "x": 1.0,"quota":{"remaining":95}}`
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(before))
	_ = w.Close()
	large := `{"user":"` + strings.Repeat("x", rewrite.MaxBodyBytes) + `"}`
	for _, row := range []struct {
		name, kind, encoding, body, want string
		status                           int
		chunked                          bool
	}{
		{"JSON", "application/json", "", before, after, 200, false},
		{"JSON in chunks", "application/json; charset=utf-8", "", before, after, 201, true},
		{"a kind of JSON", "application/hal+json", "identity", before, after, 200, false},
		{"an error of the application", "application/json", "", before, before, 422, false},
		{"text", "text/plain", "", before, before, 200, false},
		{"events", "text/event-stream", "", before, before, 200, true},
		{"encoded all the same", "application/json", "gzip", zipped.String(), zipped.String(), 200, false},
		{"part of an answer", "application/json", "", before, before, 206, false},
		{"larger than the bound", "application/json", "", large, large, 200, false},
		{"larger than the bound, in chunks", "application/json", "", large, large, 200, true},
		{"JSON that is broken", "application/json", "", before[1:], before[1:], 200, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", row.kind)
				w.Header().Set("ETag", `"1"`)
				if row.encoding != "" {
					w.Header().Set("Content-Encoding", row.encoding)
				}
				if !row.chunked {
					w.Header().Set("Content-Length", fmt.Sprint(len(row.body)))
				}
				w.WriteHeader(row.status)
				if row.chunked {
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = w.Write([]byte(row.body))
			})
			f := newFixture(t, u.URL, route.Config{}, takeOver(t))
			response := f.get(t, "/ask", "Accept-Encoding: gzip", "Range: bytes=0-3")
			if got := bodyOf(t, response); got != row.want || response.StatusCode != row.status {
				t.Errorf("got %d %.200q, want %d %.200q", response.StatusCode, got, row.status, row.want)
			}
			changed := row.want != row.body
			if got := response.Header.Get("ETag"); (got == "") != changed {
				t.Errorf("ETag %q of an answer that was changed: %t", got, changed)
			}
			if changed && response.ContentLength != int64(len(row.want)) {
				t.Errorf("Content-Length %d, want %d", response.ContentLength, len(row.want))
			}
			if got := u.only(t); got.Header.Get("Accept-Encoding") != "identity" || got.Header.Get("Range") != "" {
				t.Errorf("the upstream was asked for Accept-Encoding %q, Range %q", got.Header.Get("Accept-Encoding"), got.Header.Get("Range"))
			}
		})
	}
}

func TestRewriteLeavesFreeRoutesAndHeadsAlone(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "2")
		_, _ = w.Write([]byte(`{}`))
	})
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/free", Free: true}, {Path: "/plain", NoRewrite: true}}}, takeOver(t))
	for _, path := range []string{"/free", "/plain"} {
		if got := bodyOf(t, f.get(t, path)); got != `{}` {
			t.Errorf("%s answers %s", path, got)
		}
	}
	head := f.do(t, "HEAD", "/ask", nil, "X-API-Key: "+canary)
	if head.StatusCode != 200 || head.ContentLength == 2 {
		t.Errorf("HEAD: %d, Content-Length %d, which is the upstream's", head.StatusCode, head.ContentLength)
	}
}

func TestWordsErrors(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{}, takeOver(t))
	unknown := f.do(t, "GET", "/ask", nil, "X-API-Key: nobody's")
	if got := bodyOf(t, unknown); unknown.StatusCode != 403 || got != `{"detail":"Invalid API key"}` || unknown.Header.Get("Content-Type") != "application/json" {
		t.Errorf("unknown key: %d %s %s", unknown.StatusCode, unknown.Header.Get("Content-Type"), got)
	}
	if got := bodyOf(t, f.get(t, "/a%2fb")); got != `{"detail":"ambiguous_path"}` {
		t.Errorf("by default: %s", got)
	}
	f.charger.decision.Code, f.charger.decision.RetryAfter = ration.CodeQuotaExceeded, 1e9
	denied := f.get(t, "/ask")
	if got := bodyOf(t, denied); denied.StatusCode != 429 || got != `{"detail":"quota_exceeded"}` || denied.Header.Get("Retry-After") != "1" || denied.Header.Get("RateLimit") == "" {
		t.Errorf("quota: %d %s, Retry-After %q, RateLimit %q", denied.StatusCode, got, denied.Header.Get("Retry-After"), denied.Header.Get("RateLimit"))
	}
	f.charger.decision.Code = ration.CodeOK
	u.Close()
	if got := bodyOf(t, f.get(t, "/ask")); got != `{"detail":"upstream_unreachable"}` {
		t.Errorf("without an upstream: %s", got)
	}
}

// TestOneRemainingPerAnswer holds the body of an answer against its header.
func TestOneRemainingPerAnswer(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	})
	f := newFixture(t, u.URL, route.Config{}, func(config *proxy.Config) {
		config.Gate.Responder.Style = rationhttp.StyleBoth
		config.Rewrite, config.Errors = new(rewrite.Body), new(rewrite.Errors)
		for _, rule := range [][2]string{{"/remaining", "remaining"}, {"/limit", "limit"}, {"/used", "used"}, {"/hour", "remaining of requests-hour"}} {
			if err := config.Rewrite.Add(rule[0], rule[1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := config.Errors.Add("default", 0, "", `{"remaining":${remaining},"limit":${limit},"used":${used},"hour":${remaining of requests-hour}}`); err != nil {
			t.Fatal(err)
		}
	})
	quota := func(period ration.Period, used, quantity int64, resets time.Duration) ration.LimitStatus {
		return ration.LimitStatus{
			Limit: ration.Limit{Name: "requests-" + string(period), Meter: "requests", Kind: ration.KindQuota, Quantity: quantity, Period: period},
			Used:  used, Remaining: quantity - used, ResetsAt: noon.Add(resets), AvailableAt: noon.Add(resets),
		}
	}
	hour, month := quota(ration.PeriodHour, 50, 100, time.Hour), quota(ration.PeriodMonth, 9000, 10_000, 48*time.Hour)
	for _, row := range []struct {
		name          string
		code          ration.Code
		hour, refuses bool // whether the hour, the month refuses
		want          string
	}{
		{"the smaller part remains of the month", ration.CodeOK, false, false, `{"remaining":1000,"limit":10000,"used":9000,"hour":50}`},
		{"the hour refuses", ration.CodeQuotaExceeded, true, false, `{"remaining":50,"limit":100,"used":50,"hour":50}`},
		{"both refuse, the month for longer", ration.CodeQuotaExceeded, true, true, `{"remaining":1000,"limit":10000,"used":9000,"hour":50}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			hour.Exceeded, month.Exceeded = row.hour, row.refuses
			f.charger.decision.Code, f.charger.decision.Limits = row.code, []ration.LimitStatus{hour, month}
			response := f.get(t, "/ask")
			if got := bodyOf(t, response); got != row.want {
				t.Errorf("body %s, want %s", got, row.want)
			}
			header := fmt.Sprintf(`{"remaining":%s,"limit":%s,"used":%s,"hour":50}`, response.Header.Get("X-RateLimit-Remaining"), response.Header.Get("X-RateLimit-Limit"), response.Header.Get("X-RateLimit-Used"))
			if header != row.want {
				t.Errorf("header fields %s, want %s", header, row.want)
			}
			if told := response.Header.Get("RateLimit"); told != `"requests-hour";r=50;t=3600, "requests-month";r=1000;t=172800` {
				t.Errorf("RateLimit: %s", told)
			}
		})
	}
}
