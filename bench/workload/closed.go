package workload

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ration-dev/ration/bench/contender"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/tally"
	"github.com/ration-dev/ration/bench/wrk"
)

// asked is a server that wrk asks as fast as it answers.
type asked struct {
	*contender.Server
	connections int      // in all
	dirs        []string // one for each instance of the server
}

// asking starts a server to be asked over so many connections.
func asking(r *rig.Rig, connections int, start func(ctx context.Context) (*contender.Server, error)) starting {
	return func(ctx context.Context) (Subject, error) {
		server, err := start(ctx)
		if err != nil {
			return nil, err
		}
		a := &asked{Server: server, connections: connections}
		for range server.URLs {
			dir, err := r.Directory()
			if err != nil {
				return nil, errors.Join(err, server.Stop())
			}
			a.dirs = append(a.dirs, dir)
		}
		return a, nil
	}
}

// Measure implements [Subject].
func (a *asked) Measure(ctx context.Context, warmUp, length time.Duration) (report.Sample, error) {
	before, err := a.Counted(ctx)
	if err != nil {
		return report.Sample{}, err
	}
	_, warm, err := a.ask(ctx, warmUp)
	if err != nil {
		return report.Sample{}, fmt.Errorf("warming up: %w", err)
	}
	sample, seen, err := a.ask(ctx, length)
	if err != nil {
		return report.Sample{}, err
	}
	seen.Add(warm)
	after, err := a.Counted(ctx)
	if err != nil {
		return report.Sample{}, err
	}
	return checked(sample, seen, before, after)
}

// ask asks all instances at once, each by a process of wrk's.
func (a *asked) ask(ctx context.Context, length time.Duration) (sample report.Sample, seen tally.Seen, err error) {
	results, errs := make([]wrk.Result, len(a.URLs)), make([]error, len(a.URLs))
	share := a.connections / len(a.URLs)
	var running sync.WaitGroup
	for i, url := range a.URLs {
		running.Go(func() {
			results[i], errs[i] = wrk.Run(ctx, a.dirs[i], wrk.Load{URL: url, Secrets: a.Secrets, Kinds: a.Kinds, Connections: share, Length: length})
		})
	}
	running.Wait()
	for _, result := range results {
		sample.PerSecond += result.PerSecond
		sample.P50, sample.P99 = max(sample.P50, milliseconds(result.P50)), max(sample.P99, milliseconds(result.P99)) // of the slowest instance
		seen.Add(tally.Seen{Answered: result.Answered, Sent: result.Sent, Connections: int64(share), Units: result.UnitsSent, MostUnits: mostUnits(a.Kinds), Alike: true})
	}
	return sample, seen, errors.Join(errs...)
}

func mostUnits(kinds []wrk.Kind) (most int64) {
	for _, kind := range kinds {
		most = max(most, kind.Units)
	}
	return most
}
