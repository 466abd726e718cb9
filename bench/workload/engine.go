package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration/bench/contender"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/tally"
)

const engineCallers = 512

// Engine lets callers in a process charge keys of some popularity.
func Engine(name, title string, keys int, zipf float64) Workload {
	return Workload{
		Part: "engine", Name: "engine-" + name, Title: "engine in a process, " + title,
		Prepare: func(_ context.Context, r *rig.Rig) ([]Entry, func() error, error) {
			callers := contender.Callers{Callers: engineCallers, Keys: keys, Zipf: zipf}
			entries := rations(r, func(programs rig.Programs, store rig.Store) starting {
				return looping(zipf == 0, func(ctx context.Context) (*contender.Loop, error) {
					return contender.EngineLoop(ctx, r, programs, store, callers)
				})
			})
			entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Older != "" && r.Baseline.Contender == "" })
			for _, store := range r.Stores {
				entries = append(entries, Entry{Name: report.UpsertOn(string(store)), Start: looping(zipf == 0, func(ctx context.Context) (*contender.Loop, error) {
					return contender.UpsertLoop(ctx, r, store, callers)
				})})
			}
			return append(entries, Entry{Name: report.Memory, Start: looping(zipf == 0, func(ctx context.Context) (*contender.Loop, error) {
				return contender.MemoryLoop(ctx, r, callers)
			})}), nil, nil
		},
	}
}

// Engines are the engine's workloads, with those of many keys that were chosen.
func Engines(many []int) []Workload {
	all := []Workload{
		Engine("hot", "one key", 1, 0),
		Engine("zipf", "1,000 keys by Zipf's law", keysAsked, 1.1),
		Engine("uniform", "1,000 keys alike", keysAsked, 0),
	}
	for _, keys := range many {
		all = append(all, Engine(fmt.Sprint(keys), thousands(keys)+" keys alike", keys, 0))
	}
	return all
}

// thousands writes a number with commas.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	var groups []string
	for ; len(digits) > 3; digits = digits[:len(digits)-3] {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}

// called is a contender with its callers in its own process.
type called struct {
	*contender.Loop
	alike bool // all keys are
}

func looping(alike bool, start func(ctx context.Context) (*contender.Loop, error)) starting {
	return func(ctx context.Context) (Subject, error) {
		loop, err := start(ctx)
		if err != nil {
			return nil, err
		}
		return called{loop, alike}, nil
	}
}

// Measure implements [Subject].
func (c called) Measure(ctx context.Context, warmUp, length time.Duration) (report.Sample, error) {
	before, err := c.Counted(ctx)
	if err != nil {
		return report.Sample{}, err
	}
	result, err := c.Loop.Measure(warmUp, length)
	if err == nil && result.Denied > 0 {
		err = errors.New("requests were refused, far below the limit")
	}
	if err != nil {
		return report.Sample{}, err
	}
	after, err := c.Counted(ctx)
	if err != nil {
		return report.Sample{}, err
	}
	return awaited(result, c.alike, []tally.Count{before}, []tally.Count{after})
}
