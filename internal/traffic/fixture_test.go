package traffic_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/traffic"
	"github.com/ration-dev/ration/rationhttp"
)

// table is what a database keeps of traffic. It is safe for concurrent use.
type table struct {
	admin.Traffic // whoever counts doesn't read

	mu     sync.Mutex
	rows   map[row]int64
	writes int
	refuse error // what each write returns
	does   bool  // a refused write is made nevertheless
}

type row struct {
	hour      time.Time
	via, code string
	counter   uuid.UUID
}

var errAway = errors.New("the database is away")

func (t *table) WriteTraffic(_ context.Context, counts admin.TrafficCounts) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	if t.refuse != nil && !t.does {
		return t.refuse
	}
	if t.rows == nil {
		t.rows = map[row]int64{}
	}
	for _, count := range counts.Answers {
		at := row{counts.Hour, count.Via, count.Code, counts.Counter}
		t.rows[at] = max(t.rows[at], count.Answers)
	}
	return t.refuse
}

// sums adds up all counters.
func (t *table) sums() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	sums := map[string]int64{}
	for at, answers := range t.rows {
		sums[at.hour.Format("2006-01-02T15 ")+at.via+" "+at.code] += answers
	}
	return sums
}

// total adds up everything.
func (t *table) total() (total int64) {
	for answers := range maps.Values(t.sums()) {
		total += answers
	}
	return total
}

// clock is one that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

var noon = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)

func newClock() *clock { return &clock{now: noon} }

// count counts answers of one kind.
func count(t testing.TB, counter *traffic.Counter, times int, event rationhttp.Event) {
	t.Helper()
	for range times {
		counter.Observe(t.Context(), event)
	}
}

func write(t testing.TB, counter *traffic.Counter, to *table) {
	t.Helper()
	if err := counter.Write(t.Context(), to); err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, to *table, sums map[string]int64) {
	t.Helper()
	if got := to.sums(); !maps.Equal(got, sums) {
		t.Errorf("counted %v, want %v", got, sums)
	}
}

// names returns the sorted keys of sums.
func names(sums map[string]int64) []string { return slices.Sorted(maps.Keys(sums)) }
