package contender

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration/bench/helper"
	"github.com/ration-dev/ration/bench/instance"
	"github.com/ration-dev/ration/bench/load"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/tally"
)

// Loop is a contender with its callers in its own process.
type Loop struct {
	counted counter
	started *helper.Process
}

// Callers are who calls in a process, and for which keys.
type Callers struct {
	Callers, Keys int
	Zipf          float64 // exponent of the keys' popularity; 0: uniform
}

// EngineLoop starts the engine that is compiled into a contender, on a database that the
// binary of the same commit has made.
func EngineLoop(ctx context.Context, r *rig.Rig, programs rig.Programs, store rig.Store, callers Callers) (*Loop, error) {
	database, err := r.Database(ctx, programs.Ration, "engine", store, callers.Keys)
	if err != nil {
		return nil, err
	}
	return startLoop(ctx, r, programs.Contender, "engine", database.URL, callers, func(*helper.Process) counter { return rationCounts(database.URL, callers.Keys) })
}

// UpsertLoop starts callers of the guarded upsert.
func UpsertLoop(ctx context.Context, r *rig.Rig, store rig.Store, callers Callers) (*Loop, error) {
	way, database, err := upsertOn(ctx, r, store)
	if err != nil {
		return nil, err
	}
	return startLoop(ctx, r, r.Contender, way, database, callers, func(*helper.Process) counter {
		return func(ctx context.Context) (tally.Count, error) { return readFrom(ctx, r, way, database, callers.Keys) }
	})
}

// MemoryLoop starts callers of a map.
func MemoryLoop(ctx context.Context, r *rig.Rig, callers Callers) (*Loop, error) {
	return startLoop(ctx, r, r.Contender, "memory", "", callers, func(started *helper.Process) counter {
		return func(context.Context) (tally.Count, error) { return memoryOf(r, started, callers.Keys) }
	})
}

func startLoop(ctx context.Context, r *rig.Rig, program, way, database string, callers Callers, counted func(*helper.Process) counter) (*Loop, error) {
	dir, err := r.Directory()
	if err != nil {
		return nil, err
	}
	keys := filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte(strings.Join(r.Secrets(callers.Keys), "\n")), 0o600); err != nil {
		return nil, err
	}
	started, err := helper.Start(ctx, program, database, "loop", way, keys, strconv.Itoa(callers.Callers), strconv.FormatFloat(callers.Zipf, 'g', -1, 64))
	if err != nil {
		return nil, err
	}
	return &Loop{counted(started), started}, nil
}

// Measure lets the callers call.
func (l *Loop) Measure(warmUp, length time.Duration) (result load.Result, err error) {
	err = l.started.Ask(helper.Question{Do: "measure", WarmUp: warmUp, Length: length}, &result)
	return result, err
}

// Counted returns what is recorded.
func (l *Loop) Counted(ctx context.Context) (tally.Count, error) { return l.counted(ctx) }

// Memory returns the most memory that the process has had, in bytes.
func (l *Loop) Memory() (int64, error) { return instance.PeakMemory(l.started.PID()) }

// Stop ends the process.
func (l *Loop) Stop() error { return l.started.Stop() }
