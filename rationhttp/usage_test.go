package rationhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// askUsage sends a request to a handler and returns its answer.
func askUsage(t *testing.T, handler http.Handler, method, secret string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1/usage", nil)
	if secret != "" {
		r.Header.Set("X-API-Key", secret)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// spend charges amounts and returns the decision's code.
func spend(t *testing.T, f *rationtest.Fixture, charge ration.Charge) ration.Code {
	t.Helper()
	decision, err := f.Engine.Charge(t.Context(), charge)
	if err != nil {
		t.Fatal(err)
	}
	return decision.Code
}

func usageIn(t *testing.T, w *httptest.ResponseRecorder) api.OwnUsage {
	t.Helper()
	var usage api.OwnUsage
	if err := json.Unmarshal(w.Body.Bytes(), &usage); err != nil || w.Code != http.StatusOK {
		t.Fatalf("got %d %s, %v", w.Code, w.Body, err)
	}
	return usage
}

func TestUsageTellsWhatRemainsOfAQuotaThatIsUsedUp(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	f.Plan("free", "3/day", "1000 tokens/month", "10/second burst 20")
	key := f.Key(rationtest.Key{Name: "phone", Owner: "owner-hunter2", Plan: "free", TimeZone: "Europe/Berlin", ExpiresAt: f.Now().Add(90 * 24 * time.Hour)})
	other := f.Key(rationtest.Key{Plan: "free"})
	spend(t, f, ration.Charge{Secret: key.Secret, Amounts: []ration.Amount{{Meter: "tokens", Units: 40}}})
	f.Advance(24 * time.Hour)
	for range 4 {
		spend(t, f, ration.Charge{Secret: key.Secret})
	}
	spend(t, f, ration.Charge{Secret: other.Secret, Amounts: []ration.Amount{{Meter: "secretive", Units: 7}}})
	usage := rationhttp.NewUsage(f.Engine, f.Operations())

	got := askUsage(t, usage, "GET", key.Secret.Reveal())
	for name, want := range map[string]string{"Cache-Control": "no-store", "Content-Type": "application/json", "Ratelimit": ""} {
		if value := got.Header().Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	for _, hidden := range []string{"hunter2", key.Secret.Reveal(), "secretive", other.ID.String(), "owner"} {
		if strings.Contains(got.Body.String(), hidden) {
			t.Errorf("%q is in %s", hidden, got.Body)
		}
	}
	resets := func(at time.Time) *time.Time { return new(at) }
	want := api.OwnUsage{
		Key: api.OwnKey{ID: key.ID.String(), Name: "phone", Plan: "free", TimeZone: "Europe/Berlin", ExpiresAt: resets(f.Now().Add(89 * 24 * time.Hour))},
		At:  f.Now(), From: "2026-06-17", To: "2026-07-16",
		Limits: []api.Limit{
			{Name: "requests-rate-second", Meter: "requests", Kind: "rate", Period: "second", Limit: "20", Used: "3", Reserved: "0", Remaining: "17", ResetsAt: resets(f.Now().Add(300 * time.Millisecond))},
			{Name: "requests-day", Meter: "requests", Kind: "quota", Period: "day", Limit: "3", Used: "3", Reserved: "0", Remaining: "0", ResetsAt: resets(time.Date(2026, 7, 16, 22, 0, 0, 0, time.UTC))},
			{Name: "tokens-month", Meter: "tokens", Kind: "quota", Period: "month", Limit: "1000", Used: "40", Reserved: "0", Remaining: "960", ResetsAt: resets(time.Date(2026, 7, 31, 22, 0, 0, 0, time.UTC))},
		},
		Usage: []api.OwnMeter{
			{Meter: "requests", Used: "4", Denied: 1, Days: []api.OwnDay{{Date: "2026-07-15", Used: "1"}, {Date: "2026-07-16", Used: "3", Denied: 1}}},
			{Meter: "tokens", Used: "40", Days: []api.OwnDay{{Date: "2026-07-15", Used: "40"}}},
		},
	}
	if diff := cmp.Diff(want, usageIn(t, got)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	f.Advance(29 * 24 * time.Hour)
	if later := usageIn(t, askUsage(t, usage, "GET", key.Secret.Reveal())); later.From != "2026-07-16" || len(later.Usage) != 1 || len(later.Usage[0].Days) != 1 {
		t.Errorf("after 29 days: %+v", later)
	}
}

func TestUsageOfAFreshKeyHasNoNulls(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	got := askUsage(t, rationhttp.NewUsage(f.Engine, f.Operations()), "GET", f.Key(rationtest.Key{}).Secret.Reveal())
	for _, want := range []string{`"limits":[]`, `"usage":[]`, `"expires_at":null`, `"time_zone":"UTC"`} {
		if !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s is not in %s", want, got.Body)
		}
	}
}

// TestUsageCountsNothing asks often, as a key that has a limit of 1, and compares all
// that is known of the key.
func TestUsageCountsNothing(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{Limits: []string{"1/day", "1/minute", "1 at once"}})
	before, err := f.Operations().ShowKey(t.Context(), key.ID)
	if err != nil {
		t.Fatal(err)
	}
	usage := rationhttp.NewUsage(f.Engine, f.Operations())
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			if w := askUsage(t, usage, "GET", key.Secret.Reveal()); w.Code != http.StatusOK {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	after, err := f.Operations().ShowKey(t.Context(), key.ID)
	if diff := cmp.Diff(before, after, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("the key has changed (-before +after):\n%s, %v", diff, err)
	}
	days, err := f.Operations().UsageDays(t.Context(), rationadmin.UsageFilter{KeyID: key.ID})
	if len(days) != 0 || err != nil {
		t.Errorf("days were written: %+v, %v", days, err)
	}
	if code := spend(t, f, ration.Charge{Secret: key.Secret, InFlight: true}); code != ration.CodeOK {
		t.Errorf("the only request got %s", code)
	}
}

// TestUsageSeesWhatIsDue has a reservation expire that nobody has ended yet.
func TestUsageSeesWhatIsDue(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{Limits: []string{"100 tokens/day"}})
	hold := &ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}
	spend(t, f, ration.Charge{Secret: key.Secret, Amounts: []ration.Amount{{Meter: "tokens", Units: 100}}, Hold: hold})
	usage := rationhttp.NewUsage(f.Engine, f.Operations())
	for _, want := range []struct {
		after               time.Duration
		reserved, remaining api.Number
	}{{0, "100", "0"}, {2 * time.Minute, "0", "100"}} {
		f.Advance(want.after)
		limit := usageIn(t, askUsage(t, usage, "GET", key.Secret.Reveal())).Limits[0]
		if limit.Reserved != want.reserved || limit.Remaining != want.remaining {
			t.Errorf("after %s: %+v", want.after, limit)
		}
	}
}

func TestUsageRefusesAsAChargeDoes(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	disabled, revoked, elsewhere := f.Key(rationtest.Key{}), f.Key(rationtest.Key{}), f.Key(rationtest.Key{AllowedIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	expired := f.Key(rationtest.Key{ExpiresAt: f.Now().Add(time.Hour)})
	f.Disable(disabled.ID)
	f.Revoke(revoked.ID)
	f.Advance(time.Hour)
	usage, charge := rationhttp.NewUsage(f.Engine, f.Operations()), rationhttp.Middleware(f.Engine)(http.NotFoundHandler())
	for name, row := range map[string]struct {
		status int
		secret string
	}{
		"no key":           {401, ""},
		"unknown key":      {401, ration.NewSecret("rk").Reveal()},
		"text of any sort": {401, "a secret of another system"},
		"too long":         {401, strings.Repeat("k", 600)},
		"disabled":         {401, disabled.Secret.Reveal()},
		"revoked":          {401, revoked.Secret.Reveal()},
		"expired":          {401, expired.Secret.Reveal()},
		"another address":  {403, elsewhere.Secret.Reveal()},
	} {
		got, want := askUsage(t, usage, "GET", row.secret), askUsage(t, charge, "GET", row.secret)
		for _, recorded := range []*httptest.ResponseRecorder{got, want} { // of which each has its own
			body := strings.ReplaceAll(recorded.Body.String(), recorded.Header().Get("X-Request-Id"), "")
			recorded.Body.Reset()
			recorded.Body.WriteString(body)
		}
		if got.Code != row.status || got.Body.String() != want.Body.String() || got.Header().Get("WWW-Authenticate") != want.Header().Get("WWW-Authenticate") {
			t.Errorf("%s: got %d %s, want %d %s", name, got.Code, got.Body, row.status, want.Body)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/usage?api_key=rk_x", nil)
	w := httptest.NewRecorder()
	usage.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"keys_in_url"`) {
		t.Errorf("key in the URL: %d %s", w.Code, w.Body)
	}
}

func TestUsageBoundsGuessedSecretsWithCharges(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{Engine: ration.EngineConfig{Unknown: ration.UnknownSecrets{Burst: 3, PerSecond: 1}}})
	usage := rationhttp.NewUsage(f.Engine, f.Operations())
	for range 3 {
		if w := askUsage(t, usage, "GET", ration.NewSecret("rk").Reveal()); w.Code != http.StatusUnauthorized {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
	for _, handler := range []http.Handler{usage, rationhttp.Middleware(f.Engine)(http.NotFoundHandler())} {
		if w := askUsage(t, handler, "GET", ration.NewSecret("rk").Reveal()); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "key_unchecked") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
}

func TestUsageAnswersOnlyGetAndHead(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{})
	server := httptest.NewServer(rationhttp.NewUsage(f.Engine, f.Operations()))
	defer server.Close()
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get"} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key.Secret.Reveal())
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if method == "HEAD" {
			if response.StatusCode != http.StatusOK || response.ContentLength <= 0 {
				t.Errorf("HEAD: %s, %d bytes", response.Status, response.ContentLength)
			}
		} else if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s, allowed is %q", method, response.Status, response.Header.Get("Allow"))
		}
	}
}

// brokenReader is a database that goes down after the secret was checked.
type brokenReader struct {
	rationhttp.UsageReader
	err error
}

func (r brokenReader) UsageDays(context.Context, rationadmin.UsageFilter) ([]rationadmin.UsageDay, error) {
	return nil, r.err
}

func TestUsageWithoutADatabase(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{})
	away := errors.Join(ration.ErrStoreUnavailable, errors.New("dial postgres://ration:hunter2@db"))
	var events []rationhttp.Event
	observe := rationhttp.WithObserver(func(_ context.Context, event rationhttp.Event) { events = append(events, event) })
	reading := rationhttp.NewUsage(f.Engine, brokenReader{f.Operations(), away}, observe)
	f.BreakStore()
	checking := rationhttp.NewUsage(f.Engine, f.Operations(), observe)
	if w := askUsage(t, checking, "GET", key.Secret.Reveal()); w.Code != http.StatusServiceUnavailable {
		t.Errorf("checking: %d %s", w.Code, w.Body)
	}
	f.MendStore()
	w := askUsage(t, reading, "GET", key.Secret.Reveal())
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), `"store_unavailable"`) {
		t.Errorf("reading: %d %s", w.Code, w.Body)
	}
	if len(events) != 2 || events[1].Code != ration.CodeStoreUnavailable || events[1].Err == nil || events[1].Status != 503 || events[1].Via != "usage" {
		t.Errorf("events %+v", events)
	}
}

// keyOfSecret admits whoever names a key by its first byte.
type keyOfSecret struct{}

func (keyOfSecret) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	return ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{charge.Secret.Reveal()[0]}}, nil
}

// gatedReader holds whoever reads until it is opened, and notes in which order they came.
type gatedReader struct {
	open    chan struct{}
	mu      sync.Mutex
	entered []byte
}

func (r *gatedReader) ExplainKey(_ context.Context, question rationadmin.ExplainQuestion) (rationadmin.Explanation, error) {
	r.mu.Lock()
	r.entered = append(r.entered, question.KeyID[0])
	r.mu.Unlock()
	<-r.open
	return rationadmin.Explanation{}, nil
}

func (r *gatedReader) UsageDays(context.Context, rationadmin.UsageFilter) ([]rationadmin.UsageDay, error) {
	return nil, nil
}

func (r *gatedReader) order() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.entered)
}

// TestUsageOfOneKeyLeavesRoomForOthers has one key ask more often at once than anybody
// may, and then another key.
func TestUsageOfOneKeyLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := &gatedReader{open: make(chan struct{})}
		usage := rationhttp.NewUsage(keyOfSecret{}, reader)
		var greedy, refused, modest atomic.Int64
		for range 500 {
			go func() {
				switch w := askUsage(t, usage, "GET", "greedy"); {
				case w.Code == http.StatusOK:
					greedy.Add(1)
				case w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), `"usage_busy"`):
					refused.Add(1)
				default:
					t.Errorf("got %d %s", w.Code, w.Body)
				}
			}()
		}
		synctest.Wait()
		if reader.order() != "gggg" || refused.Load() != 500-4-256 {
			t.Errorf("%q read at once, %d were refused", reader.order(), refused.Load())
		}
		go func() { modest.Store(int64(askUsage(t, usage, "GET", "modest").Code)) }()
		synctest.Wait()
		for range 2 { // one after the other, so that turns begin in the order in which they are given
			reader.open <- struct{}{}
			synctest.Wait()
		}
		if order := reader.order(); len(order) != 6 || strings.Count(order, "m") != 1 {
			t.Errorf("%q read; the other key's turn should be among the next two", order)
		}
		close(reader.open)
		synctest.Wait()
		if modest.Load() != http.StatusOK {
			t.Errorf("the other key got %d", modest.Load())
		}
		if greedy.Load() != 4+255 || refused.Load() != 500-4-255 {
			t.Errorf("%d answers, %d refused", greedy.Load(), refused.Load())
		}
	})
}

func TestOnlyAnswersWithStatus429SayWhereToAsk(t *testing.T) {
	responder := rationhttp.Responder{UsageURL: "/v1/usage"}
	for _, code := range []ration.Code{
		ration.CodeKeyMissing, ration.CodeKeyUnchecked, ration.CodeKeyRevoked, ration.CodeIPNotAllowed, ration.CodeQuotaExceeded, ration.CodeRateExceeded,
		ration.CodeConcurrencyExceeded, ration.CodeCostExceedsLimit,
	} {
		response := responder.Decided(&ration.Decision{Code: code}, rationhttp.Echo{})
		says := strings.Contains(string(response.Body), `"usage_url":"/v1/usage"`)
		if says != (response.Status == http.StatusTooManyRequests) {
			t.Errorf("%s: %d %s", code, response.Status, response.Body)
		}
	}
	silent := rationhttp.Responder{}
	if response := silent.Decided(&ration.Decision{Code: ration.CodeQuotaExceeded}, rationhttp.Echo{}); strings.Contains(string(response.Body), "usage_url") {
		t.Errorf("without a place: %s", response.Body)
	}
}
