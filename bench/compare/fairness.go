package compare

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Fairness is how keys with few calls fare beside one that sends all it can.
type Fairness struct {
	HotPerSecond float64
	Calls        int // of the other keys
	P50, P99     time.Duration
	Longest      time.Duration
}

// MeasureFairness lets hotCallers call for key 0 without pause while each other
// key calls once a second.
func MeasureFairness(ctx context.Context, hotCallers, keys int, length time.Duration, count Counter) (Fairness, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := time.Now().Add(length)
	var running sync.WaitGroup
	hot := make([]int, hotCallers)
	for i := range hot {
		running.Go(func() {
			for time.Now().Before(end) {
				if _, err := count(ctx, 0); err != nil {
					cancel(fmt.Errorf("calling for the hot key: %w", err))
					return
				}
				hot[i]++
			}
		})
	}
	latencies := make([][]time.Duration, keys)
	for key := 1; key <= keys; key++ {
		running.Go(func() {
			first := time.Duration(key) * time.Second / time.Duration(keys) // spread over the second
			for next := time.Now().Add(first); next.Before(end); next = next.Add(time.Second) {
				time.Sleep(time.Until(next))
				called := time.Now()
				if _, err := count(ctx, key); err != nil {
					cancel(fmt.Errorf("calling for another key: %w", err))
					return
				}
				latencies[key-1] = append(latencies[key-1], time.Since(called))
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return Fairness{}, err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	total := 0
	for _, calls := range hot {
		total += calls
	}
	return Fairness{
		HotPerSecond: float64(total) / length.Seconds(), Calls: len(all),
		P50: percentile(all, 50), P99: percentile(all, 99), Longest: all[len(all)-1],
	}, nil
}
