package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
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
	PerSecond float64
	P50, P99  time.Duration
	Answered  int64   // requests that were admitted, with those of the warm-up
	Units     []int64 // what they counted, by key
	Denied    int64
}

// Measure lets all callers of a workload call as fast as they are answered, for
// a warm-up and then for the time that counts.
func Measure(ctx context.Context, w Workload, warmUp, length time.Duration, counter Counter) (Result, error) {
	start := time.Now().Add(warmUp)
	end := start.Add(length)
	callers := make([]caller, w.Callers)
	admitted := make([]atomic.Int64, w.Keys)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for i := range callers {
		callers[i] = newCaller(w, admitted)
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
	return summarize(callers, admitted, length), nil
}

type caller struct {
	next      func() int
	latencies []time.Duration // of answers within the time that counts
	admitted  []atomic.Int64  // by key, of all callers
	denied    int64
}

// newCaller chooses keys by a seed of its own, so that a second measurement does not
// repeat the first.
func newCaller(w Workload, admitted []atomic.Int64) caller {
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // a workload is no secret
	next := func() int { return random.IntN(w.Keys) }
	if w.Zipf > 0 && w.Keys > 1 {
		zipf := rand.NewZipf(random, w.Zipf, 1, uint64(w.Keys-1))
		next = func() int { return int(zipf.Uint64()) }
	}
	return caller{next: next, admitted: admitted}
}

func (c *caller) run(ctx context.Context, start, end time.Time, counter Counter) error {
	for called := time.Now(); called.Before(end); {
		key := c.next()
		admitted, err := counter(ctx, key)
		if err != nil {
			return err
		}
		answered := time.Now()
		if admitted {
			c.admitted[key].Add(1)
		} else {
			c.denied++
		}
		if answered.After(start) && answered.Before(end) {
			c.latencies = append(c.latencies, answered.Sub(called))
		}
		called = answered
	}
	return nil
}

func summarize(callers []caller, admitted []atomic.Int64, length time.Duration) Result {
	result := Result{Units: make([]int64, len(admitted))}
	var latencies []time.Duration
	for _, c := range callers {
		result.Denied += c.denied
		latencies = append(latencies, c.latencies...)
	}
	for key := range admitted {
		result.Units[key] = admitted[key].Load()
		result.Answered += result.Units[key]
	}
	slices.Sort(latencies)
	result.PerSecond = float64(len(latencies)) / length.Seconds()
	result.P50, result.P99 = Percentile(latencies, 50), Percentile(latencies, 99)
	return result
}

// Percentile returns the time that so many of 100 calls did not exceed.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}
