package compare

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Workload is who calls for which keys.
type Workload struct {
	Name    string
	Callers int
	Keys    int
	Zipf    float64 // exponent of the keys' popularity; 0: uniform
}

// Counter counts one request of a key, the subject of a measurement. It reports
// whether the request was admitted.
type Counter func(ctx context.Context, key int) (admitted bool, err error)

// Result is what a measurement found.
type Result struct {
	PerSecond    float64
	P50, P99     time.Duration
	Admitted     int64
	Denied       int64
	DistinctKeys int

	seen []bool // by key
}

// Add adds what another measurement of the same keys counted; the speed stays.
func (r *Result) Add(other Result) {
	r.Admitted += other.Admitted
	r.Denied += other.Denied
	r.seen = union(r.seen, other.seen)
	r.DistinctKeys = count(r.seen)
}

// Measure lets all callers of a workload call as fast as they are answered, for
// a warm-up of a quarter of the time and then for the time that counts.
func Measure(ctx context.Context, w Workload, length time.Duration, counter Counter) (Result, error) {
	start := time.Now().Add(length / 4)
	end := start.Add(length)
	callers := make([]caller, w.Callers)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for i := range callers {
		callers[i] = newCaller(w, uint64(i))
		running.Go(func() {
			if err := callers[i].run(ctx, start, end, counter); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return Result{}, fmt.Errorf("measuring %s: %w", w.Name, err)
	}
	return summarize(callers, length), nil
}

type caller struct {
	next             func() int
	seen             []bool
	latencies        []time.Duration // of calls within the time that counts
	admitted, denied int64           // of all calls, the warm-up's too
}

func newCaller(w Workload, seed uint64) caller {
	random := rand.New(rand.NewPCG(seed, 42)) //nolint:gosec // a repeatable workload
	next := func() int { return random.IntN(w.Keys) }
	if w.Zipf > 0 && w.Keys > 1 {
		zipf := rand.NewZipf(random, w.Zipf, 1, uint64(w.Keys-1))
		next = func() int { return int(zipf.Uint64()) }
	}
	return caller{next: next, seen: make([]bool, w.Keys)}
}

func (c *caller) run(ctx context.Context, start, end time.Time, counter Counter) error {
	for called := time.Now(); called.Before(end); {
		key := c.next()
		admitted, err := counter(ctx, key)
		if err != nil {
			return err
		}
		answered := time.Now()
		c.seen[key] = true
		if admitted {
			c.admitted++
		} else {
			c.denied++
		}
		if called.After(start) && answered.Before(end) {
			c.latencies = append(c.latencies, answered.Sub(called))
		}
		called = answered
	}
	return nil
}

func summarize(callers []caller, length time.Duration) Result {
	var result Result
	var latencies []time.Duration
	for _, c := range callers {
		result.Admitted += c.admitted
		result.Denied += c.denied
		result.seen = union(result.seen, c.seen)
		latencies = append(latencies, c.latencies...)
	}
	result.DistinctKeys = count(result.seen)
	slices.Sort(latencies)
	result.PerSecond = float64(len(latencies)) / length.Seconds()
	result.P50, result.P99 = percentile(latencies, 50), percentile(latencies, 99)
	return result
}

func union(a, b []bool) []bool {
	if a == nil {
		a = make([]bool, len(b))
	}
	for key, was := range b {
		a[key] = a[key] || was
	}
	return a
}

func count(seen []bool) (n int) {
	for _, was := range seen {
		if was {
			n++
		}
	}
	return n
}

func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}
