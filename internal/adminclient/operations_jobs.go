package adminclient

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// StartJob implements admin.Operations.
func (o *Operations) StartJob(ctx context.Context, actor string, job admin.NewJob) (admin.Job, error) {
	var asked api.NewJob
	if job.Change != nil {
		asked.ChangeKeys = new(keysChange(*job.Change))
	}
	if job.Keys != nil {
		asked.ImportKeys = new(keysImport(*job.Keys))
	}
	if job.Usage != nil {
		asked.ImportUsage = new(usageImport(*job.Usage))
	}
	started, err := o.admin.StartJob(by(ctx, actor), asked)
	read, err := answered(started, err, readJob)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		for _, member := range []string{"change_keys.", "import_keys.", "import_usage."} {
			invalid.Field = strings.TrimPrefix(invalid.Field, member)
		}
	}
	return read, err
}

// ShowJob implements admin.Operations.
func (o *Operations) ShowJob(ctx context.Context, id uuid.UUID) (admin.Job, error) {
	job, err := o.admin.ShowJob(ctx, id.String())
	return answered(job, err, readJob)
}

// ListJobs implements admin.Operations.
func (o *Operations) ListJobs(ctx context.Context, filter admin.JobFilter) ([]admin.Job, error) {
	query := client.JobQuery{State: string(filter.State)}
	query.Cursor = cursorAfter(wire.ListOfJobs, query.Values(), filter.After)
	return gather(filter.Limit, defaultJobs, &query.Paging, readJob, func() (api.Page[api.Job], error) { return o.admin.ListJobs(ctx, query) })
}

// CancelJob implements admin.Operations.
func (o *Operations) CancelJob(ctx context.Context, actor string, id uuid.UUID) (admin.Job, error) {
	job, err := o.admin.CancelJob(by(ctx, actor), id.String())
	return answered(job, err, readJob)
}

func readJob(j api.Job) (job admin.Job, err error) {
	job = admin.Job{
		Kind: admin.JobKind(j.Kind), State: admin.JobState(j.State), Actor: j.Actor, Action: admin.KeyAction(j.Action),
		CreatedAt: j.CreatedAt, StartedAt: orZero(j.StartedAt), FinishedAt: orZero(j.FinishedAt),
		Done: j.Done, Total: j.Total, Counts: admin.JobCounts(j.Counts), Error: j.Error,
	}
	job.From = j.From
	if j.TokenID != "" {
		if job.TokenID, err = uuid.Parse(j.TokenID); err != nil {
			return job, err
		}
	}
	if f := j.Filter; f != nil {
		job.Filter = admin.KeyFilter{Owner: f.Owner, Plan: f.Plan, Status: ration.Status(f.Status), Name: f.Name, Unlimited: admin.Unlimited(f.Unlimited)}
	}
	if job.Problems, err = all(j.Problems, readJobProblem); err != nil {
		return job, err
	}
	job.ID, err = uuid.Parse(j.ID)
	return job, err
}

func readJobProblem(p api.JobProblem) (problem admin.JobProblem, err error) {
	problem = admin.JobProblem{Row: p.Row, Reason: p.Reason}
	if p.Key != "" {
		problem.KeyID, err = ration.ParseKeyID(p.Key)
	}
	return problem, err
}
