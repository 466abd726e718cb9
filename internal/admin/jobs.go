package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	// maxJobs is how many jobs may wait or run, and maxOwnJobs how many of them with one
	// token, or of one actor without a token.
	maxJobs    = 100
	maxOwnJobs = 10

	// maxTask is how many bytes a change has as it is stored, more than the largest one
	// that keys take. Keys that would refuse it may be there only later.
	maxTask = 512 << 10
	// jobsAtOnce is how many jobs one read of a list has: each may have as much.
	jobsAtOnce = 100
	// defaultJobLimit is how many jobs are listed if nobody says how many.
	defaultJobLimit = 1_000
)

// JobOfRevokedToken is why a job was cancelled without anybody asking for that.
const JobOfRevokedToken = "the service token that asked for it was revoked"

// StartJob checks work and keeps it as a job, which instances do in the background. The
// job may do what the caller may do now. What could be checked without the store, and of
// a change all that its first keys show, is an error here; whatever else a key or row has
// against it becomes a problem of the job.
//
// Errors besides those of [Operations]: ErrNotFound for an unknown plan of a change;
// ErrConflict if too many jobs wait or run.
func (s *Service) StartJob(ctx context.Context, actor string, job NewJob) (Job, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Job{}, err
	}
	if err := s.store.CheckOnce(ctx); err != nil { // before the store is asked for plans, which go on
		return Job{}, err
	}
	work, err := s.workOf(ctx, actor, &job)
	if err != nil {
		return Job{}, err
	}
	record := JobRecord{
		Job: Job{
			ID: uuid.Must(uuid.NewV7()), Kind: work.kind, State: JobQueued, Actor: actor, Origin: by.origin, Total: work.total,
		},
		Reach: s.reach, Task: work.task,
	}
	audit, err := by.audit("job.start", jobTarget(record.ID), nil, fields{"kind": work.kind})
	if err != nil {
		return Job{}, err
	}
	created, err := s.store.CreateJob(Answering(ctx, shownJob), record, work.input, admitJob, audit)
	return shownJob(created), err
}

func jobTarget(id uuid.UUID) string { return "job:" + id.String() }

func jobNamed(id uuid.UUID) string { return "job " + id.String() }

// admitJob bounds how many jobs wait.
func admitJob(all, own int) error {
	switch {
	case own >= maxOwnJobs:
		return fmt.Errorf("%w: %d jobs of yours wait or run; wait until one has finished, or cancel one", ration.ErrConflict, own)
	case all >= maxJobs:
		return fmt.Errorf("%w: %d jobs wait or run; wait until one has finished", ration.ErrConflict, all)
	}
	return nil
}

// workOf checks what is to be done.
func (s *Service) workOf(ctx context.Context, actor string, job *NewJob) (jobWork, error) {
	given, dryRun := 0, false
	if job.Change != nil {
		given, dryRun = given+1, dryRun || job.Change.DryRun
	}
	if job.Keys != nil {
		given, dryRun = given+1, dryRun || job.Keys.DryRun
	}
	if job.Usage != nil {
		given, dryRun = given+1, dryRun || job.Usage.DryRun
	}
	switch {
	case given != 1:
		return jobWork{}, &ration.InvalidError{Field: "job", Reason: "say what is to be done: either a change of keys, or an import of keys, or one of usage"}
	case dryRun:
		return jobWork{}, &ration.InvalidError{Field: "dry_run", Value: "true", Reason: "a job is no dry run: make that without a job"}
	case job.Keys != nil:
		return s.workOfKeys(job.Keys)
	case job.Usage != nil:
		return workOfUsage(job.Usage)
	}
	change := *job.Change
	if !change.Filter.After.IsZero() || change.Filter.Limit != 0 || !change.Patch.IfUpdatedAt.IsZero() {
		return jobWork{}, &ration.InvalidError{Field: "filter", Reason: "a job changes all keys that match: leave out where to begin, how many, and their version"}
	}
	if err := validateTexts(&change.Filter); err != nil {
		return jobWork{}, err
	}
	task, err := writeTask(&change)
	switch {
	case err != nil:
		return jobWork{}, err
	case len(task) > maxTask:
		return jobWork{}, &ration.InvalidError{Field: "patch", Reason: "it is longer than any that a key takes"}
	}
	first := change
	first.DryRun, first.Filter.Limit = true, rowsAtOnce
	if _, err = s.changeKeys(ctx, actor, first, false); err == nil {
		err = validatePatch(&change.Patch)
	}
	return jobWork{kind: JobChangeKeys, task: task}, err
}

// validatePatch refuses what no key takes: perhaps there is none yet that shows it.
func validatePatch(patch *KeyPatch) error {
	key := ration.Key{Name: "any", Scopes: patch.Scopes, AllowedIPs: patch.AllowedIPs}
	set(&key.Owner, patch.Owner)
	set(&key.Plan, patch.Plan)
	set(&key.TimeZone, patch.TimeZone)
	key.Metadata = (&keyPatching{KeyPatch: *patch}).mergeMetadata(nil)
	_, err := normalizeKey(key)
	if err == nil && patch.ExpiresAt != nil {
		err = validateEnd("expires_at", *patch.ExpiresAt, time.Now())
	}
	return err
}

// validateTexts refuses texts that no key has: they would be kept with the job.
func validateTexts(filter *KeyFilter) error {
	return cmp.Or(
		validateText("filter.owner", filter.Owner, 0, MaxTextLength),
		validateText("filter.plan", filter.Plan, 0, MaxTextLength),
		validateText("filter.name", filter.Name, 0, MaxTextLength),
	)
}

// shownJob returns a job as it is shown.
func shownJob(record JobRecord) Job {
	if record.Kind == JobChangeKeys {
		if change, err := readTask(record.Task); err == nil { // or a later release wrote it
			record.Action, record.Filter = change.Action, change.Filter
		}
	}
	return record.Job
}

// ShowJob returns a job with its problems. Error: ErrNotFound.
func (s *Service) ShowJob(ctx context.Context, id uuid.UUID) (Job, error) {
	record, err := s.job(ctx, id)
	return shownJob(record), err
}

// job returns a job that the caller may see. A narrowed token sees its own jobs.
func (s *Service) job(ctx context.Context, id uuid.UUID) (JobRecord, error) {
	record, err := s.store.Job(ctx, id)
	if err == nil && !s.reach.IsAll() && !isOwn(ctx, &record) {
		record, err = JobRecord{}, ration.ErrNotFound
	}
	if errors.Is(err, ration.ErrNotFound) {
		err = ration.ErrNotFound // without the store's words, which differ
	}
	return record, named(jobNamed(id), err)
}

// isOwn reports whether a job is the caller's: of its token or, without one, of its name.
func isOwn(ctx context.Context, record *JobRecord) bool {
	if token := rationadmin.OriginOf(ctx).TokenID; token != uuid.Nil || record.TokenID != uuid.Nil {
		return token == record.TokenID
	}
	name, _ := ctx.Value(callerKey{}).(string)
	return name != "" && name == record.Actor
}

// callerKey is the context's key of who calls.
type callerKey struct{}

// WithCaller returns a context in which somebody calls, by the name that they have as an
// actor. Where callers see what is their own, those without a token are known by it.
func WithCaller(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, callerKey{}, actor)
}

// ListJobs returns jobs, the newest first. A narrowed token sees its own, and who is
// narrowed without a token none.
func (s *Service) ListJobs(ctx context.Context, filter JobFilter) ([]Job, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	if err := validateJobState(filter.State); err != nil {
		return nil, err
	}
	token := uuid.Nil
	if !s.reach.IsAll() {
		if token = rationadmin.OriginOf(ctx).TokenID; token == uuid.Nil {
			return nil, nil
		}
	}
	var jobs []Job
	for most := cmp.Or(filter.Limit, defaultJobLimit); ; {
		filter.Limit = min(most-len(jobs), jobsAtOnce)
		records, err := s.store.ListJobs(ctx, filter, token)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			jobs = append(jobs, shownJob(record))
		}
		if len(records) < filter.Limit || len(jobs) == most {
			return jobs, nil
		}
		filter.After = jobs[len(jobs)-1].ID
	}
}

func validateJobState(state JobState) error {
	switch state {
	case "", JobQueued, JobRunning, JobDone, JobFailed, JobCancelled:
		return nil
	}
	return &ration.InvalidError{Field: "state", Value: string(state), Reason: "use queued, running, done, failed or cancelled"}
}

// CancelJob cancels a job that has not finished: when it has returned, the job changes
// nothing any more. What it did stays. A job that has finished stays as it is. Error:
// ErrNotFound.
func (s *Service) CancelJob(ctx context.Context, actor string, id uuid.UUID) (Job, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Job{}, err
	}
	if _, err := s.job(ctx, id); err != nil {
		return Job{}, err
	}
	audit, err := by.auditEnd("job.cancel", jobTarget(id))
	if err != nil {
		return Job{}, err
	}
	record, err := s.store.CancelJob(ctx, id, "", audit)
	return shownJob(record), named(jobNamed(id), err)
}
