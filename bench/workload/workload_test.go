package workload_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/workload"
)

// subject is a contender that does so many requests a second.
type subject struct {
	name    string
	rates   []float64 // by round
	err     error
	order   *[]string
	stopped *int
}

func (s *subject) Measure(context.Context, time.Duration, time.Duration) (report.Sample, error) {
	*s.order = append(*s.order, s.name)
	rate := s.rates[0]
	s.rates = s.rates[1:]
	return report.Sample{PerSecond: rate}, s.err
}
func (*subject) Memory() (int64, error) { return 5, nil }
func (s *subject) Stop() error          { *s.stopped++; return nil }

func of(subjects ...*subject) workload.Workload {
	return workload.Workload{Name: "test", Prepare: func(context.Context, *rig.Rig) (entries []workload.Entry, _ func() error, _ error) {
		for i, s := range subjects {
			entries = append(entries, workload.Entry{Name: s.name, Ours: i == 0, Start: func(context.Context) (workload.Subject, error) { return s, nil }})
		}
		return entries, nil, nil
	}}
}

func TestRunLetsContendersTakeTurns(t *testing.T) {
	t.Parallel()
	var order []string
	stopped := 0
	w := of(&subject{"a", []float64{10, 30, 20}, nil, &order, &stopped}, &subject{"b", []float64{100, 100, 50}, nil, &order, &stopped}, &subject{"c", []float64{1, 2, 3}, nil, &order, &stopped})
	result, err := w.Run(t.Context(), nil, workload.Pace{Rounds: 3}, func(string, report.Sample) {})
	if err != nil {
		t.Fatal(err)
	}
	if want := "a b c b c a c a b"; strings.Join(order, " ") != want {
		t.Errorf("got turns %v, want %s", order, want)
	}
	if stopped != 3 || result.Contenders[0].PerSecond() != 20 || result.Contenders[1].Memory != 5 {
		t.Errorf("stopped %d; got %+v", stopped, result.Contenders)
	}
	ratio, _ := result.Ratio("a", "b")
	if want := (report.Ratio{Of: "a", To: "b", Median: 0.3, Lowest: 0.1, Highest: 0.4}); ratio != want {
		t.Errorf("got %+v, want %+v", ratio, want)
	}
}

func TestRunFailsOfCountsThatDoNotAgree(t *testing.T) {
	t.Parallel()
	var order []string
	stopped := 0
	lie := errors.New("60 were sent and 55 are recorded")
	w := of(&subject{"a", []float64{1}, nil, &order, &stopped}, &subject{"b", []float64{1}, lie, &order, &stopped})
	if _, err := w.Run(t.Context(), nil, workload.Pace{Rounds: 1}, func(string, report.Sample) {}); !errors.Is(err, lie) || !strings.Contains(err.Error(), "b: ") {
		t.Errorf("got error %v", err)
	}
	if stopped != 2 {
		t.Errorf("%d of 2 contenders were stopped", stopped)
	}
}

// TestRunFailsOfASampleOfNothing, which no ratio could be of.
func TestRunFailsOfASampleOfNothing(t *testing.T) {
	t.Parallel()
	var order []string
	stopped := 0
	w := of(&subject{"a", []float64{0}, nil, &order, &stopped})
	if _, err := w.Run(t.Context(), nil, workload.Pace{Rounds: 1}, func(string, report.Sample) {}); err == nil || stopped != 1 {
		t.Errorf("got error %v, and %d were stopped", err, stopped)
	}
}

func TestRunSaysThatThereIsNothingToMeasure(t *testing.T) {
	t.Parallel()
	if _, err := of().Run(t.Context(), nil, workload.Pace{Rounds: 1}, nil); !errors.Is(err, workload.ErrNothing) {
		t.Errorf("got error %v", err)
	}
}

func TestEachWorkloadHasAPartAndANameOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, w := range workload.All(workload.Sizes{Keys: []int{20_000, 1_000_000}, Rates: []int{1, 1_000}}) {
		if !slices.Contains(workload.Parts, w.Part) || w.Name == "" || w.Title == "" || seen[w.Name] {
			t.Errorf("got part %q, name %q and title %q", w.Part, w.Name, w.Title)
		}
		seen[w.Name] = true
	}
	if !seen["engine-1000000"] || !seen["latency-1"] || !seen["verify-256"] {
		t.Errorf("got %v", seen)
	}
}
