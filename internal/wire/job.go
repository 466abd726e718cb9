package wire

import (
	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Job returns a job.
func Job(job admin.Job) api.Job {
	shown := api.Job{
		ID: job.ID.String(), Kind: string(job.Kind), State: string(job.State), Actor: job.Actor, From: job.From,
		CreatedAt: job.CreatedAt.UTC(), StartedAt: instant(job.StartedAt), FinishedAt: instant(job.FinishedAt),
		Done: job.Done, Total: job.Total, Counts: api.JobCounts(job.Counts), Error: job.Error,
	}
	if job.TokenID != uuid.Nil {
		shown.TokenID = job.TokenID.String()
	}
	if job.Action != "" {
		filter := job.Filter
		shown.Action = string(job.Action)
		shown.Filter = &api.KeyFilter{Owner: filter.Owner, Plan: filter.Plan, Status: string(filter.Status), Name: filter.Name, Unlimited: string(filter.Unlimited)}
	}
	for _, problem := range job.Problems {
		line := api.JobProblem{Row: problem.Row, Reason: problem.Reason}
		if !problem.KeyID.IsZero() {
			line.Key = problem.KeyID.String()
		}
		shown.Problems = append(shown.Problems, line)
	}
	return shown
}

// Jobs returns jobs.
func Jobs(jobs []admin.Job) []api.Job { return convert(jobs, Job) }
