package console

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerJobs() {
	c.get("/jobs", c.jobs)
	c.get("/jobs/{id}", c.job)
	c.post("/jobs/{id}/cancel", c.cancelJob)
}

const jobsOnPage = 50

// jobsPage is what the page shows.
type jobsPage struct {
	Rows   []rationadmin.Job
	State  string
	States []rationadmin.JobState
	First  bool // no earlier page
	Pager  pager
}

func (c *Console) jobs(v *visit) error {
	values := v.r.URL.Query()
	filter := rationadmin.JobFilter{State: rationadmin.JobState(values.Get("state")), Limit: jobsOnPage + 1}
	if after := values.Get("after"); after != "" {
		id, err := uuid.Parse(after)
		if err != nil {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
		filter.After = id
	}
	found, err := v.Operations.ListJobs(v.ctx, filter)
	if err != nil {
		return err
	}
	page, next := jobsPage{Rows: found, State: string(filter.State), States: rationadmin.JobStates, First: filter.After == uuid.Nil}, ""
	if len(found) > jobsOnPage {
		page.Rows, next = found[:jobsOnPage], found[jobsOnPage-1].ID.String()
	}
	page.Pager = newPager("/jobs", values, next)
	v.show(200, "jobs", layout{Title: "Jobs", Section: "/system", Page: page})
	return nil
}

// jobOf returns the job that the path of a request names.
func (v *visit) jobOf() (rationadmin.Job, error) {
	id, err := uuid.Parse(v.r.PathValue("id"))
	if err != nil {
		return rationadmin.Job{}, ration.ErrNotFound
	}
	return v.Operations.ShowJob(v.ctx, id)
}

// jobPage is what the page shows.
type jobPage struct {
	rationadmin.Job
	Open bool // it has not finished
	More int  // problems that are not kept
}

func (c *Console) job(v *visit) error {
	job, err := v.jobOf()
	if err != nil {
		return err
	}
	page := jobPage{Job: job, Open: job.FinishedAt.IsZero(), More: job.Counts.Problems - len(job.Problems)}
	v.show(200, "job", layout{Title: jobName(job), Section: "/system", Page: page})
	return nil
}

func (c *Console) cancelJob(v *visit) error {
	id, err := uuid.Parse(v.r.PathValue("id"))
	if err != nil {
		return ration.ErrNotFound
	}
	job, err := v.Operations.CancelJob(v.ctx, actor, id)
	if err != nil {
		return err
	}
	text := "The job is cancelled. What it did stays."
	if job.State != rationadmin.JobCancelled {
		text = "The job had finished already."
	}
	return v.done("/jobs/"+id.String(), text, nil)
}

// jobName says what a job does.
func jobName(job rationadmin.Job) string {
	switch job.Kind {
	case rationadmin.JobImportKeys:
		return "Import of keys"
	case rationadmin.JobImportUsage:
		return "Import of usage"
	}
	return fmt.Sprintf("Change of keys: %s", job.Action)
}

// jobCount is a part of what a job has looked at.
type jobCount struct {
	Name  string
	Count int
}

// jobCounts returns the counts of a job that are not zero.
func jobCounts(counts rationadmin.JobCounts) []jobCount {
	var all []jobCount
	for _, one := range []jobCount{
		{"changed", counts.Changed},
		{"created", counts.Created},
		{"there already", counts.Present},
		{"raised", counts.Raised},
		{"unchanged", counts.Unchanged},
		{"without a limit", counts.NoLimit},
		{"problems", counts.Problems},
	} {
		if one.Count > 0 {
			all = append(all, one)
		}
	}
	return all
}

// jobBar is how far a job is; nil: nobody knows how much there is.
func jobBar(job rationadmin.Job) *bar {
	if job.Total == 0 {
		return nil
	}
	return &bar{Used: min(100, job.Done*100/job.Total), Label: count(job.Done) + " of " + count(job.Total)}
}
