package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/metrics"
	"github.com/ration-dev/ration/observe"
	"github.com/ration-dev/ration/rationhttp"
)

// engine has queues of its own.
type engine struct{}

func (engine) Waiting() []int { return []int{3, 0} }
func (engine) Digests() int   { return 17 }

func newMetrics() *metrics.Metrics {
	m := metrics.New(metrics.Config{
		Routes: []string{"/ask", "/v1/verify", "/v1/reservations"}, Version: "1.2.3", Revision: "abc", Go: "go1.26",
		Weakened: []string{metrics.WeakenedOverage}, FailOpen: []string{"/ask"},
	})
	m.Watch(engine{})
	return m
}

// text is what a scrape gets.
func text(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", metrics.Path, nil))
	if answer.Code != 200 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("got %d %v", answer.Code, answer.Header())
	}
	return answer.Body.String()
}

// wantLines looks for lines of a scrape.
func wantLines(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	got := text(t, m)
	for _, line := range lines {
		if !strings.Contains("\n"+got, "\n"+line+"\n") {
			t.Errorf("%s is not in\n%s", line, ours(got))
		}
	}
}

// ours are the lines of Ration's own metrics.
func ours(text string) string {
	var found strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "ration_") {
			found.WriteString(line)
		}
	}
	return found.String()
}

// TestCountersOfAlertsAreThereBefore: an increase from nothing is none.
func TestCountersOfAlertsAreThereBefore(t *testing.T) {
	m := newMetrics()
	m.Purges([]string{"reservations", "jobs"})
	wantLines(t, m,
		`ration_decisions_total{code="failed_open",route="/ask",via="proxy"} 0`, `ration_decisions_total{code="failed_open",route="/ask",via="forward-auth"} 0`,
		`ration_decisions_total{code="failed_open",route="/ask",via="ext-authz"} 0`, `ration_decisions_total{code="failed_open",route="/ask",via="ext-authz-grpc"} 0`,
		`ration_purge_failures_total{table="reservations"} 0`, `ration_purge_failures_total{table="jobs"} 0`,
	)
	if strings.Contains(text(t, m), `code="failed_open",route="/v1/verify"`) {
		t.Error("a route that never fails open is counted")
	}
}

func TestAnswersAreCounted(t *testing.T) {
	m := newMetrics()
	for _, event := range []rationhttp.Event{
		{Via: "proxy", Route: "/ask", Code: ration.CodeOK, Wait: 2 * time.Millisecond},
		{Via: "proxy", Route: "/ask", Code: ration.CodeOK, Wait: 3 * time.Millisecond},
		{Via: "proxy", Route: "/ask", Code: ration.CodeQuotaExceeded, Status: 429, Wait: 2 * time.Second},
		{Via: "proxy", Route: "/ask", Code: ration.CodeStoreUnavailable, FailedOpen: true},
		{Via: "proxy", Code: "no_such_route", Status: 404},
		{Via: "verify", Route: "/v1/verify", Code: ration.CodeKeyUnknown},
		{Via: "verify", Route: "/v1/reservations", Code: ration.CodeOK},
		{Via: "usage", Code: "usage"},
		{Via: "proxy", Route: "/ask", FollowUp: rationhttp.FollowUpRefund, Code: ration.CodeOK, Refunded: true},
		{Via: "proxy", Route: "/ask", FollowUp: rationhttp.FollowUpRefund, Code: ration.CodeRefundsExhausted},
		{Via: "proxy", Route: "/ask", FollowUp: rationhttp.FollowUpSettle, Code: ration.CodeOK},
		{Via: "proxy", Route: "/ask", FollowUp: rationhttp.FollowUpFailed, Code: "upstream_timeout"},
		{Via: "proxy", Route: "/ask", FollowUp: rationhttp.FollowUpFailed, Code: rationhttp.CodeClientGone},
	} {
		m.Observe(t.Context(), event)
	}
	wantLines(t, m,
		`ration_decisions_total{code="ok",route="/ask",via="proxy"} 2`,
		`ration_decisions_total{code="quota_exceeded",route="/ask",via="proxy"} 1`,
		`ration_decisions_total{code="failed_open",route="/ask",via="proxy"} 1`,
		`ration_decisions_total{code="no_such_route",route="other",via="proxy"} 1`,
		`ration_decisions_total{code="key_unknown",route="/v1/verify",via="verify"} 1`,
		`ration_decisions_total{code="ok",route="/v1/reservations",via="reservations"} 1`,
		`ration_decision_seconds_bucket{via="proxy",le="0.0025"} 1`,
		`ration_decision_seconds_bucket{via="proxy",le="0.005"} 2`,
		`ration_decision_seconds_count{via="proxy"} 3`,
		`ration_refunds_total{code="ok",via="proxy"} 1`,
		`ration_refunds_total{code="refunds_exhausted",via="proxy"} 1`,
		`ration_settlements_total{code="ok",via="proxy"} 1`,
		`ration_upstream_failures_total{code="upstream_timeout"} 1`,
		`ration_upstream_failures_total{code="client_gone"} 1`,
	)
	if got := text(t, m); strings.Contains(got, "usage") {
		t.Error("what asks for no decision is counted")
	}
}

func TestWorkIsCounted(t *testing.T) {
	m := newMetrics()
	m.BatchEnded(observe.Batch{Store: "sqlite", Items: 3, Waited: 2 * time.Millisecond, Took: 20 * time.Millisecond})
	m.BatchEnded(observe.Batch{Store: "sqlite", Items: 300, Took: 2 * time.Second, Err: fmt.Errorf("%w: gone", ration.ErrStoreUnavailable)})
	m.BatchEnded(observe.Batch{Items: 1, Err: fmt.Errorf("%w: lost", ration.ErrOutcomeUnknown)})
	m.BatchEnded(observe.Batch{Items: 1, Err: errors.New("canary")})
	m.Retried(observe.Retry{Reason: observe.RetryConflict})
	m.CommitResolved(observe.Resolution{Outcome: observe.CommitFound})
	m.Purged(observe.Purge{Table: "reservations", Rows: 5})
	m.Purged(observe.Purge{Table: "request_log", Rows: -1})
	m.Purged(observe.Purge{Table: "reservations", Rows: 2, Err: errors.New("canary")})
	m.WeaknessChanged(observe.Weakness{What: observe.WeaknessStandbyAway, Active: true, Detail: "canary"})
	m.WeaknessChanged(observe.Weakness{What: observe.WeaknessUnsafeDurability, Active: true})
	m.WeaknessChanged(observe.Weakness{What: observe.WeaknessUnsafeDurability})
	wantLines(t, m,
		`ration_batch_items_bucket{le="4"} 3`, `ration_batch_items_sum 305`, `ration_batch_seconds_count 4`, `ration_batch_wait_seconds_sum 0.002`,
		`ration_batch_failures_total{reason="store_unavailable"} 1`, `ration_batch_failures_total{reason="outcome_unknown"} 1`,
		`ration_batch_failures_total{reason="other"} 1`, `ration_batch_failures_total{reason="clock_suspect"} 0`,
		`ration_retries_total{reason="conflict"} 1`, `ration_retries_total{reason="lost_commit"} 0`,
		`ration_lost_commits_total{outcome="committed"} 1`, `ration_lost_commits_total{outcome="unknown"} 0`,
		`ration_purged_rows_total{table="reservations"} 7`, `ration_purged_partitions_total{table="request_log"} 1`, `ration_purge_failures_total{table="reservations"} 1`,
		`ration_promise_weakened{what="standby_away"} 1`, `ration_promise_weakened{what="unsafe_durability"} 0`,
		`ration_promise_weakened{what="overage"} 1`, `ration_promise_weakened{what="fail_open"} 0`,
		`ration_queue_items{lane="0"} 3`, `ration_queue_items{lane="1"} 0`, `ration_lanes 2`, `ration_digests_cached 17`,
		`ration_build_info{goversion="go1.26",revision="abc",version="1.2.3"} 1`,
	)
	if strings.Contains(text(t, m), "canary") {
		t.Error("the text of an error is in the metrics")
	}
}

// TestFactsOfTheDatabase: they are read every 15 s, whoever scrapes, and missing while
// they can't be read.
func TestFactsOfTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMetrics()
		var reads atomic.Int64
		var away atomic.Bool
		ctx, cancel := context.WithCancel(t.Context())
		go m.Run(ctx, func(ctx context.Context) (metrics.Facts, error) {
			reads.Add(1)
			var err error
			if away.Load() {
				err = errors.New("away")
			}
			if deadline, bounded := ctx.Deadline(); !bounded || time.Until(deadline) > 5*time.Second {
				t.Error("a read may take for ever")
			}
			return metrics.Facts{Ready: err == nil, SchemaVersion: 23, Size: 1 << 20, Open: 2, Oldest: time.Minute, AwaitingStandby: 4, DeliveriesWaiting: 5, DeliveriesDead: 6, OldestDelivery: time.Hour}, err
		})
		synctest.Wait()
		time.Sleep(10 * time.Second)
		wantLines(t, m, "ration_ready 1", "ration_schema_version 23", "ration_database_size_bytes 1.048576e+06", "ration_reservations_open 2",
			"ration_reservation_oldest_age_seconds 70", "ration_commits_awaiting_standby 4", "ration_webhook_waiting 5", "ration_webhook_dead 6", "ration_webhook_oldest_age_seconds 3610", "ration_database_read_failures_total 0",
			"ration_database_read_timestamp_seconds 9.466848e+08")
		away.Store(true)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		wantLines(t, m, "ration_ready 0", "ration_database_read_failures_total 1")
		if got := text(t, m); strings.Contains(got, "ration_reservations_open ") || strings.Contains(got, "ration_database_size_bytes ") {
			t.Errorf("an old fact is told as if it were known:\n%s", ours(got))
		}
		for range 100 {
			text(t, m)
		}
		if got := reads.Load(); got != 2 {
			t.Errorf("the database was read %d times within 16 s, want 2", got)
		}
		cancel()
		synctest.Wait()
	})
}

// TestSeriesAreFew: nothing that clients send makes a series.
func TestSeriesAreFew(t *testing.T) {
	m := newMetrics()
	hostile := func(i int) {
		text := fmt.Sprintf("/canary'\"{}\n%d", i)
		for _, followUp := range []string{"", rationhttp.FollowUpRefund, rationhttp.FollowUpSettle, rationhttp.FollowUpFailed} {
			m.Observe(t.Context(), rationhttp.Event{
				Via: text, FollowUp: followUp, Route: text, RequestID: text, KeyID: ration.NewKeyID(), Code: ration.Code(text), Limit: text, Wait: time.Second, Err: errors.New(text),
			})
		}
	}
	hostile(0)
	before, err := testutil.GatherAndCount(m.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		hostile(i)
	}
	after, err := testutil.GatherAndCount(m.Registry())
	if err != nil || after != before {
		t.Errorf("%d series after 10,000 requests, and %d before: %v", after, before, err)
	}
	if strings.Contains(text(t, m), "canary") {
		t.Error("what a client sent is in the metrics")
	}
}

func TestNamesAreAsPrometheusWantsThem(t *testing.T) {
	problems, err := testutil.GatherAndLint(newMetrics().Registry())
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// TestCountingIsCheap: to count an answer allocates nothing.
func TestCountingIsCheap(t *testing.T) {
	m := newMetrics()
	event := rationhttp.Event{Via: "verify", Code: ration.CodeOK, Route: "/v1/verify", Wait: time.Millisecond}
	if allocated := testing.AllocsPerRun(1000, func() { m.Observe(t.Context(), event) }); allocated > 0 {
		t.Errorf("%v allocations, want none", allocated)
	}
}
