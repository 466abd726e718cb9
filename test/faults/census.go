package faults

import (
	"context"
	"fmt"
	"os"
	"runtime"
)

// Census is what the instances of this process hold.
type Census struct {
	Goroutines  int
	Descriptors int // open files and sockets of this process
	Connections int // of the instances, as the server sees them
}

// takeCensus counts. Nothing of the test's own may be under way.
func (r *Rig) takeCensus() (Census, error) {
	connections, err := r.countConnections()
	if err != nil {
		return Census{}, err
	}
	descriptors, err := os.ReadDir("/dev/fd")
	if err != nil {
		return Census{}, fmt.Errorf("counting open files: %w", err)
	}
	return Census{runtime.NumGoroutine(), len(descriptors), connections}, nil
}

func (r *Rig) countConnections() (count int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	conn, err := r.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ration'`).Scan(&count)
	return count, err
}

// allowance is what an instance may hold more than before: its janitor connects
// when there is work for it, and each connection through a wire, which is in this
// process too, takes two more sockets and five goroutines.
func (r *Rig) allowance() Census {
	n := len(r.instances)
	if r.Wire == nil {
		return Census{Goroutines: n, Descriptors: n, Connections: n}
	}
	return Census{Goroutines: 6 * n, Descriptors: 3 * n, Connections: n}
}

func (c Census) plus(more Census) Census {
	return Census{c.Goroutines + more.Goroutines, c.Descriptors + more.Descriptors, c.Connections + more.Connections}
}

func (c Census) exceeds(most Census) bool {
	return c.Goroutines > most.Goroutines || c.Descriptors > most.Descriptors || c.Connections > most.Connections
}
