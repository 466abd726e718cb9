package storetest_test

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// memoryJob is a job, with what only the store sees of it.
type memoryJob struct {
	admin.JobRecord
	input [][]byte
	until time.Time // of its lease; zero: it has none
}

func (m *memory) CreateJob(ctx context.Context, job admin.JobRecord, input [][]byte, admit func(all, own int) error, audit admin.AuditEntry) (created admin.JobRecord, err error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	err = m.once(ctx, func() (any, error) {
		all, own := 0, 0
		for _, other := range m.jobs {
			if other.FinishedAt.IsZero() {
				all++
				if other.TokenID == job.TokenID && (job.TokenID != uuid.Nil || other.Actor == job.Actor) {
					own++
				}
			}
		}
		if err := admit(all, own); err != nil {
			return nil, err
		}
		job.State, job.CreatedAt = admin.JobQueued, m.time()
		m.jobs[job.ID] = &memoryJob{JobRecord: job, input: input}
		m.log(audit)
		created = job
		return created, nil
	})
	return created, err
}

func (m *memory) Job(_ context.Context, id uuid.UUID) (admin.JobRecord, error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	if job := m.jobs[id]; job != nil {
		return job.JobRecord, nil
	}
	return admin.JobRecord{}, ration.ErrNotFound
}

func (m *memory) ListJobs(_ context.Context, filter admin.JobFilter, token uuid.UUID) (jobs []admin.JobRecord, err error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	for id, job := range m.jobs {
		if (filter.State == "" || filter.State == job.State) && (token == uuid.Nil || token == job.TokenID) &&
			(filter.After == uuid.Nil || bytes.Compare(id[:], filter.After[:]) < 0) {
			listed := job.JobRecord
			listed.Problems = nil
			jobs = append(jobs, listed)
		}
	}
	slices.SortFunc(jobs, func(a, b admin.JobRecord) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	if filter.Limit > 0 && len(jobs) > filter.Limit {
		jobs = jobs[:filter.Limit]
	}
	return jobs, nil
}

func (m *memory) CancelJob(_ context.Context, id uuid.UUID, reason string, audit admin.AuditEntry) (admin.JobRecord, error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	job := m.jobs[id]
	if job == nil {
		return admin.JobRecord{}, ration.ErrNotFound
	}
	if job.FinishedAt.IsZero() {
		job.cancel(reason, m.time())
		m.log(audit)
	}
	return job.JobRecord, nil
}

func (j *memoryJob) cancel(reason string, now time.Time) {
	j.State, j.Error, j.FinishedAt, j.Lease, j.until, j.input = admin.JobCancelled, reason, now, uuid.Nil, time.Time{}, nil
}

func (m *memory) cancelJobsOf(token uuid.UUID) {
	for _, job := range m.jobs {
		if job.TokenID == token && job.FinishedAt.IsZero() {
			job.cancel(admin.JobOfRevokedToken, m.time())
		}
	}
}

func (m *memory) TakeJob(_ context.Context, lease uuid.UUID, alone bool) (admin.JobRecord, bool, error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	var oldest *memoryJob
	for _, job := range m.jobs {
		free := job.FinishedAt.IsZero() && (alone || job.until.IsZero() || job.until.Before(m.time()) || job.until.After(m.time().Add(2*admin.JobLease)))
		if free && (oldest == nil || job.CreatedAt.Before(oldest.CreatedAt) || job.CreatedAt.Equal(oldest.CreatedAt) && bytes.Compare(job.ID[:], oldest.ID[:]) < 0) {
			oldest = job
		}
	}
	if oldest == nil {
		return admin.JobRecord{}, false, nil
	}
	oldest.State, oldest.Lease, oldest.until = admin.JobRunning, lease, m.time().Add(admin.JobLease)
	if oldest.StartedAt.IsZero() {
		oldest.StartedAt = m.time()
	}
	return oldest.JobRecord, true, nil
}

func (m *memory) ReleaseJob(_ context.Context, id, lease uuid.UUID) error {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	if job := m.jobs[id]; job != nil && job.Lease == lease && job.FinishedAt.IsZero() {
		job.State, job.Lease, job.until = admin.JobQueued, uuid.Nil, time.Time{}
	}
	return nil
}

func (m *memory) JobInput(_ context.Context, id uuid.UUID, number int) ([]byte, error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	if job := m.jobs[id]; job != nil && number < len(job.input) {
		return job.input[number], nil
	}
	return nil, ration.ErrNotFound
}

func (m *memory) StepJob(ctx context.Context) error {
	return m.step(ctx, func() error { return nil })
}

// step makes a change that may be a step of a job.
func (m *memory) step(ctx context.Context, change func() error) error {
	step := admin.JobStepOf(ctx)
	if step == nil {
		return change()
	}
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	job := m.jobs[step.Job]
	if job == nil || !job.FinishedAt.IsZero() || job.Lease != step.Lease || job.Steps != step.Steps || m.isRevoked(job.TokenID) {
		return admin.ErrJobLost
	}
	if err := change(); err != nil {
		return err
	}
	after := step.Progress()
	job.State, job.Done, job.After, job.Counts, job.Problems, job.Error = after.State, after.Done, after.After, after.Counts, after.Problems, after.Error
	job.Steps++
	if job.until = m.time().Add(admin.JobLease); job.State != admin.JobRunning {
		job.FinishedAt, job.Lease, job.until, job.input = m.time(), uuid.Nil, time.Time{}, nil
	}
	return nil
}

func (m *memory) CreateKeys(ctx context.Context, count int, create func(int, *admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	err = m.step(ctx, func() error {
		records, err = m.createKeys(count, create)
		return err
	})
	return records, err
}

func (m *memory) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	err = m.step(ctx, func() error {
		records, err = m.updateKeys(ids, update)
		return err
	})
	return records, err
}

func (m *memory) isRevoked(token uuid.UUID) bool {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	return slices.ContainsFunc(m.tokens, func(t memoryToken) bool { return t.ID == token && !t.RevokedAt.IsZero() })
}
