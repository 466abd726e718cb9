package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	// lookEvery is how often an idle instance looks for a job.
	lookEvery = 2 * time.Second
	// leastPause and mostPause bound the time between two steps, and the pauses after a
	// step that failed.
	leastPause = 2 * time.Millisecond
	mostPause  = 2 * time.Second
	// releaseWithin is how long a stop waits until a job is given back.
	releaseWithin = 2 * time.Second
)

// Taker gives out jobs: [admin.Service].
type Taker interface {
	TakeJob(ctx context.Context, alone bool) (*admin.JobRun, error)
}

// Runner does jobs, one at a time.
type Runner struct {
	Jobs  Taker
	Alone bool // no other process can do jobs of this database, so what is begun is nobody's
	Log   *slog.Logger
}

// Run does jobs until ctx ends. Then it gives the job that it does back, so that another
// instance can go on at once.
func (r *Runner) Run(ctx context.Context) {
	for ctx.Err() == nil {
		job, err := r.Jobs.TakeJob(ctx, r.Alone)
		if err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
			r.Log.WarnContext(ctx, "can't look for jobs", "error", err)
		}
		if job != nil {
			r.do(ctx, job)
			continue
		}
		pause(ctx, lookEvery)
	}
}

// do makes the steps of a job. Between two of them it pauses for as long as a step took:
// decisions go first.
func (r *Runner) do(ctx context.Context, run *admin.JobRun) {
	log := r.Log.With("job", run.Job().ID, "kind", run.Job().Kind)
	log.InfoContext(ctx, "job taken", "done", run.Job().Done)
	again := leastPause
	for ctx.Err() == nil {
		start := time.Now()
		goesOn, err := run.Step(ctx)
		if !goesOn {
			job := run.Job()
			if failure := run.Failure(); failure != nil {
				log.ErrorContext(ctx, "job failed", "error", failure)
			}
			log.InfoContext(ctx, "job ended here", "state", job.State, "done", job.Done, "problems", job.Counts.Problems)
			return
		}
		if err == nil {
			again = leastPause
			pause(ctx, min(max(time.Since(start), leastPause), mostPause))
			continue
		}
		if ctx.Err() == nil {
			log.WarnContext(ctx, "a step of a job failed and will be tried again", "error", err)
		}
		pause(ctx, again)
		again = min(2*again, mostPause)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	if err := run.Release(ctx); err != nil {
		log.WarnContext(ctx, "a job could not be given back; another instance goes on with it soon", "error", err)
	}
}

// pause waits for a time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
