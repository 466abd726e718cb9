// Package workload has what the benchmark measures. A new workload is a file with a
// function that returns a [Workload], and a line in [All].
package workload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
)

// Workload is what its contenders are measured at, in turns.
type Workload struct {
	Part  string // which the command line knows it by
	Name  string // in results
	Title string
	Paced bool // requests come at a constant rate
	// Prepare returns the contenders, and what ends things that they share; nil: nothing.
	Prepare func(ctx context.Context, r *rig.Rig) (entries []Entry, end func() error, err error)
}

// Entry is a contender of a workload.
type Entry struct {
	Name  string
	Ours  bool   // the Ration of this commit
	Older string // which entry it is an older build of; empty: none
	Start starting
}

type starting func(ctx context.Context) (Subject, error)

// Subject is a contender that runs.
type Subject interface {
	// Measure measures, and fails if what was recorded is not what was answered.
	Measure(ctx context.Context, warmUp, length time.Duration) (report.Sample, error)
	Memory() (int64, error)
	Stop() error
}

// ErrNothing says that a workload has no contender on the stores that were chosen.
var ErrNothing = errors.New("nothing to measure on these stores")

// Pace is how long and how often each contender is measured.
type Pace struct {
	Rounds         int
	WarmUp, Length time.Duration
}

// Run measures all contenders of a workload, by turns that begin with another one in each
// round: what disturbs the machine disturbs all. It calls measured after each measurement.
func (w Workload) Run(ctx context.Context, r *rig.Rig, pace Pace, measured func(name string, sample report.Sample)) (result report.Workload, err error) {
	entries, end, err := w.Prepare(ctx, r)
	if err != nil {
		return report.Workload{}, err
	}
	if end != nil {
		defer func() { err = errors.Join(err, end()) }()
	}
	if len(entries) == 0 {
		return report.Workload{}, ErrNothing
	}
	result = report.Workload{Name: w.Name, Title: w.Title, Constant: w.Paced}
	subjects := make([]Subject, len(entries))
	defer func() {
		for _, subject := range subjects {
			if subject != nil {
				err = errors.Join(err, subject.Stop())
			}
		}
	}()
	for i, entry := range entries {
		if subjects[i], err = entry.Start(ctx); err != nil {
			return result, fmt.Errorf("starting %s: %w", entry.Name, err)
		}
		result.Contenders = append(result.Contenders, report.Contender{Name: entry.Name, Ours: entry.Ours, Older: entry.Older, Samples: make([]report.Sample, pace.Rounds)})
	}
	for round := range pace.Rounds {
		for turn := range entries {
			i := (turn + round) % len(entries)
			sample, err := subjects[i].Measure(ctx, pace.WarmUp, pace.Length)
			if err != nil {
				return result, fmt.Errorf("%s: %w", entries[i].Name, err)
			}
			if sample.PerSecond == 0 {
				return result, fmt.Errorf("%s: nothing was answered within %s: measure longer", entries[i].Name, pace.Length)
			}
			result.Contenders[i].Samples[round] = sample
			measured(entries[i].Name, sample)
		}
	}
	for i, subject := range subjects {
		if result.Contenders[i].Memory, err = subject.Memory(); err != nil {
			return result, err
		}
	}
	result.Compare()
	return result, nil
}
