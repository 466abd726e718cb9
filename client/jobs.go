package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/ration-dev/ration/api"
)

// StartJob lets servers change many keys, or import keys or usage, in the background. Look
// what becomes of it with ShowJob, or wait for its end with WaitForJob.
func (a *Admin) StartJob(ctx context.Context, job api.NewJob) (api.Job, error) {
	return once[api.Job](ctx, a, "/jobs", job)
}

// ShowJob returns a job, with its problems.
func (a *Admin) ShowJob(ctx context.Context, id string) (api.Job, error) {
	return read[api.Job](ctx, a, "/jobs/"+url.PathEscape(id), nil)
}

// CancelJob cancels a job that has not finished: when it has returned, the job changes
// nothing any more.
func (a *Admin) CancelJob(ctx context.Context, id string) (api.Job, error) {
	return change[api.Job](ctx, a, http.MethodPost, "/jobs/"+url.PathEscape(id)+"/cancel", nil)
}

// The pauses of WaitForJob.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 5 * time.Second
)

// WaitForJob returns a job when it has finished, in whichever of its final states. It asks
// again and again, ever more rarely, and ends with the context.
func (a *Admin) WaitForJob(ctx context.Context, id string) (api.Job, error) {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		job, err := a.ShowJob(ctx, id)
		if err != nil || job.FinishedAt != nil {
			return job, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return job, ctx.Err()
		case <-timer.C:
		}
	}
}

// JobQuery selects jobs. A zero field does not restrict the selection.
type JobQuery struct {
	State string // queued, running, done, failed or cancelled
	Paging
}

// Values returns the parameters of the request.
func (q JobQuery) Values() url.Values { return q.parameters("state", q.State) }

// ListJobs returns one page of jobs, the newest first, without their problems.
func (a *Admin) ListJobs(ctx context.Context, query JobQuery) (api.Page[api.Job], error) {
	return list[api.Job](ctx, a, "/jobs", query.Values())
}

// Jobs returns all jobs that match, page by page. The sequence ends after an error.
func (a *Admin) Jobs(ctx context.Context, query JobQuery) iter.Seq2[api.Job, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Job], error) {
		query.Cursor = cursor
		return a.ListJobs(ctx, query)
	})
}
