package load

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestMeasureTellsWhatWasAdmittedByKey(t *testing.T) {
	t.Parallel()
	var counted [3]atomic.Int64
	result, err := Measure(t.Context(), Workload{Name: "test", Callers: 4, Keys: 3}, time.Millisecond, 20*time.Millisecond, func(_ context.Context, key int) (bool, error) {
		time.Sleep(100 * time.Microsecond)
		if key == 2 {
			return false, nil
		}
		counted[key].Add(1)
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Units[0] != counted[0].Load() || result.Units[1] != counted[1].Load() || result.Units[2] != 0 || result.Denied == 0 ||
		result.Answered != counted[0].Load()+counted[1].Load() || result.PerSecond == 0 || result.P50 > result.P99 {
		t.Errorf("got %+v, counted %d and %d", result, counted[0].Load(), counted[1].Load())
	}
}

func TestMeasureFailsWithItsCounter(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := Measure(t.Context(), Workload{Callers: 2, Keys: 1}, 0, time.Minute, func(context.Context, int) (bool, error) { return false, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got error %v", err)
	}
}

// TestSinceDueCountsWaitingForOthers: of five calls that were due every 10 ms, the third
// began 30 ms late, and those after it as soon as it had begun.
func TestSinceDueCountsWaitingForOthers(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	start := time.Unix(1000, 0)
	var hits []*vegeta.Result
	for i, began := range []time.Duration{0, 10 * ms, 50 * ms, 50 * ms, 50 * ms} {
		hits = append(hits, &vegeta.Result{Seq: uint64(i), Timestamp: start.Add(began), Latency: ms})
	}
	slices.Reverse(hits) // they come in any order
	want := []time.Duration{ms, ms, 11 * ms, 21 * ms, 31 * ms}
	if got := sinceDue(hits, 10*ms); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(i))
	}
	if p50, p99 := Percentile(times, 50), Percentile(times, 99); p50 != 50 || p99 != 99 {
		t.Errorf("got %d and %d", p50, p99)
	}
	if got := Percentile(nil, 50); got != 0 {
		t.Errorf("got %d of nothing", got)
	}
}

func TestAtRateFailsOfAnAnswerThatAdmitsNothing(t *testing.T) {
	t.Parallel()
	answer := `{"allowed":true}`
	address, stop, err := Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	next := func() Call {
		return Call{Target: vegeta.Target{Method: http.MethodGet, URL: "http://" + address}, Key: 1, Units: 2}
	}
	result, err := AtRate(t.Context(), 100, 2, 100*time.Millisecond, `"allowed":true`, next)
	if err != nil || result.Answered == 0 || result.Units[0] != 0 || result.Units[1] != 2*result.Answered {
		t.Errorf("got %+v, %v", result, err)
	}
	if _, err := AtRate(t.Context(), 100, 2, 100*time.Millisecond, `"allowed":yes`, next); err == nil {
		t.Error("got no error of answers that do not admit")
	}
}
