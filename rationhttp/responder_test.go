package rationhttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/rationhttp"
)

// fieldsOf returns a response's fields in a form to compare.
func fieldsOf(response rationhttp.Response) map[string]string {
	fields := make(map[string]string)
	for _, field := range response.Fields {
		if _, twice := fields[field.Name]; twice {
			panic("field twice: " + field.Name)
		}
		fields[field.Name] = field.Value
	}
	return fields
}

func problemIn(t *testing.T, response rationhttp.Response) api.Problem {
	t.Helper()
	var problem api.Problem
	if err := json.Unmarshal(response.Body, &problem); err != nil {
		t.Fatalf("body %q: %v", response.Body, err)
	}
	return problem
}

func TestStylesOfRateLimitFields(t *testing.T) {
	decision := allowed()
	decision.Limits = []ration.LimitStatus{secondly(3), daily(1000)}
	const policy, state = `"requests-rate-second";q=20;w=2, "requests-day";q=1000;w=86400`, `"requests-rate-second";r=17;t=1, "requests-day";r=0;t=43200`
	draft := map[string]string{"RateLimit-Policy": policy, "RateLimit": state}
	legacy := map[string]string{"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0", "X-RateLimit-Used": "1000", "X-RateLimit-Reset": fmt.Sprint(noon.Add(12 * time.Hour).Unix())}
	delta := map[string]string{"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0", "X-RateLimit-Used": "1000", "X-RateLimit-Reset": "43200"}
	for _, row := range []struct {
		name      string
		responder rationhttp.Responder
		want      []map[string]string
	}{
		{"default", rationhttp.Responder{}, []map[string]string{draft}},
		{"draft10", rationhttp.Responder{Style: rationhttp.StyleDraft10}, []map[string]string{draft}},
		{"legacy", rationhttp.Responder{Style: rationhttp.StyleLegacy}, []map[string]string{legacy}},
		{"legacy in seconds from now", rationhttp.Responder{Style: rationhttp.StyleLegacy, LegacyDelta: true}, []map[string]string{delta}},
		{"both", rationhttp.Responder{Style: rationhttp.StyleBoth}, []map[string]string{draft, legacy}},
		{"off", rationhttp.Responder{Style: rationhttp.StyleOff}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := map[string]string{"Cache-Control": "private", "Vary": "X-API-Key, Authorization"}
			for _, fields := range row.want {
				for name, value := range fields {
					want[name] = value
				}
			}
			response := row.responder.Decided(&decision, rationhttp.Echo{})
			if diff := cmp.Diff(want, fieldsOf(response)); diff != "" || response.Status != 200 || len(response.Body) > 0 {
				t.Errorf("status %d, body %q, fields (-want +got):\n%s", response.Status, response.Body, diff)
			}
		})
	}
}

func TestRateLimitFieldsOfOneLimit(t *testing.T) {
	quota := func(quantity int64, period ration.Period, used int64, resets time.Time) ration.LimitStatus {
		return ration.LimitStatus{
			Limit: ration.Limit{Name: "l", Meter: "requests", Kind: ration.KindQuota, Quantity: quantity, Period: period},
			Used:  used, Remaining: quantity - used, ResetsAt: resets, AvailableAt: resets,
		}
	}
	rate := func(quantity, burst int64, period ration.Period) ration.LimitStatus {
		return ration.LimitStatus{Limit: ration.Limit{Name: "l", Meter: "requests", Kind: ration.KindRate, Quantity: quantity, Burst: burst, Period: period}, Remaining: burst}
	}
	tokens := quota(10, ration.PeriodDay, 0, noon.Add(time.Second))
	tokens.Meter = "tokens"
	for _, row := range []struct {
		name          string
		status        ration.LimitStatus
		policy, state string
	}{
		{"hour", quota(5, ration.PeriodHour, 2, noon.Add(time.Hour)), `"l";q=5;w=3600`, `"l";r=3;t=3600`},
		{"week", quota(5, ration.PeriodWeek, 2, noon.Add(time.Hour)), `"l";q=5;w=604800`, `"l";r=3;t=3600`},
		{"a month has no fixed length", quota(5, ration.PeriodMonth, 2, noon.Add(time.Hour)), `"l";q=5`, `"l";r=3;t=3600`},
		{"a lifetime never refills", quota(5, ration.PeriodLifetime, 5, time.Time{}), `"l";q=5`, `"l";r=0`},
		{"time is rounded up", quota(5, ration.PeriodDay, 2, noon.Add(time.Nanosecond)), `"l";q=5;w=86400`, `"l";r=3;t=1`},
		{"a reset that is past is now", quota(5, ration.PeriodDay, 2, noon.Add(-time.Second)), `"l";q=5;w=86400`, `"l";r=3;t=0`},
		{"integers have 15 digits", quota(ration.MaxUnits, ration.PeriodLifetime, 0, time.Time{}), `"l";q=999999999999999`, `"l";r=999999999999999`},
		{"another meter is named", tokens, `"l";q=10;w=86400;ration-meter="tokens"`, `"l";r=10;t=1`},
		{"a full rate has nothing to wait for", rate(3, 3, ration.PeriodSecond), `"l";q=3;w=1`, `"l";r=3`},
		{"a window that doesn't divide is rounded up", rate(3, 10, ration.PeriodSecond), `"l";q=10;w=4`, `"l";r=10`},
		{"per minute", rate(90, 30, ration.PeriodMinute), `"l";q=30;w=20`, `"l";r=30`},
		{"a rate of 0", rate(0, 0, ration.PeriodSecond), `"l";q=0`, `"l";r=0`},
		{"a huge burst", rate(1, ration.MaxUnits, ration.PeriodMinute), `"l";q=999999999999999;w=999999999999999`, `"l";r=999999999999999`},
	} {
		t.Run(row.name, func(t *testing.T) {
			decision := ration.Decision{Code: ration.CodeOK, DecidedAt: noon, Limits: []ration.LimitStatus{row.status}}
			fields := fieldsOf(new(rationhttp.Responder).Decided(&decision, rationhttp.Echo{}))
			if fields["RateLimit-Policy"] != row.policy || fields["RateLimit"] != row.state {
				t.Errorf("got %s and %s\nwant %s and %s", fields["RateLimit-Policy"], fields["RateLimit"], row.policy, row.state)
			}
			for _, value := range []string{fields["RateLimit-Policy"], fields["RateLimit"]} {
				if _, err := httpsfv.UnmarshalList([]string{value}); err != nil {
					t.Errorf("%s is no structured field: %v", value, err)
				}
			}
		})
	}
}

func TestDenials(t *testing.T) {
	exceeded := func(status ration.LimitStatus) ration.LimitStatus { status.Exceeded = true; return status }
	lifetime := ration.LimitStatus{
		Limit: ration.Limit{Name: "tokens-lifetime", Meter: "tokens", Kind: ration.KindQuota, Quantity: 50, Period: ration.PeriodLifetime}, Used: 48, Remaining: 2, Exceeded: true,
	}
	const invalidToken = `Bearer realm="api", error="invalid_token"`
	for _, row := range []struct {
		name       string
		decision   ration.Decision
		asked      rationhttp.Echo
		responder  rationhttp.Responder
		status     int
		code       string
		challenge  string
		retryAfter string
		violated   []string
	}{
		{name: "no key", decision: ration.Decision{Code: ration.CodeKeyMissing}, status: 401, code: "key_missing", challenge: `Bearer realm="api"`},
		{name: "unknown key", decision: ration.Decision{Code: ration.CodeKeyUnknown}, status: 401, code: "key_unknown", challenge: invalidToken},
		{name: "expired key", decision: ration.Decision{Code: ration.CodeKeyExpired}, status: 401, code: "key_expired", challenge: invalidToken},
		{name: "disabled key", decision: ration.Decision{Code: ration.CodeKeyDisabled}, status: 401, code: "key_disabled", challenge: invalidToken},
		{name: "revoked key", decision: ration.Decision{Code: ration.CodeKeyRevoked}, status: 401, code: "key_revoked", challenge: invalidToken},
		{name: "revoked key, uniform", decision: ration.Decision{Code: ration.CodeKeyRevoked}, responder: rationhttp.Responder{Uniform: true}, status: 401, code: "key_unknown", challenge: invalidToken},
		{name: "realm of one's own", decision: ration.Decision{Code: ration.CodeKeyMissing}, responder: rationhttp.Responder{Realm: "maps"}, status: 401, code: "key_missing", challenge: `Bearer realm="maps"`},
		{name: "scope", decision: ration.Decision{Code: ration.CodeInsufficientScope}, asked: rationhttp.Echo{Scope: "write"}, status: 403, code: "insufficient_scope", challenge: `Bearer realm="api", error="insufficient_scope", scope="write"`},
		{name: "address", decision: ration.Decision{Code: ration.CodeIPNotAllowed}, status: 403, code: "ip_not_allowed"},
		{
			name:     "quota",
			decision: ration.Decision{Code: ration.CodeQuotaExceeded, DecidedAt: noon, RetryAfter: 12 * time.Hour, Limits: []ration.LimitStatus{secondly(1), exceeded(daily(1000))}},
			status:   429, code: "quota_exceeded", retryAfter: "43200", violated: []string{"requests-day"},
		},
		{
			name:     "rate, rounded up",
			decision: ration.Decision{Code: ration.CodeRateExceeded, DecidedAt: noon, RetryAfter: 100 * time.Millisecond, Limits: []ration.LimitStatus{exceeded(secondly(20)), daily(5)}},
			status:   429, code: "rate_exceeded", retryAfter: "1", violated: []string{"requests-rate-second"},
		},
		{
			name:     "waiting doesn't help",
			decision: ration.Decision{Code: ration.CodeQuotaExceeded, DecidedAt: noon, Limits: []ration.LimitStatus{exceeded(daily(1000)), lifetime}},
			asked:    rationhttp.Echo{Amounts: []ration.Amount{{Meter: "tokens", Units: 7}}},
			status:   429, code: "quota_exceeded", violated: []string{"requests-day", "tokens-lifetime"},
		},
		{
			name:     "never admissible",
			decision: ration.Decision{Code: ration.CodeCostExceedsLimit, DecidedAt: noon, Limits: []ration.LimitStatus{lifetime}},
			asked:    rationhttp.Echo{Amounts: []ration.Amount{{Meter: "tokens", Units: 51}}},
			status:   422, code: "cost_exceeds_limit", violated: []string{"tokens-lifetime"},
		},
		{name: "a code that nobody knows", decision: ration.Decision{Code: "surprise"}, status: 500, code: "internal_error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.asked.RequestID = "r-1"
			response := row.responder.Decided(&row.decision, row.asked)
			fields, problem := fieldsOf(response), problemIn(t, response)
			if response.Status != row.status || problem.Status != row.status || problem.Code != row.code || problem.RequestID != "r-1" || problem.Title == "" {
				t.Errorf("got status %d, problem %+v; want %d, %s", response.Status, problem, row.status, row.code)
			}
			if fields["WWW-Authenticate"] != row.challenge {
				t.Errorf("got challenge %q, want %q", fields["WWW-Authenticate"], row.challenge)
			}
			if fields["Retry-After"] != row.retryAfter || (problem.RetryAfter == nil) != (row.retryAfter == "") {
				t.Errorf("got Retry-After %q, in the body %v; want %q", fields["Retry-After"], problem.RetryAfter, row.retryAfter)
			}
			if fields["Content-Type"] != "application/problem+json" || fields["Cache-Control"] != "no-store" {
				t.Errorf("got fields %v", fields)
			}
			if diff := cmp.Diff(row.violated, problem.ViolatedPolicies); diff != "" {
				t.Errorf("violated policies (-want +got):\n%s", diff)
			}
			if (fields["RateLimit"] != "") != (len(row.decision.Limits) > 0) {
				t.Errorf("got RateLimit %q with %d limits", fields["RateLimit"], len(row.decision.Limits))
			}
		})
	}
}

func TestProblemDescribesTheLimitThatRefusesForLongest(t *testing.T) {
	quota, rate := daily(1000), secondly(20)
	quota.Exceeded, rate.Exceeded = true, true
	decision := ration.Decision{Code: ration.CodeQuotaExceeded, DecidedAt: noon, RetryAfter: 12 * time.Hour, Limits: []ration.LimitStatus{rate, quota}}
	response := new(rationhttp.Responder).Decided(&decision, rationhttp.Echo{RequestID: "r-1"})
	const want = `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Too Many Requests","status":429,` +
		`"detail":"The limit requests-day allows 1000 requests per day; 1000 are used and this request asks for 1.","code":"quota_exceeded","request_id":"r-1",` +
		`"violated-policies":["requests-rate-second","requests-day"],"limit":1000,"used":1000,"cost":1,"resets_at":"2026-07-16T00:00:00Z","retry_after":43200}`
	if got := string(response.Body); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestProblemDoesNotDescribeACutThatEndsSooner asks for more than a limit allows that is
// cut for some seconds, while another refuses for hours.
func TestProblemDoesNotDescribeACutThatEndsSooner(t *testing.T) {
	cut, month := daily(0), daily(1000)
	cut.Quantity, cut.ResetsAt, cut.Exceeded = 3, noon.Add(12*time.Second), true
	month.Period, month.ResetsAt, month.Exceeded = ration.PeriodMonth, noon.Add(400*time.Hour), true
	decision := ration.Decision{Code: ration.CodeQuotaExceeded, DecidedAt: noon, RetryAfter: 400 * time.Hour, Limits: []ration.LimitStatus{cut, month}}
	problem := problemIn(t, new(rationhttp.Responder).Decided(&decision, rationhttp.Echo{Amounts: []ration.Amount{{Meter: "requests", Units: 5}}}))
	if problem.ResetsAt == nil || !problem.ResetsAt.Equal(month.ResetsAt) || *problem.Limit != "1000" {
		t.Errorf("got %+v, want the limit of the month", problem)
	}
}

func TestEverythingUnknownGetsOneBody(t *testing.T) {
	var responder rationhttp.Responder
	unknown := responder.Decided(&ration.Decision{Code: ration.CodeKeyUnknown}, rationhttp.Echo{RequestID: "r"})
	later := responder.Decided(&ration.Decision{Code: ration.CodeKeyUnknown, DecidedAt: noon}, rationhttp.Echo{RequestID: "r", Scope: "write"})
	if diff := cmp.Diff(unknown, later); diff != "" {
		t.Errorf("two answers to unknown keys differ:\n%s", diff)
	}
}

func TestErrorsThatAreNoDecision(t *testing.T) {
	for _, row := range []struct {
		name       string
		err        error
		status     int
		code       string
		retryAfter string
	}{
		{"store", fmt.Errorf("x: %w", ration.ErrStoreUnavailable), 503, "store_unavailable", "1"},
		{"closing", fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, ration.ErrClosed), 503, "store_unavailable", "1"},
		{"outcome unknown invites no second charge", fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, ration.ErrStoreUnavailable), 503, "outcome_unknown", ""},
		{"clocks", ration.ErrClockSuspect, 503, "clock_suspect", ""},
		{"two keys", rationhttp.ErrConflictingKeys, 400, "invalid_request", ""},
		{"key in the URL", rationhttp.ErrKeyInURL, 400, "keys_in_url", ""},
		{"no idempotency key", rationhttp.ErrIdempotencyKey, 400, "invalid_idempotency_key", ""},
		{"idempotency key of something else", fmt.Errorf("x: %w", ration.ErrIdempotencyMismatch), 422, "idempotency_mismatch", ""},
		{"unknown reservation", ration.ErrReservationUnknown, 404, "reservation_unknown", ""},
		{"reservation of something else", ration.ErrReservationConflict, 409, "reservation_conflict", ""},
		{"reservation of long ago", ration.ErrReservationExpired, 409, "reservation_expired", ""},
		{"more than was reserved", ration.ErrSettlementTooLarge, 409, "settlement_too_large", ""},
		{"a charge that can't be is the integration's fault", &ration.InvalidError{Field: "amounts", Value: "secret-value"}, 500, "internal_error", ""},
		{"anything else", errors.New("secret-value"), 500, "internal_error", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			response := new(rationhttp.Responder).Failed(row.err, "r-1")
			problem := problemIn(t, response)
			if response.Status != row.status || problem.Code != row.code || response.Field("Retry-After") != row.retryAfter || problem.RequestID != "r-1" {
				t.Errorf("got %d, Retry-After %q, %+v; want %d, %q, %s", response.Status, response.Field("Retry-After"), problem, row.status, row.retryAfter, row.code)
			}
			if row.status == 500 && (problem.Detail != "" || problem.Title != "Internal Server Error") {
				t.Errorf("a fault of ours tells %q", problem.Detail)
			}
		})
	}
}
