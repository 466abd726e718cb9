package traffic_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/traffic"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationhttp"
)

func TestWhatIsCounted(t *testing.T) {
	for _, row := range []struct {
		name  string
		event rationhttp.Event
		want  string // empty: it isn't
	}{
		{"a request that was let through", rationhttp.Event{Via: "proxy", Code: ration.CodeOK}, "proxy ok"},
		{"a denial", rationhttp.Event{Via: "proxy", Code: ration.CodeQuotaExceeded, Status: 429}, "proxy quota_exceeded"},
		{"a question", rationhttp.Event{Via: "verify", Code: ration.CodeKeyUnknown, Route: verify.Path}, "verify key_unknown"},
		{"a reservation", rationhttp.Event{Via: "verify", Code: ration.CodeOK, Route: verify.ReservationsPath}, "reservations ok"},
		{"the end of one", rationhttp.Event{Via: "verify", Code: ration.CodeReservationUnknown, Route: verify.ReservationsPath + "/{id}/settle"}, "reservations reservation_unknown"},
		{"a route of the upstream that looks like one", rationhttp.Event{Via: "proxy", Code: ration.CodeOK, Route: verify.ReservationsPath}, "proxy ok"},
		{"no decision, and let through", rationhttp.Event{Via: "proxy", Code: ration.CodeStoreUnavailable, FailedOpen: true}, "proxy failed_open"},
		{"a client that has gone", rationhttp.Event{Via: "proxy", Code: rationhttp.CodeClientGone}, "proxy client_gone"},
		{"a way in that has no name here", rationhttp.Event{Via: "middleware", Code: ration.CodeOK}, "other ok"},
		{"a code that has none", rationhttp.Event{Via: "verify", Code: "surprise'--"}, "verify other"},
		{"no code", rationhttp.Event{Via: "verify"}, "verify other"},
		{"a refund", rationhttp.Event{Via: "proxy", Code: ration.CodeOK, FollowUp: rationhttp.FollowUpRefund}, ""},
		{"a failure of the upstream", rationhttp.Event{Via: "proxy", Code: "upstream_timeout", FollowUp: rationhttp.FollowUpFailed}, ""},
		{"a look at what was used", rationhttp.Event{Via: "usage", Code: "usage"}, ""},
	} {
		counter, to, sums := traffic.New(newClock().read), &table{}, map[string]int64{}
		count(t, counter, 2, row.event)
		write(t, counter, to)
		if row.want != "" {
			sums["2030-01-31T12 "+row.want] = 2
		}
		t.Run(row.name, func(t *testing.T) { want(t, to, sums) })
	}
}

// TestRowsAreFew: whatever clients send, an instance has a row for each way in and code.
func TestRowsAreFew(t *testing.T) {
	counter, to := traffic.New(newClock().read), &table{}
	for i := range 10_000 {
		text := fmt.Sprintf("a'b%%_\\%d", i)
		count(t, counter, 1, rationhttp.Event{Via: text, Code: ration.Code(text), Route: text, RequestID: text, Limit: text})
		if i%1000 == 0 {
			write(t, counter, to)
		}
	}
	write(t, counter, to)
	want(t, to, map[string]int64{"2030-01-31T12 other other": 10_000})
	if len(to.rows) != 1 {
		t.Errorf("%d rows, want 1", len(to.rows))
	}
}

// TestWritesAreRare: what has not changed is not written again.
func TestWritesAreRare(t *testing.T) {
	counter, to := traffic.New(newClock().read), &table{}
	for range 3 {
		write(t, counter, to)
	}
	count(t, counter, 3, rationhttp.Event{Via: "proxy", Code: ration.CodeOK})
	for range 3 {
		write(t, counter, to)
	}
	if to.writes != 1 {
		t.Errorf("%d writes, want 1", to.writes)
	}
}

func TestHourBorder(t *testing.T) {
	clock := newClock()
	counter, to := traffic.New(clock.read), &table{}
	ok, denied := rationhttp.Event{Via: "proxy", Code: ration.CodeOK}, rationhttp.Event{Via: "proxy", Code: ration.CodeRateExceeded}
	count(t, counter, 1, ok)
	clock.set(noon.Add(time.Hour - time.Nanosecond))
	count(t, counter, 2, ok)
	clock.set(noon.Add(time.Hour))
	count(t, counter, 4, ok)
	write(t, counter, to)
	clock.set(noon.Add(12 * time.Hour)) // the next day
	count(t, counter, 8, denied)
	write(t, counter, to)
	clock.set(noon.Add(time.Hour)) // back to an hour that was just written
	count(t, counter, 16, ok)
	for range 5 {
		write(t, counter, to)
	}
	clock.set(noon) // back to one that is forgotten
	count(t, counter, 32, ok)
	count(t, counter, 1, denied)
	write(t, counter, to)
	want(t, to, map[string]int64{
		"2030-01-31T12 proxy ok": 35, "2030-01-31T12 proxy rate_exceeded": 1, "2030-01-31T13 proxy ok": 20, "2030-02-01T00 proxy rate_exceeded": 8,
	})
}

// TestCountsWhileHoursTurn counts from several goroutines while the clock steps and counts
// are written: none is lost, none is counted twice.
func TestCountsWhileHoursTurn(t *testing.T) {
	const each = 20_000
	clock := newClock()
	counter, to := traffic.New(clock.read), &table{}
	var counting, other sync.WaitGroup
	done := make(chan struct{})
	for _, event := range []rationhttp.Event{{Via: "proxy", Code: ration.CodeOK}, {Via: "proxy", Code: ration.CodeOK}, {Via: "verify", Code: ration.CodeOK}, {Via: "verify", Code: ration.CodeKeyUnknown}} {
		counting.Go(func() { count(t, counter, each, event) })
	}
	other.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				clock.set(noon.Add(time.Duration(i%3) * time.Hour))
				if i%50 == 0 {
					write(t, counter, to)
				}
			}
		}
	})
	counting.Wait()
	close(done)
	other.Wait()
	write(t, counter, to)
	if total := to.total(); total != 4*each {
		t.Errorf("%d counted, want %d", total, 4*each)
	}
}

// TestEveryCodeHasAName looks for codes where ways in have theirs.
func TestEveryCodeHasAName(t *testing.T) {
	written := regexp.MustCompile(`(?:(?i:code)[A-Za-z]*(?:\s+ration\.Code)?\s*[:=]+|requestFault\{[^"]*|Kind\w+)\s*"([a-z_]+)"`)
	notCounted := []string{ // of follow-ups, and of the usage page
		"body_incomplete", "upstream_failed", "upstream_timeout", "upstream_unreachable", "usage", "usage_busy",
	}
	found := 0
	for _, dir := range []string{"../..", "../../rationhttp", "../proxy", "../verify", "../bearer", "../route"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, match := range written.FindAllStringSubmatch(string(source), -1) {
				if found++; slices.Contains(notCounted, match[1]) || slices.Contains(notOfWaysIn, ration.Code(match[1])) {
					continue
				}
				counter, to := traffic.New(newClock().read), &table{}
				count(t, counter, 1, rationhttp.Event{Via: "proxy", Code: ration.Code(match[1])})
				write(t, counter, to)
				if got := names(to.sums()); len(got) != 1 || got[0] != "2030-01-31T12 proxy "+match[1] {
					t.Errorf("%s: code %q is counted as %q: add it to codes", file, match[1], got)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d codes were found: they are written otherwise", found)
	}
}

// notOfWaysIn are codes of administration, and of what follows an answer.
var notOfWaysIn = []ration.Code{ration.CodeNotFound, ration.CodeExists, ration.CodeConflict, ration.CodeChanged, ration.CodeRefundsExhausted}
