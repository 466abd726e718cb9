package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *app) jobsCommand() *cobra.Command {
	return a.group("jobs", "List, show and cancel work in the background",
		a.jobsListCommand(), a.jobsShowCommand(), a.jobsCancelCommand(),
	)
}

func (a *app) jobsListCommand() *cobra.Command {
	var filter admin.JobFilter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List jobs, newest first", Args: noArguments,
		Long: `Lists jobs, newest first: changes of many keys that were started with --background, and
what was started over the admin API. Servers (ration serve) on the database do them, one
each at a time. A job that has finished is listed for 30 days.`,
		Example: `  ration jobs list
  ration jobs list --state running -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				filter.State = admin.JobState(state)
				jobs, err := ops.ListJobs(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(jobs) > 0 && len(jobs) == filter.Limit {
					a.say("There may be more: raise --max, or choose --state")
				}
				shown := wire.Jobs(jobs)
				return a.show(jobsListing(shown, shown))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&state, "state", "", "only queued, running, done, failed or cancelled ones")
	flags.IntVar(&filter.Limit, "max", 1000, "list at most this many")
	return cmd
}

func (a *app) jobsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show JOB", Short: "Show how far a job is, and what it could not change", Args: oneArgument("the id of a job"),
		Example: "  ration jobs show 0197c0de-…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withJob(cmd.Context(), args[0], admin.Operations.ShowJob)
		},
	}
}

func (a *app) jobsCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel JOB", Short: "Cancel a job", Args: oneArgument("the id of a job"),
		Long: `Cancels a job. When the command has ended, the job changes nothing any more; what it did
stays. A job that has finished stays as it is.`,
		Example: "  ration jobs cancel 0197c0de-…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withJob(cmd.Context(), args[0], func(ops admin.Operations, ctx context.Context, id uuid.UUID) (admin.Job, error) {
				return ops.CancelJob(ctx, actor(), id)
			})
		},
	}
}

// withJob runs an operation on a job and shows the job.
func (a *app) withJob(ctx context.Context, text string, do func(admin.Operations, context.Context, uuid.UUID) (admin.Job, error)) error {
	id, err := uuid.Parse(text)
	if err != nil {
		return &ration.InvalidError{Field: "JOB", Value: text, Reason: "a job's id is a UUID; 'ration jobs list' shows them"}
	}
	return a.with(ctx, mustExist, func(ops admin.Operations) error {
		job, err := do(ops, ctx, id)
		if err != nil {
			return err
		}
		return a.showJob(job)
	})
}

// showJob prints a job, and below it what it could not change.
func (a *app) showJob(job admin.Job) error {
	shown := wire.Job(job)
	if err := a.show(jobsListing([]api.Job{shown}, shown)); err != nil || a.format != formatTable || a.quiet {
		return err
	}
	if job.Error != "" {
		a.say("%s: %s", strings.ToUpper(string(job.State[:1]))+string(job.State[1:]), visible(job.Error))
	}
	if len(job.Problems) == 0 {
		return nil
	}
	if more := job.Counts.Problems - len(job.Problems); more > 0 {
		a.say("These are the first problems; %d more are not kept.", more)
	}
	fmt.Fprintln(a.stdout)
	return showTable(a.stdout, problemsListing(shown))
}

func jobsListing(jobs []api.Job, value any) listing {
	list := listing{
		value: value, empty: "no jobs",
		columns: []column{
			{name: "id"},
			{name: "kind"},
			{name: "state"},
			{name: "done"},
			{name: "counts"},
			{name: "actor"},
			{name: "created_at"},
			{name: "started_at", wide: true},
			{name: "finished_at"},
			{name: "error", wide: true},
		},
	}
	for i := range jobs {
		j := &jobs[i]
		done := number(int64(j.Done))
		if j.Total > 0 {
			done = fmt.Sprintf("%d of %d", j.Done, j.Total)
		}
		kind := j.Kind
		if j.Action != "" {
			kind = "keys." + j.Action
		}
		list.rows = append(list.rows, []string{
			j.ID, kind, j.State, done, countsText(&j.Counts), j.Actor, instantText(&j.CreatedAt), instantText(j.StartedAt), instantText(j.FinishedAt), j.Error,
		})
	}
	return list
}

// countsText is "changed=12 problems=1".
func countsText(c *api.JobCounts) string {
	var counts []string
	for _, count := range []struct {
		name string
		n    int
	}{
		{"changed", c.Changed},
		{"created", c.Created},
		{"present", c.Present},
		{"raised", c.Raised},
		{"unchanged", c.Unchanged},
		{"problems", c.Problems},
	} {
		if count.n > 0 {
			counts = append(counts, fmt.Sprintf("%s=%d", count.name, count.n))
		}
	}
	return strings.Join(counts, " ")
}

func problemsListing(job api.Job) listing {
	list := listing{columns: []column{{name: "key_or_row"}, {name: "problem"}}}
	for _, problem := range job.Problems {
		what := problem.Key
		if what == "" {
			what = "row " + number(int64(problem.Row))
		}
		list.rows = append(list.rows, []string{what, problem.Reason})
	}
	return list
}

// startJob lets servers do a change of many keys.
func (a *app) startJob(ctx context.Context, change admin.KeysChange) error {
	return a.with(ctx, mustExist, func(ops admin.Operations) error {
		job, err := ops.StartJob(ctx, actor(), rationadmin.NewJob{Change: &change})
		if err != nil {
			return err
		}
		a.say("A server on the database does this in the background; 'ration jobs show %s' says how far it is.", job.ID)
		return a.showJob(job)
	})
}

// jobChoices are the jobs that have not finished.
func jobChoices(ctx context.Context, ops admin.Operations, begun string) ([]cobra.Completion, error) {
	var found []cobra.Completion
	jobs, err := ops.ListJobs(ctx, admin.JobFilter{Limit: 50})
	for _, job := range jobs {
		if id := job.ID.String(); strings.HasPrefix(id, begun) {
			found = append(found, cobra.CompletionWithDesc(id, string(job.Kind)+", "+string(job.State)))
		}
	}
	return found, err
}

func jobStates() (states []string) {
	for _, state := range rationadmin.JobStates {
		states = append(states, string(state))
	}
	return states
}
