package sqladmin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const defaultJobLimit = 1_000

const jobColumns = "id, kind, state, actor, from_address, token_id, owners, plans, task, total, done, after_key, steps, counts, problems, error, lease_id, created_at, started_at, finished_at"

func readJob(row Row) (job admin.JobRecord) {
	job.ID, job.Kind, job.State = row.ID(), admin.JobKind(row.Text()), admin.JobState(row.Text())
	job.Actor, job.From, job.TokenID = row.Text(), row.Text(), row.OptionalID()
	job.Reach = admin.Reach{Owners: row.Texts(), Plans: row.Texts()}
	job.Task, job.Total, job.Done = []byte(row.Text()), int(row.Int()), int(row.Int())
	job.After, job.Steps = row.OptionalID(), row.Int()
	row.Fail(json.Unmarshal([]byte(row.Text()), &job.Counts))
	row.Fail(json.Unmarshal([]byte(row.Text()), &job.Problems))
	job.Error, job.Lease = row.Text(), row.OptionalID()
	job.CreatedAt, job.StartedAt, job.FinishedAt = row.Time(), row.Time(), row.Time()
	return job
}

// CreateJob implements admin.Jobs. The index jobs_unfinished has the jobs that are
// counted, and a lock keeps others from counting meanwhile.
func (s *Store) CreateJob(ctx context.Context, job admin.JobRecord, input [][]byte, admit func(all, own int) error, audit admin.AuditEntry) (created admin.JobRecord, err error) {
	job.ID = orNewID(job.ID)
	err = s.writeOnce(ctx, "creating a job", func(ctx context.Context, tx Tx) error {
		if err := tx.LockJobs(ctx); err != nil {
			return err
		}
		all, own := 0, 0
		err := tx.Query(ctx, "SELECT token_id, actor FROM jobs WHERE finished_at IS NULL", func(row Row) {
			token, actor := uuid.UUID(row.OptionalID()), row.Text()
			all++
			if token == job.TokenID && (token != uuid.Nil || actor == job.Actor) {
				own++
			}
		})
		if err != nil {
			return err
		}
		if err := admit(all, own); err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var b Batch
		b.AddOne(Meaning{}, `INSERT INTO jobs (`+jobColumns+`) VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, '{}', '[]', '', ?, ?, ?, ?)`,
			job.ID, string(job.Kind), job.Actor, job.From, orNullID(job.TokenID), job.Reach.Owners, job.Reach.Plans, string(job.Task), int64(job.Total),
			nil, nil, now, nil, nil)
		for number, part := range input {
			b.AddOne(Meaning{}, "INSERT INTO job_inputs (job_id, number, input) VALUES (?, ?, ?)", job.ID, int64(number), part)
		}
		b.Audit(audit, now)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		created, err = jobByID(ctx, tx, job.ID)
		return err
	}, func() any { return created })
	if err != nil {
		return admin.JobRecord{}, err
	}
	return created, nil
}

// Job implements admin.Jobs.
func (s *Store) Job(ctx context.Context, id uuid.UUID) (job admin.JobRecord, err error) {
	err = s.db.Read(ctx, "reading a job", func(ctx context.Context, r Reader) error {
		job, err = jobByID(ctx, r, id)
		return err
	})
	return job, err
}

// jobByID reads a job by the primary key.
func jobByID(ctx context.Context, r Reader, id uuid.UUID) (job admin.JobRecord, err error) {
	found := false
	err = r.Query(ctx, "SELECT "+jobColumns+" FROM jobs WHERE id = ?", func(row Row) { job, found = readJob(row), true }, id)
	if err == nil && !found {
		err = fmt.Errorf("job %s: %w", id, ration.ErrNotFound)
	}
	return job, err
}

// ListJobs implements admin.Jobs. The primary key is the order, and jobs are few: they
// are kept for a time.
func (s *Store) ListJobs(ctx context.Context, filter admin.JobFilter, token uuid.UUID) (jobs []admin.JobRecord, err error) {
	by := order{[]string{"id"}, true}
	var where Where
	where.andText("state", string(filter.State))
	if token != uuid.Nil {
		where.And("token_id = ?", token)
	}
	if filter.After != uuid.Nil {
		where.after(by, filter.After)
	}
	sql := "SELECT " + jobColumns + " FROM jobs" + where.SQL() + by.SQL() + " LIMIT ?"
	args := where.With(LimitOr(filter.Limit, defaultJobLimit))
	err = s.db.Read(ctx, "listing jobs", func(ctx context.Context, r Reader) error {
		jobs = nil
		return r.Query(ctx, sql, func(row Row) {
			job := readJob(row)
			job.Problems = nil
			jobs = append(jobs, job)
		}, args...)
	})
	return jobs, err
}

// CancelJob implements admin.Jobs. A step that is under way has either written the job,
// so that this waits for its end, or finds the job cancelled.
func (s *Store) CancelJob(ctx context.Context, id uuid.UUID, reason string, audit admin.AuditEntry) (job admin.JobRecord, err error) {
	err = s.db.Write(ctx, "cancelling a job", func(ctx context.Context, tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		cancelled := false
		err = tx.Query(ctx, "UPDATE jobs SET state = 'cancelled', error = ?, lease_id = ?, lease_until = ?, finished_at = ? WHERE id = ? AND finished_at IS NULL RETURNING "+jobColumns,
			func(row Row) { job, cancelled = readJob(row), true }, reason, nil, nil, now, id)
		if err != nil {
			return err
		}
		if !cancelled {
			if job, err = jobByID(ctx, tx, id); err != nil {
				return err
			}
			return admin.ErrUnchanged // job is the answer
		}
		var b Batch
		b.Add(deleteInputs, id)
		b.Audit(audit, now)
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return admin.JobRecord{}, err
	}
	return job, nil
}

// deleteInputs uses the primary key of job_inputs.
const deleteInputs = "DELETE FROM job_inputs WHERE job_id = ?"

// TakeJob implements admin.Jobs. It looks first, so that the writer is left alone where
// there is nothing. A lease that ends later than any that begins now was written by a clock
// that was ahead. The index jobs_unfinished serves it.
func (s *Store) TakeJob(ctx context.Context, lease uuid.UUID, alone bool) (job admin.JobRecord, found bool, err error) {
	free := "(lease_until IS NULL OR lease_until < ? OR lease_until > ?)"
	bounds := func(now time.Time) []any { return []any{now, now.Add(2 * admin.JobLease)} }
	if alone {
		free, bounds = "true", func(time.Time) []any { return nil }
	}
	var id uuid.UUID
	err = s.db.Read(ctx, "looking for a job", func(ctx context.Context, r Reader) error {
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		id = uuid.Nil
		return r.Query(ctx, "SELECT id FROM jobs WHERE finished_at IS NULL AND "+free+" ORDER BY created_at, id LIMIT 1",
			func(row Row) { id = row.ID() }, bounds(now)...)
	})
	if err != nil || id == uuid.Nil {
		return job, false, err
	}
	err = s.db.Write(ctx, "taking a job", func(ctx context.Context, tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		found = false
		err = tx.Query(ctx, "UPDATE jobs SET state = 'running', lease_id = ?, lease_until = ?, started_at = coalesce(started_at, ?) WHERE id = ? AND finished_at IS NULL AND "+free+" RETURNING "+jobColumns,
			func(row Row) { job, found = readJob(row), true }, append([]any{lease, now.Add(admin.JobLease), now, id}, bounds(now)...)...)
		if err == nil && !found {
			return admin.ErrUnchanged // another instance was first
		}
		return err
	})
	if err != nil {
		return admin.JobRecord{}, false, err
	}
	return job, found, nil
}

// ReleaseJob implements admin.Jobs.
func (s *Store) ReleaseJob(ctx context.Context, id, lease uuid.UUID) error {
	return s.db.Write(ctx, "giving a job back", func(ctx context.Context, tx Tx) error {
		var b Batch
		b.Add("UPDATE jobs SET state = 'queued', lease_id = ?, lease_until = ? WHERE id = ? AND lease_id = ? AND finished_at IS NULL", nil, nil, id, lease)
		return tx.Run(ctx, &b)
	})
}

// JobInput implements admin.Jobs.
func (s *Store) JobInput(ctx context.Context, id uuid.UUID, number int) (input []byte, err error) {
	err = s.db.Read(ctx, "reading a job's input", func(ctx context.Context, r Reader) error {
		found := false
		err := r.Query(ctx, "SELECT input FROM job_inputs WHERE job_id = ? AND number = ?", func(row Row) { input, found = row.Bytes(), true }, id, int64(number))
		if err == nil && !found {
			err = fmt.Errorf("part %d of job %s: %w", number, id, ration.ErrNotFound)
		}
		return err
	})
	return input, err
}

// StepJob implements admin.Jobs.
func (s *Store) StepJob(ctx context.Context) error {
	return s.db.Write(ctx, "going on with a job", func(ctx context.Context, tx Tx) error { return Step(ctx, tx, nil) })
}

// Step ends a transaction that may be a step of a job, with the error that it would
// return. If it is a step and succeeded, even by changing nothing, Step writes how far
// the job is. The job is locked after keys, and its
// input after it, as everybody does.
func Step(ctx context.Context, tx Tx, err error) error {
	step := admin.JobStepOf(ctx)
	if step == nil || err != nil && !errors.Is(err, admin.ErrUnchanged) {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	job := step.Progress()
	counts, err := json.Marshal(job.Counts)
	if err != nil {
		return fmt.Errorf("writing the counts of a job: %w", err)
	}
	problems, err := json.Marshal(append([]admin.JobProblem{}, job.Problems...))
	if err != nil {
		return fmt.Errorf("writing the problems of a job: %w", err)
	}
	var lease, until, finished any = step.Lease, now.Add(admin.JobLease), nil
	if job.State != admin.JobRunning {
		lease, until, finished = nil, nil, now
	}
	var b Batch
	b.AddOne(Meaning{Missing: admin.ErrJobLost}, `UPDATE jobs SET state = ?, done = ?, after_key = ?, steps = ?, counts = ?, problems = ?, error = ?, lease_id = ?, lease_until = ?, finished_at = ?
		WHERE id = ? AND lease_id = ? AND steps = ? AND finished_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM admin_tokens t WHERE t.id = jobs.token_id AND t.revoked_at IS NOT NULL)`,
		string(job.State), int64(job.Done), orNullKey(job.After), step.Steps+1, string(counts), string(problems), job.Error, lease, until, finished,
		step.Job, step.Lease, step.Steps)
	if job.State != admin.JobRunning {
		b.Add(deleteInputs, step.Job)
	}
	return tx.Run(ctx, &b)
}

// cancelJobsOf cancels the jobs of a token that is revoked: nothing is changed with it
// any more.
func (b *Batch) cancelJobsOf(token uuid.UUID, now time.Time) {
	b.Add("UPDATE jobs SET state = 'cancelled', error = ?, lease_id = ?, lease_until = ?, finished_at = ? WHERE token_id = ? AND finished_at IS NULL",
		admin.JobOfRevokedToken, nil, nil, now, token)
	b.Add("DELETE FROM job_inputs WHERE job_id IN (SELECT id FROM jobs WHERE token_id = ? AND finished_at = ?)", token, now)
}
