// Package contender starts what is measured: Ration's binary, and what stands beside it,
// each as a process of its own. A new contender is a function that returns a [Server] or a
// [Loop], and a line in the workloads that it takes part in.
package contender

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration/bench/instance"
	"github.com/ration-dev/ration/bench/tally"
	"github.com/ration-dev/ration/bench/wrk"
)

// Server is a contender that answers over HTTP.
type Server struct {
	URLs    []string   // one for each instance
	Kinds   []wrk.Kind // requests that it understands
	Secrets []string   // by key
	Says    string     // what the answer to an admitted request contains

	counted   []counter // each must agree with what the generator saw
	processes []process
}

// counter reads what is recorded up to now.
type counter func(ctx context.Context) (tally.Count, error)

type process struct {
	pid  int
	stop func() error
}

// settleWithin is how long a contender may take to record requests whose connections
// were closed before the answer.
const settleWithin = 10 * time.Second

// Counted returns what is recorded, once that does not change any more: one count for each
// place that records.
func (s *Server) Counted(ctx context.Context) ([]tally.Count, error) {
	counts := make([]tally.Count, len(s.counted))
	for i, counted := range s.counted {
		var err error
		if counts[i], err = counted.settled(ctx); err != nil {
			return nil, fmt.Errorf("reading what is recorded: %w", err)
		}
	}
	return counts, nil
}

func (c counter) settled(ctx context.Context) (tally.Count, error) {
	before, err := c(ctx)
	for end := time.Now().Add(settleWithin); err == nil; {
		time.Sleep(50 * time.Millisecond)
		var after tally.Count
		if after, err = c(ctx); err != nil {
			break
		}
		if after.Requests == before.Requests && slices.Equal(after.Units, before.Units) {
			return after, nil
		}
		if time.Now().After(end) {
			return tally.Count{}, errors.New("it goes on changing though nobody asks any more")
		}
		before = after
	}
	return tally.Count{}, err
}

// Memory returns the most memory that one process of the contender has had, in bytes.
func (s *Server) Memory() (most int64, err error) {
	for _, p := range s.processes {
		bytes, err := instance.PeakMemory(p.pid)
		if err != nil {
			return 0, err
		}
		most = max(most, bytes)
	}
	return most, nil
}

// Stop ends the processes.
func (s *Server) Stop() error {
	var errs []error
	for _, p := range s.processes {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// byKey orders counts by the numbers of the keys; name returns what a key is called where
// it is counted.
func byKey(used map[string]int64, keys int, name func(key int) string) tally.Count {
	count := tally.Count{Units: make([]int64, keys)}
	for key := range keys {
		count.Units[key] = used[name(key)]
	}
	return count
}
