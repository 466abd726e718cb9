package adminapi

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagJobs = "jobs"

func (a *API) registerJobs() {
	register(a, operation{
		id: "startJob", method: http.MethodPost, path: "/jobs", tag: tagJobs, scope: scopeKeys, status: http.StatusAccepted, body: maxImport,
		summary: "Change many keys, or import keys or usage, in the background",
		about:   "The answer is a job that waits. Servers do it step by step, and go on where it was if one of them crashes. It may do what the token may do now, and is cancelled if the token is revoked.",
		errors:  repeatable,
		example: api.NewJob{ChangeKeys: &api.KeysChange{Filter: api.KeyFilter{Plan: "free"}, Action: "update", Patch: &api.KeyPatch{SetLimits: []api.NewOverride{{Limit: "2000/day"}}}}},
	}, startJob)
	register(a, operation{
		id: "listJobs", method: http.MethodGet, path: "/jobs", tag: tagJobs, scope: scopeRead,
		summary: "List jobs", about: "Those that have not finished, and those that did in the last 30 days, the newest first. A narrowed token sees its own.",
	}, listJobs)
	register(a, operation{
		id: "showJob", method: http.MethodGet, path: "/jobs/{id}", tag: tagJobs, scope: scopeRead,
		summary: "Show how far a job is, and its problems",
	}, showJob)
	register(a, operation{
		id: "cancelJob", method: http.MethodPost, path: "/jobs/{id}/cancel", tag: tagJobs, scope: scopeKeys,
		summary: "Cancel a job", about: "When this has answered, the job changes nothing any more. What it did stays. A job that has finished stays as it is.",
	}, cancelJob)
}

type startJobInput struct {
	Repeatable
	Body api.NewJob
}

type startedJob struct {
	Replayable
	Location string `header:"Location" doc:"Where it is shown."`
	Body     api.Job
}

func startJob(ctx context.Context, c Caller, in *startJobInput) (*startedJob, error) {
	job, err := readNewJob(in)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (rationadmin.Job, error) {
		started, err := c.Operations.StartJob(ctx, c.Actor, job.NewJob)
		if err != nil {
			err = &inMember{job.member(), err}
		}
		return started, err
	}, func(job rationadmin.Job) *startedJob {
		return &startedJob{Location: Prefix + "/jobs/" + job.ID.String(), Body: wire.Job(job)}
	})
}

// newJob is what a request asks for: exactly one thing.
type newJob struct{ rationadmin.NewJob }

// member returns the member of the body that says it.
func (j *newJob) member() string {
	switch {
	case j.Keys != nil:
		return "import_keys"
	case j.Usage != nil:
		return "import_usage"
	}
	return "change_keys"
}

func readNewJob(in *startJobInput) (job newJob, err error) {
	given := 0
	for _, is := range []bool{in.Body.ChangeKeys != nil, in.Body.ImportKeys != nil, in.Body.ImportUsage != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return job, invalidValue("", "say what is to be done, with exactly one of change_keys, import_keys and import_usage")
	}
	if body := in.Body.ChangeKeys; body != nil {
		change, err := readKeysChange(body, memberOf(in.RawBody, "change_keys"))
		if err != nil {
			return job, below("/change_keys", err)
		}
		job.Change = &change
	}
	if body := in.Body.ImportKeys; body != nil {
		keys, err := readKeysImport(body)
		if err != nil {
			return job, below("/import_keys", err)
		}
		job.Keys = &keys
	}
	if body := in.Body.ImportUsage; body != nil {
		usage, err := readUsageImport(body)
		if err != nil {
			return job, below("/import_usage", err)
		}
		job.Usage = &usage
	}
	return job, nil
}

type listJobsInput struct {
	State string `query:"state" enum:"queued,running,done,failed,cancelled" doc:"Only those in this state."`
	Paging
}

func listJobs(ctx context.Context, c Caller, in *listJobsInput) (*reply[api.Page[api.Job]], error) {
	filter := admin.JobFilter{State: admin.JobState(in.State)}
	jobs := list[admin.Job, api.Job, uuid.UUID]{
		name: wire.ListOfJobs, show: wire.Jobs, place: func(job *admin.Job) uuid.UUID { return job.ID },
		find: func(ctx context.Context, after uuid.UUID, most int) ([]admin.Job, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListJobs(ctx, filter)
		},
	}
	return jobs.page(ctx, in.Paging)
}

// ByJob is the input of operations on one job.
type ByJob struct {
	ID string `path:"id" doc:"The job's id: a UUID."`
}

// read returns the id. Of what is no id there is no job.
func (in *ByJob) read() uuid.UUID { return readID(in.ID) }

func showJob(ctx context.Context, c Caller, in *ByJob) (*reply[api.Job], error) {
	job, err := c.Operations.ShowJob(ctx, in.read())
	return replyWith(wire.Job(job), err)
}

func cancelJob(ctx context.Context, c Caller, in *ByJob) (*reply[api.Job], error) {
	job, err := c.Operations.CancelJob(ctx, c.Actor, in.read())
	return replyWith(wire.Job(job), err)
}
