package load

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Call is a request of a key.
type Call struct {
	Target vegeta.Target
	Key    int
	Units  int64 // what it counts
}

// AtRate sends calls at a constant rate, whether those before are answered or not (the
// open loop). Each call's time begins when it was due, so that one that waited for others
// is not counted as quick (coordinated omission). It fails unless every answer has status
// 200 and contains the text admitted.
func AtRate(ctx context.Context, rate, keys int, length time.Duration, admitted string, next func() Call) (Result, error) {
	attacker := vegeta.NewAttacker(vegeta.KeepAlive(true), vegeta.Timeout(10*time.Second))
	release := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer release()
	result := Result{Units: make([]int64, keys)}
	var mu sync.Mutex
	targets := func(target *vegeta.Target) error {
		mu.Lock()
		defer mu.Unlock()
		call := next()
		*target = call.Target
		result.Units[call.Key] += call.Units
		return nil
	}
	period := time.Second / time.Duration(rate)
	var hits []*vegeta.Result
	for hit := range attacker.Attack(targets, vegeta.ConstantPacer{Freq: rate, Per: time.Second}, length, "") {
		if hit.Error != "" || hit.Code != 200 || !bytes.Contains(hit.Body, []byte(admitted)) {
			attacker.Stop()
			return Result{}, fmt.Errorf("a call at %d/s was not admitted: status %d, %s", rate, hit.Code, strings.TrimSpace(hit.Error))
		}
		hit.Body = nil
		hits = append(hits, hit)
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	result.Answered = int64(len(hits))
	times := sinceDue(hits, period)
	result.PerSecond = float64(len(times)) / length.Seconds()
	result.P50, result.P99 = Percentile(times, 50), Percentile(times, 99)
	return result, nil
}

// sinceDue returns, in order, how long each call took from the moment at which it was due:
// the first one's beginning, and a period later for each that follows.
func sinceDue(hits []*vegeta.Result, period time.Duration) []time.Duration {
	var began time.Time
	for _, hit := range hits {
		if start := hit.Timestamp.Add(-time.Duration(hit.Seq) * period); began.IsZero() || start.Before(began) {
			began = start
		}
	}
	times := make([]time.Duration, 0, len(hits))
	for _, hit := range hits {
		due := began.Add(time.Duration(hit.Seq) * period)
		times = append(times, hit.Timestamp.Add(hit.Latency).Sub(due))
	}
	slices.Sort(times)
	return times
}
