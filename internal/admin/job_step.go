package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// JobRun is a job that this process has taken. Only one goroutine may use it.
type JobRun struct {
	service *Service // within the job's reach
	root    *Service
	job     JobRecord
	size    int       // how many keys or rows the next step takes
	again   int       // how often the next step was tried in vain
	failure error     // why the job has failed; nil: it has not
	refused *keyChunk // the keys of the last step of a change, if it was refused
}

// TakeJob takes the next job; nil: there is none. If alone, no other process can have
// one. Error: [ration.ErrStoreUnavailable].
func (s *Service) TakeJob(ctx context.Context, alone bool) (*JobRun, error) {
	job, found, err := s.store.TakeJob(ctx, uuid.Must(uuid.NewV7()), alone)
	if err != nil || !found {
		return nil, err
	}
	return &JobRun{service: s.Within(job.Reach), root: s, job: job, size: rowsAtOnce}, nil
}

// Job returns the job as this process knows it.
func (r *JobRun) Job() Job { return shownJob(r.job) }

// Failure returns why the job has failed, which Job tells only if it is made for people;
// nil: it has not.
func (r *JobRun) Failure() error { return r.failure }

// Release gives the job back, so that another process can take it at once.
func (r *JobRun) Release(ctx context.Context) error {
	return r.root.store.ReleaseJob(ctx, r.job.ID, r.job.Lease)
}

// Step makes the next step and reports whether the job goes on here. Where a key or a
// row is refused, it takes fewer at a time, until it knows which, and notes the problem.
// An error says that the step has to be tried again, after a pause.
func (r *JobRun) Step(ctx context.Context) (goesOn bool, err error) {
	if err := r.refresh(ctx); err != nil {
		return true, err
	}
	if r.job.State != JobRunning {
		return false, nil
	}
	after, err := r.try(ctx)
	switch {
	case err == nil:
		r.job, r.size, r.again = after, min(2*r.size, rowsAtOnce), 0
		return r.job.State == JobRunning, nil
	case errors.Is(err, ErrJobLost):
		return false, r.endIfRevoked(ctx)
	case isPassing(err), errors.Is(err, ration.ErrExists) && r.again < maxAgain:
		r.again++
		return true, err
	case isOfRow(err) && r.size > 1:
		r.size = (r.size + 1) / 2
		return true, nil
	}
	after, err = r.record(ctx, err)
	switch {
	case err == nil:
		r.job, r.size, r.again = after, min(2*r.size, rowsAtOnce), 0
		return r.job.State == JobRunning, nil
	case errors.Is(err, ErrJobLost):
		return false, r.endIfRevoked(ctx)
	}
	r.again++
	return true, err
}

// maxAgain is how often a step is tried again that met somebody who imports the same keys.
const maxAgain = 3

// isPassing reports whether an error says nothing about what is to be done.
func isPassing(err error) bool {
	return errors.Is(err, ration.ErrStoreUnavailable) || errors.Is(err, ration.ErrOutcomeUnknown) || errors.Is(err, ration.ErrClockSuspect) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isOfRow reports whether an error may concern only some keys or rows.
func isOfRow(err error) bool {
	_, invalid := errors.AsType[*ration.InvalidError](err)
	return invalid || errors.Is(err, ration.ErrNotFound) || errors.Is(err, ration.ErrConflict) || errors.Is(err, ration.ErrExists) || errors.Is(err, ErrOutOfReach)
}

// refresh finds out, after an error, whether the last step was made nevertheless.
func (r *JobRun) refresh(ctx context.Context) error {
	if r.again == 0 {
		return nil
	}
	job, err := r.root.store.Job(ctx, r.job.ID)
	if err != nil {
		return err
	}
	if job.Lease != r.job.Lease {
		job.State = JobCancelled // for this process
	}
	if job.Steps != r.job.Steps {
		r.again = 0
	}
	r.job = job
	return nil
}

// endIfRevoked ends a job whose step was refused although nobody has taken the job:
// because its token is revoked.
func (r *JobRun) endIfRevoked(ctx context.Context) error {
	job, err := r.root.store.Job(ctx, r.job.ID)
	if err != nil || job.Lease != r.job.Lease || job.Steps != r.job.Steps || job.State != JobRunning {
		return err
	}
	audit, err := author{actor: "ration"}.auditEnd("job.cancel", jobTarget(job.ID))
	if err == nil {
		_, err = r.root.store.CancelJob(ctx, job.ID, JobOfRevokedToken, audit)
	}
	return err
}

// try makes a step. It returns the job as it is then.
func (r *JobRun) try(ctx context.Context) (JobRecord, error) {
	switch kind := r.job.Kind; {
	case kind == JobChangeKeys:
		return r.changeKeys(ctx)
	case kind == JobImportKeys && r.importsAsKnown():
		return r.importKeys(ctx)
	case kind == JobImportUsage && r.importsAsKnown():
		return r.importUsage(ctx)
	}
	return r.job, errUnreadable
}

// errUnreadable is why a job of a later release fails.
var errUnreadable = errors.New("this release of Ration can't read what the job is to do")

// begin returns the context of a step, whose progress is what advance makes of the
// operation's result.
func (r *JobRun) begin(ctx context.Context, advance func(job *JobRecord, result any)) (context.Context, *JobStep) {
	step := &JobStep{Job: r.job.ID, Lease: r.job.Lease, Steps: r.job.Steps}
	step.Progress = func() JobRecord {
		job := r.job
		job.Problems = append([]JobProblem(nil), job.Problems...)
		advance(&job, step.result())
		return job
	}
	return WithJobStep(rationadmin.WithOrigin(ctx, r.job.Origin), step), step
}

// end returns the job after a step that was made.
func (r *JobRun) end(step *JobStep, err error) (JobRecord, error) {
	if err != nil {
		return r.job, err
	}
	job := step.Progress()
	job.Steps++
	return job, nil
}

func (r *JobRun) changeKeys(ctx context.Context) (JobRecord, error) {
	change, err := readTask(r.job.Task)
	if err != nil {
		return r.job, errUnreadable
	}
	change.Filter.After, change.Filter.Limit = KeyPosition{ID: r.job.After}, r.size
	ctx, step := r.begin(ctx, func(job *JobRecord, result any) {
		if chunk, ok := result.(*keyChunk); ok {
			job.addChunk(chunk)
		}
	})
	_, err = r.service.changeKeys(ctx, r.job.Actor, change, false)
	if r.refused = nil; err != nil && step.result != nil {
		r.refused, _ = step.result().(*keyChunk)
	}
	return r.end(step, err)
}

// addChunk adds what became of some keys.
func (j *JobRecord) addChunk(chunk *keyChunk) {
	sum := chunk.result()
	j.Done += len(chunk.ids)
	j.Counts.Changed += sum.Changed
	j.Counts.Unchanged += sum.Unchanged
	j.Counts.NoLimit += sum.NoLimit
	for _, id := range chunk.ids {
		if status := chunk.outcomes[id].skipped; status != "" {
			j.addProblem(JobProblem{KeyID: id, Reason: fmt.Sprintf("the key is %s, which doesn't allow the change", status)})
		}
	}
	if j.After = chunk.next; j.After.IsZero() {
		j.State = JobDone
	}
}

func (j *JobRecord) addProblem(problem JobProblem) {
	j.Counts.Problems++
	if len(j.Problems) < rationadmin.MaxJobProblems {
		j.Problems = append(j.Problems, problem)
	}
}

// addRows adds that some rows of an import were looked at.
func (j *JobRecord) addRows(n int) {
	if j.Done += n; j.Done >= j.Total {
		j.State = JobDone
	}
}

// rows reads the next rows of an import.
func rows[Row any](ctx context.Context, r *JobRun) ([]Row, error) {
	if r.job.Done >= r.job.Total {
		return nil, nil
	}
	input, err := r.root.store.JobInput(ctx, r.job.ID, r.job.Done/rowsAtOnce)
	if errors.Is(err, ration.ErrNotFound) { // it was deleted when the job finished
		return nil, ErrJobLost
	}
	if err != nil {
		return nil, err
	}
	part, err := readRows[Row](input)
	begin := r.job.Done % rowsAtOnce
	if err != nil || begin >= len(part) {
		return nil, errUnreadable
	}
	return part[begin:min(begin+r.size, len(part))], nil
}

// importsAsKnown reports whether an import is all that an import does here: a later
// release may have written how else to do it.
func (r *JobRun) importsAsKnown() bool { return decodeStrictly(r.job.Task, new(struct{})) == nil }

func (r *JobRun) importKeys(ctx context.Context) (JobRecord, error) {
	stored, err := rows[jobRow](ctx, r)
	if err != nil {
		return r.job, err
	}
	keys := make([]importRow, len(stored))
	for i := range stored {
		if keys[i], err = stored[i].importRow(); err != nil {
			return r.job, errUnreadable
		}
		if err := r.service.reach.admit(&keys[i].Owner, &keys[i].Plan); err != nil {
			return r.job, err
		}
	}
	ctx, step := r.begin(ctx, func(job *JobRecord, result any) {
		imported, _ := result.(KeysImported)
		job.Counts.Created += imported.Created
		job.Counts.Present += imported.Present
		job.Counts.NoLimit += imported.NoLimit
		job.addRows(len(keys))
	})
	_, err = r.service.importKeys(ctx, r.job.Actor, keys, false)
	return r.end(step, err)
}

func (r *JobRun) importUsage(ctx context.Context) (JobRecord, error) {
	stored, err := rows[jobDay](ctx, r)
	if err != nil {
		return r.job, err
	}
	usage := UsageImport{Days: make([]ImportedDay, len(stored))}
	for i, day := range stored {
		usage.Days[i] = ImportedDay(day)
	}
	ctx, step := r.begin(ctx, func(job *JobRecord, result any) {
		imported, _ := result.(UsageImported)
		job.Counts.Raised += imported.Raised
		job.Counts.Unchanged += len(stored) - imported.Raised
		job.addRows(len(stored))
	})
	_, err = r.service.ImportUsage(ctx, r.job.Actor, usage)
	return r.end(step, err)
}

// record writes why the next key or row was refused, and goes on after it, or why the
// job has failed.
func (r *JobRun) record(ctx context.Context, refusal error) (JobRecord, error) {
	problem, isChange := JobProblem{Reason: reasonOf(refusal)}, r.job.Kind == JobChangeKeys
	fails := !isOfRow(refusal) || isChange && (r.refused == nil || len(r.refused.ids) != 1 || errors.Is(refusal, ration.ErrNotFound)) // the last of its plan
	switch {
	case fails:
	case isChange:
		problem.KeyID = r.refused.ids[0]
	case r.job.Kind == JobImportUsage:
		days, err := rows[jobDay](ctx, r)
		if err != nil {
			return r.job, err
		}
		problem.Row = days[0].Row
	default:
		problem.Row = r.job.Done + 1
	}
	ctx, step := r.begin(ctx, func(job *JobRecord, _ any) {
		switch {
		case fails:
			job.State, job.Error = JobFailed, problem.Reason
			return
		case isChange:
			job.Done++
			if job.After = r.refused.next; job.After.IsZero() {
				job.State = JobDone
			}
		default:
			job.addRows(1)
		}
		job.addProblem(problem)
	})
	results(ctx, func() any { return nil })
	after, err := r.end(step, r.root.store.StepJob(ctx))
	if err == nil && fails {
		r.failure = refusal
	}
	return after, err
}

// reasonOf says why a key or a row was refused. Only what is made for people is told.
func reasonOf(refusal error) string {
	switch {
	case errors.Is(refusal, errUnreadable):
		return errUnreadable.Error()
	case !isOfRow(refusal):
		return "something failed inside; the log of the instance says what"
	}
	text := refusal.Error()
	for _, doing := range []string{"creating keys: ", "changing keys: ", "raising usage: "} { // as the store says what failed
		text = strings.TrimPrefix(text, doing)
	}
	if invalid, ok := errors.AsType[*ration.InvalidError](refusal); ok {
		text = invalid.Error()
	}
	if row, rest, found := strings.Cut(text, ": "); found && strings.HasPrefix(row, "row ") {
		text = rest
	}
	return text
}
