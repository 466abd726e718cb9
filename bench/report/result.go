// Package report keeps what a run of the benchmark found, compares it, and shows it: as
// JSON, as tables and as a chart. Everything that is shown comes from one [Result].
package report

import (
	"slices"
	"time"

	"github.com/ration-dev/ration/bench/machine"
)

// Result is what a run found.
type Result struct {
	Date      string                       `json:"date"` // of UTC
	At        time.Time                    `json:"at"`
	Commit    string                       `json:"commit"`
	Changed   bool                         `json:"changed,omitempty"` // the work tree had changes that no commit has
	Rounds    int                          `json:"rounds"`
	Seconds   int                          `json:"seconds"` // of each measurement
	Machine   machine.Facts                `json:"machine"`
	Settings  map[string]map[string]string `json:"settings"` // by program
	Workloads []Workload                   `json:"workloads"`
}

// Workload is what its contenders were measured at, in turns.
type Workload struct {
	Name       string      `json:"name"`
	Title      string      `json:"title"`
	Constant   bool        `json:"constant_rate,omitempty"` // what counts is the time that an answer takes
	Contenders []Contender `json:"contenders"`
	Ratios     []Ratio     `json:"ratios,omitempty"`
}

// Contender is one of what was measured.
type Contender struct {
	Name    string   `json:"name"`
	Ours    bool     `json:"ours,omitempty"`        // the Ration of this commit
	Older   string   `json:"baseline_of,omitempty"` // which contender it is an older build of
	Samples []Sample `json:"samples"`               // one for each round
	Memory  int64    `json:"peak_memory_bytes,omitempty"`
}

// Sample is one measurement.
type Sample struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Answered  int64   `json:"answered"` // requests, with those of the warm-up
	Recorded  int64   `json:"recorded"` // units, or requests where no units are known
}

// Ratio compares two contenders round by round: by what they did per second or, at a
// constant rate, by their median times.
type Ratio struct {
	Of      string  `json:"of"`
	To      string  `json:"to"`
	Median  float64 `json:"median"`
	Lowest  float64 `json:"lowest"`
	Highest float64 `json:"highest"`
}

// PerSecond is the median of the rounds.
func (c *Contender) PerSecond() float64 {
	return c.median(func(s Sample) float64 { return s.PerSecond })
}

// P50 is the median of the rounds, in milliseconds.
func (c *Contender) P50() float64 { return c.median(func(s Sample) float64 { return s.P50 }) }

// P99 is the median of the rounds, in milliseconds.
func (c *Contender) P99() float64 { return c.median(func(s Sample) float64 { return s.P99 }) }

func (c *Contender) median(of func(Sample) float64) float64 {
	values := make([]float64, len(c.Samples))
	for i, sample := range c.Samples {
		values[i] = of(sample)
	}
	return median(values)
}

// Compare sets the workload's ratios, of each contender that is ours.
func (w *Workload) Compare() {
	w.Ratios = nil
	for _, ours := range w.Contenders {
		for _, other := range w.Contenders {
			if ours.Ours && w.compares(ours, other) {
				w.Ratios = append(w.Ratios, ratioOf(ours, other, w.measure()))
			}
		}
	}
}

// compares tells whether a ratio of the two says something: an older build is compared
// with the same of this one, and times at a constant rate with nothing else.
func (w *Workload) compares(ours, other Contender) bool {
	if other.Older != "" || w.Constant {
		return other.Older == ours.Name
	}
	return !other.Ours
}

// measure returns what a workload compares of a sample.
func (w *Workload) measure() func(Sample) float64 {
	if w.Constant {
		return func(s Sample) float64 { return s.P50 }
	}
	return func(s Sample) float64 { return s.PerSecond }
}

func ratioOf(ours, other Contender, measure func(Sample) float64) Ratio {
	ratios := make([]float64, len(ours.Samples))
	for round := range ratios {
		ratios[round] = measure(ours.Samples[round]) / measure(other.Samples[round])
	}
	return Ratio{ours.Name, other.Name, median(ratios), slices.Min(ratios), slices.Max(ratios)}
}

// Ratio returns the ratio of one contender to another.
func (w *Workload) Ratio(of, to string) (Ratio, bool) {
	for _, ratio := range w.Ratios {
		if ratio.Of == of && ratio.To == to {
			return ratio, true
		}
	}
	return Ratio{}, false
}

// median is the value in the middle; of an even number, the mean of the two.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
