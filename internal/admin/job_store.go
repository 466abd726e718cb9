package admin

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// JobRetention is how long a job is kept after it has finished.
const JobRetention = 30 * 24 * time.Hour

// JobLease is how long an instance has a job before another one may take it. Each step
// begins it anew.
const JobLease = 10 * time.Second

// ErrJobLost means that a step of a job was not made, because the job is no longer that
// of the one who would make it: it was cancelled, its token was revoked, another
// instance has taken it, or the same step was made before.
var ErrJobLost = errors.New("the job is no longer this instance's")

// Jobs stores jobs. The methods that change many keys, which are CreateKeys,
// UpdateKeys and RaiseUsage, make the context's [JobStep] in their transaction: they
// change nothing, and return ErrJobLost, unless the job is still where the step begins.
type Jobs interface {
	// CreateJob writes a queued job, its input and its audit entry, if admit returns no
	// error: it gets the number of jobs that have not finished, and of those with the
	// same token or, if the job has none, with the same actor. The store sets CreatedAt.
	// It makes the context's [Once].
	CreateJob(ctx context.Context, job JobRecord, input [][]byte, admit func(all, own int) error, audit AuditEntry) (JobRecord, error)
	// Job returns a job. Error: ErrNotFound.
	Job(ctx context.Context, id uuid.UUID) (JobRecord, error)
	// ListJobs returns the jobs that match, without their Problems. If token is not
	// zero, they are those that were asked for with it.
	ListJobs(ctx context.Context, filter JobFilter, token uuid.UUID) ([]JobRecord, error)
	// CancelJob cancels a job that has not finished. When it has returned, the job
	// changes nothing any more. If the job has finished, it stays as it is, and no audit
	// entry is written. Error: ErrNotFound.
	CancelJob(ctx context.Context, id uuid.UUID, reason string, audit AuditEntry) (JobRecord, error)

	// TakeJob gives the oldest job that nobody has to a new lease, which ends after
	// JobLease. Nobody has a job whose lease a clock wrote that was ahead. If alone, nobody else can have a job, whatever leases say.
	TakeJob(ctx context.Context, lease uuid.UUID, alone bool) (job JobRecord, found bool, err error)
	// ReleaseJob gives a job back that a lease has. It does nothing if the lease no
	// longer has it.
	ReleaseJob(ctx context.Context, id, lease uuid.UUID) error
	// JobInput returns a part of a job's input. Error: ErrNotFound.
	JobInput(ctx context.Context, id uuid.UUID, number int) ([]byte, error)
	// StepJob makes the context's step, which changes nothing else. Error: ErrJobLost.
	StepJob(ctx context.Context) error
}

// JobRecord is a job as it is stored.
type JobRecord struct {
	Job   // without Action and Filter
	Reach Reach
	Task  []byte // what it does, as [Service] writes it
	Steps int64  // that were made

	After ration.KeyID // the last key that was looked at; zero: none was
	Lease uuid.UUID    // who has it; zero: nobody
}

// JobStep is what one transaction of a job does, besides what it changes: it says how
// far the job is then. It travels in the context of an operation.
type JobStep struct {
	Job, Lease uuid.UUID
	Steps      int64 // that were made before

	// Progress returns the job as it is after the step: its State, Done, Counts, Problems,
	// Error and After. It is called within the transaction, after all changes, and
	// perhaps again.
	Progress func() JobRecord

	result func() any // what an operation has done, set by it
}

type jobStepKey struct{}

// WithJobStep returns a context in which the next change is a step of a job.
func WithJobStep(ctx context.Context, step *JobStep) context.Context {
	return context.WithValue(ctx, jobStepKey{}, step)
}

// JobStepOf returns what WithJobStep has put into a context; nil: nothing.
func JobStepOf(ctx context.Context) *JobStep {
	step, _ := ctx.Value(jobStepKey{}).(*JobStep)
	return step
}

// results lets an operation say what it has done, if it is a step of a job.
func results(ctx context.Context, result func() any) {
	if step := JobStepOf(ctx); step != nil {
		step.result = result
	}
}
