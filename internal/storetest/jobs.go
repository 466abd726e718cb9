package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

var jobTests = []contractTest{
	{"a job comes back as it was asked for", testJobRoundTrip},
	{"jobs are listed by state and by token, page by page", testJobList},
	{"a job that is refused is not kept", testJobRefused},
	{"jobs that are asked for at the same moment pass no bound", testJobsBounded},
	{"a job is given to one taker, the oldest first", testJobTaken},
	{"a lease of a clock that was ahead ends", testJobOfClockAhead},
	{"a step changes keys and says how far the job is", testJobStep},
	{"a step is made once", testJobStepOnce},
	{"a step that fails changes nothing", testJobStepFails},
	{"a job goes on in another instance where it was", testJobTakenOver},
	{"a cancelled job changes nothing any more", testJobCancelled},
	{"a revoked token ends its jobs", testJobOfRevokedToken},
	{"what a job was to do is forgotten when it has finished", testJobInput},
	{"a job that is asked for again is kept once", testJobOnce},
}

// noJobs ends the jobs of other tests.
func (f *fixture) noJobs() {
	f.Helper()
	jobs, err := f.Store.ListJobs(f.Context(), admin.JobFilter{}, uuid.Nil)
	f.wantError(err, nil)
	for _, job := range jobs {
		if job.FinishedAt.IsZero() {
			_, err := f.Store.CancelJob(f.Context(), job.ID, "another test begins", entry("job.cancel", "job:"+job.ID.String()))
			f.wantError(err, nil)
		}
	}
}

func anyNumber(int, int) error { return nil }

// job creates a job.
func (f *fixture) job(configure func(*admin.JobRecord), input ...[]byte) admin.JobRecord {
	f.Helper()
	job := admin.JobRecord{Job: admin.Job{ID: uuid.Must(uuid.NewV7()), Kind: admin.JobChangeKeys, Actor: "test"}, Task: []byte(`{}`)}
	configure(&job)
	created, err := f.Store.CreateJob(f.Context(), job, input, anyNumber, entry("job.start", "job:"+job.ID.String()))
	if err != nil {
		f.Fatalf("creating a job: %v", err)
	}
	job.State, job.CreatedAt = admin.JobQueued, f.now
	f.want("job as created", job, withoutEmpty(created))
	return created
}

// withoutEmpty leaves out what is empty rather than nil.
func withoutEmpty(job admin.JobRecord) admin.JobRecord {
	if len(job.Problems) == 0 {
		job.Problems = nil
	}
	return job
}

func (f *fixture) wantJob(want admin.JobRecord) {
	f.Helper()
	got, err := f.Store.Job(f.Context(), want.ID)
	f.wantError(err, nil)
	f.want("job", withoutEmpty(want), withoutEmpty(got))
}

// take takes the next job.
func (f *fixture) take(store Store) (job admin.JobRecord, found bool) {
	f.Helper()
	job, found, err := store.TakeJob(f.Context(), uuid.Must(uuid.NewV7()), false)
	f.wantError(err, nil)
	return job, found
}

// mustTake takes a job that has to be the next one.
func (f *fixture) mustTake(id uuid.UUID) admin.JobRecord {
	f.Helper()
	job, found := f.take(f.Store)
	if !found || job.ID != id {
		f.Fatalf("took job %s, %v; want %s", job.ID, found, id)
	}
	return job
}

// stepOf returns a step after which a job is as configured.
func stepOf(job admin.JobRecord, configure func(*admin.JobRecord)) *admin.JobStep {
	return &admin.JobStep{Job: job.ID, Lease: job.Lease, Steps: job.Steps, Progress: func() admin.JobRecord {
		configure(&job)
		return job
	}}
}

// stepKeys makes a step that gives keys a name.
func (f *fixture) stepKeys(store Store, step *admin.JobStep, name string, ids ...ration.KeyID) error {
	_, err := store.UpdateKeys(admin.WithJobStep(f.Context(), step), ids, func(change *admin.KeyChange) error {
		change.Key.Name, change.Audit = name, entry("key.update", change.Key.ID.String())
		return nil
	})
	return err
}

func testJobRoundTrip(f *fixture) {
	for _, configure := range []func(*admin.JobRecord){
		func(*admin.JobRecord) {},
		func(j *admin.JobRecord) {
			j.Kind, j.Total, j.Actor, j.From = admin.JobImportKeys, 1<<53, `token:a'b%_\`, "::1"
			j.TokenID = uuid.Must(uuid.NewV7())
		},
		func(j *admin.JobRecord) {
			j.Task = []byte(`{"Name": "a'b%_\\\u0000 株式会社 😀"}`)
			j.Reach = admin.Reach{Owners: []string{"acme", `o'neil "&" sons`}, Plans: []string{""}}
		},
	} {
		job := f.job(configure)
		f.wantJob(job)
		f.want("audit entries", 1, len(f.audit(admin.AuditFilter{Target: "job:" + job.ID.String()})))
	}
	_, err := f.Store.Job(f.Context(), uuid.Must(uuid.NewV7()))
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.CancelJob(f.Context(), uuid.Nil, "", entry("job.cancel", "job:none"))
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.JobInput(f.Context(), uuid.Nil, 0)
	f.wantError(err, ration.ErrNotFound)
}

func testJobList(f *fixture) {
	token := uuid.Must(uuid.NewV7())
	var own, cancelled []uuid.UUID
	for i := range 6 {
		job := f.job(func(j *admin.JobRecord) { j.TokenID = token })
		f.job(func(j *admin.JobRecord) { j.TokenID = uuid.Must(uuid.NewV7()) })
		own = append([]uuid.UUID{job.ID}, own...)
		if i%2 == 0 {
			_, err := f.Store.CancelJob(f.Context(), job.ID, "", entry("job.cancel", "job:"+job.ID.String()))
			f.wantError(err, nil)
			cancelled = append([]uuid.UUID{job.ID}, cancelled...)
		}
	}
	list := func(filter admin.JobFilter, token uuid.UUID) (ids []uuid.UUID) {
		jobs, err := f.Store.ListJobs(f.Context(), filter, token)
		f.wantError(err, nil)
		for _, job := range jobs {
			ids = append(ids, job.ID)
		}
		return ids
	}
	f.want("jobs of a token", own, list(admin.JobFilter{}, token))
	f.want("its cancelled jobs", cancelled, list(admin.JobFilter{State: admin.JobCancelled}, token))
	f.want("those of nobody", []uuid.UUID(nil), list(admin.JobFilter{}, uuid.Must(uuid.NewV7())))
	for size := 1; size <= len(own)+1; size++ {
		var paged []uuid.UUID
		for after := uuid.Nil; ; after = paged[len(paged)-1] {
			page := list(admin.JobFilter{After: after, Limit: size}, token)
			if paged = append(paged, page...); len(page) < size {
				break
			}
		}
		f.want("jobs, page by page", own, paged)
	}
	if all := list(admin.JobFilter{}, uuid.Nil); len(all) < 2*len(own) {
		f.Errorf("%d jobs of all", len(all))
	}
}

func testJobRefused(f *fixture) {
	id, refused := uuid.Must(uuid.NewV7()), errors.New("refused")
	_, err := f.Store.CreateJob(f.Context(), admin.JobRecord{Job: admin.Job{ID: id, Actor: "test"}, Task: []byte("{}")}, [][]byte{{1}},
		func(int, int) error { return refused }, entry("job.start", "job:"+id.String()))
	f.wantError(err, refused)
	_, err = f.Store.Job(f.Context(), id)
	f.wantError(err, ration.ErrNotFound)
	f.want("audit entries", 0, len(f.audit(admin.AuditFilter{Target: "job:" + id.String()})))
}

func testJobsBounded(f *fixture) {
	f.noJobs()
	full, token := errors.New("full"), uuid.Must(uuid.NewV7())
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		kept  = map[uuid.UUID]int{}
	)
	for i := range 16 {
		of := uuid.Nil
		if i%2 == 0 {
			of = token
		}
		group.Go(func() {
			job := admin.JobRecord{Job: admin.Job{ID: uuid.Must(uuid.NewV7()), Actor: "somebody"}, Task: []byte("{}")}
			job.TokenID = of
			_, err := f.Store.CreateJob(f.Context(), job, nil, func(all, own int) error {
				if all >= 5 || own >= 3 {
					return full
				}
				return nil
			}, entry("job.start", "job:"+job.ID.String()))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				kept[of]++
			case !errors.Is(err, full):
				f.Errorf("creating a job: %v", err)
			}
		})
	}
	group.Wait()
	if kept[token]+kept[uuid.Nil] != 5 || kept[token] > 3 || kept[uuid.Nil] > 3 {
		f.Errorf("%d and %d jobs were kept, want 5 and at most 3 of each", kept[token], kept[uuid.Nil])
	}
	f.noJobs()
}

func testJobTaken(f *fixture) {
	f.noJobs()
	first := f.job(func(*admin.JobRecord) {})
	f.advance(time.Second)
	second := f.job(func(*admin.JobRecord) {})
	stores := []Store{f.Store, f.Store}
	if f.OpenAnother != nil {
		stores[1] = f.OpenAnother(f.t)
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		taken []uuid.UUID
	)
	for i := range 8 {
		group.Go(func() {
			for range 4 {
				if job, found, err := stores[i%2].TakeJob(f.Context(), uuid.Must(uuid.NewV7()), false); err != nil {
					f.Errorf("taking a job: %v", err)
				} else if found {
					mu.Lock()
					taken = append(taken, job.ID)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	slices.SortFunc(taken, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	f.want("jobs that were taken", []uuid.UUID{first.ID, second.ID}, taken)
	f.advance(admin.JobLease + time.Microsecond)
	got := f.mustTake(first.ID)
	f.want("begin", first.CreatedAt.Add(time.Second), got.StartedAt)
	f.wantError(f.Store.ReleaseJob(f.Context(), got.ID, uuid.Must(uuid.NewV7())), nil) // somebody else's lease
	f.mustTake(second.ID)
	if job, found := f.take(f.Store); found {
		f.Errorf("took %s, which another one has", job.ID)
	}
	f.wantError(f.Store.ReleaseJob(f.Context(), got.ID, got.Lease), nil)
	f.mustTake(first.ID)
	if _, found, err := f.Store.TakeJob(f.Context(), uuid.Must(uuid.NewV7()), true); err != nil || !found {
		f.Errorf("alone: found %v, %v; want a job whatever leases say", found, err)
	}
	f.noJobs()
}

func testJobOfClockAhead(f *fixture) {
	f.noJobs()
	job, now := f.job(func(*admin.JobRecord) {}), f.now
	f.advance(24 * time.Hour)
	former := f.mustTake(job.ID)
	f.setNow(now)
	if job, found := f.take(f.Store); !found || job.Lease == former.Lease {
		f.Errorf("took %+v, %v; want the job of an instance whose clock was ahead", job, found)
	}
	if job, found := f.take(f.Store); found {
		f.Errorf("took %s, which another one has", job.ID)
	}
	f.advance(-time.Second) // a step of a clock that leaves the lease as it is
	if job, found := f.take(f.Store); found {
		f.Errorf("took %s, which another one has", job.ID)
	}
	f.noJobs()
}

func testJobStep(f *fixture) {
	f.noJobs()
	ids := inOrder(f, f.manyKeys(3, ""))
	job := f.mustTake(f.job(func(j *admin.JobRecord) { j.Total = 7 }).ID)
	problems := []admin.JobProblem{{Row: 2, Reason: `it's "wrong" <&>`}, {KeyID: ids[1], Reason: "\x00"}}
	err := f.stepKeys(f.Store, stepOf(job, func(j *admin.JobRecord) {
		j.Done, j.After, j.Counts, j.Problems = 3, ids[2], rationadmin.JobCounts{Changed: 3, Problems: 2}, problems
	}), "first", ids...)
	f.wantError(err, nil)
	job.Steps, job.Done, job.After, job.Counts, job.Problems = 1, 3, ids[2], rationadmin.JobCounts{Changed: 3, Problems: 2}, problems
	f.wantJob(job)
	f.advance(admin.JobLease - time.Second)
	err = f.Store.StepJob(admin.WithJobStep(f.Context(), stepOf(job, func(j *admin.JobRecord) { j.Done = 4 })))
	f.wantError(err, nil)
	job.Steps, job.Done = 2, 4
	f.advance(admin.JobLease - time.Second)
	if _, found := f.take(f.Store); found {
		f.Error("a step does not begin the lease anew")
	}
	_, err = f.Store.UpdateKeys(admin.WithJobStep(f.Context(), stepOf(job, func(j *admin.JobRecord) { j.Done = 5 })), ids,
		func(*admin.KeyChange) error { return admin.ErrUnchanged })
	f.wantError(err, nil)
	job.Steps, job.Done = 3, 5
	f.wantJob(job)
	err = f.stepKeys(f.Store, stepOf(job, func(j *admin.JobRecord) { j.Done, j.State, j.After = 7, admin.JobDone, ration.KeyID{} }), "second", ids[0])
	f.wantError(err, nil)
	job.Steps, job.Done, job.State, job.After, job.FinishedAt, job.Lease = 4, 7, admin.JobDone, ration.KeyID{}, f.now, uuid.Nil
	f.wantJob(job)
	f.want("entries of a key that was changed twice", 2, len(f.audit(admin.AuditFilter{Target: ids[0].String(), Action: "key.update"})))
}

func testJobStepOnce(f *fixture) {
	f.noJobs()
	id := f.manyKeys(1, "")[0]
	job := f.mustTake(f.job(func(*admin.JobRecord) {}).ID)
	step := func() *admin.JobStep { return stepOf(job, func(j *admin.JobRecord) { j.Done++ }) }
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		made  int
	)
	for range 4 {
		group.Go(func() {
			err := f.stepKeys(f.Store, step(), "once", id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case !errors.Is(err, admin.ErrJobLost):
				f.Errorf("a step: %v, want none or ErrJobLost", err)
			}
		})
	}
	group.Wait()
	f.want("steps that were made", 1, made)
	for doing, err := range map[string]error{
		"changing keys": f.stepKeys(f.Store, step(), "again", id),
		"nothing":       f.Store.StepJob(admin.WithJobStep(f.Context(), step())),
		"raising usage": f.Store.RaiseUsage(admin.WithJobStep(f.Context(), step()), []admin.DayKey{{KeyID: id, Meter: "requests", Date: ration.DateID(2026, 7, 1)}},
			func(*admin.UsageRaise) error { return admin.ErrUnchanged }),
	} {
		if !errors.Is(err, admin.ErrJobLost) {
			f.Errorf("%s again: %v, want ErrJobLost", doing, err)
		}
	}
	f.want("changes", 1, len(f.audit(admin.AuditFilter{Target: id.String(), Action: "key.update"})))
}

func testJobStepFails(f *fixture) {
	f.noJobs()
	job, refused := f.mustTake(f.job(func(*admin.JobRecord) {}).ID), errors.New("refused")
	step := stepOf(job, func(j *admin.JobRecord) { j.Done++ })
	_, err := f.Store.CreateKeys(admin.WithJobStep(f.Context(), step), 1, func(int, *admin.KeyChange) error { return refused })
	f.wantError(err, refused)
	f.wantJob(job)
}

func testJobTakenOver(f *fixture) {
	f.noJobs()
	id := f.manyKeys(1, "")[0]
	first := f.mustTake(f.job(func(*admin.JobRecord) {}).ID)
	f.advance(admin.JobLease + time.Second)
	other := f.Store
	if f.OpenAnother != nil {
		other = f.OpenAnother(f.t)
	}
	second, found := f.take(other)
	if !found || second.ID != first.ID {
		f.Fatalf("took %s, %v; want %s", second.ID, found, first.ID)
	}
	f.wantError(f.stepKeys(f.Store, stepOf(first, func(j *admin.JobRecord) { j.Done++ }), "first", id), admin.ErrJobLost)
	f.wantError(f.Store.ReleaseJob(f.Context(), first.ID, first.Lease), nil)
	f.wantError(f.stepKeys(other, stepOf(second, func(j *admin.JobRecord) { j.Done++ }), "second", id), nil)
	second.Steps, second.Done = 1, 1
	f.wantJob(second)
	record, err := f.Store.Key(f.Context(), id)
	f.wantError(err, nil)
	f.want("name", "second", record.Name)
	f.want("changes", 1, len(f.audit(admin.AuditFilter{Target: id.String(), Action: "key.update"})))
	f.noJobs()
}

func testJobCancelled(f *fixture) {
	f.noJobs()
	id := f.manyKeys(1, "")[0]
	queued := f.job(func(*admin.JobRecord) {})
	running := f.mustTake(queued.ID)
	for range 2 {
		cancelled, err := f.Store.CancelJob(f.Context(), running.ID, "why", entry("job.cancel", "job:"+running.ID.String()))
		f.wantError(err, nil)
		want := running
		want.State, want.Error, want.FinishedAt, want.Lease = admin.JobCancelled, "why", f.now, uuid.Nil
		f.want("cancelled job", withoutEmpty(want), withoutEmpty(cancelled))
	}
	f.want("audit entries", 1, len(f.audit(admin.AuditFilter{Target: "job:" + running.ID.String(), Action: "job.cancel"})))
	f.wantError(f.stepKeys(f.Store, stepOf(running, func(j *admin.JobRecord) { j.Done++ }), "late", id), admin.ErrJobLost)
	f.want("changes", 0, len(f.audit(admin.AuditFilter{Target: id.String(), Action: "key.update"})))
	if job, found := f.take(f.Store); found {
		f.Errorf("took %s, which was cancelled", job.ID)
	}
}

func testJobOfRevokedToken(f *fixture) {
	f.noJobs()
	name, id := uniqueName(), f.manyKeys(1, "")[0]
	token, _ := f.token(name, func(*admin.Token) {})
	of := func(j *admin.JobRecord) { j.TokenID = token.ID }
	running := f.mustTake(f.job(of).ID)
	queued, others := f.job(of), f.job(func(*admin.JobRecord) {})
	_, err := f.Store.RevokeToken(f.Context(), name, entry("token.revoke", "token:"+name))
	f.wantError(err, nil)
	late := f.job(of) // by a call that began before
	for _, job := range []uuid.UUID{running.ID, queued.ID} {
		got, err := f.Store.Job(f.Context(), job)
		f.wantError(err, nil)
		if got.State != admin.JobCancelled || got.Error != admin.JobOfRevokedToken {
			f.Errorf("job %s (%s), want it to be cancelled", got.State, got.Error)
		}
	}
	f.wantError(f.stepKeys(f.Store, stepOf(running, func(j *admin.JobRecord) { j.Done++ }), "late", id), admin.ErrJobLost)
	f.mustTake(others.ID)
	f.wantError(f.stepKeys(f.Store, stepOf(f.mustTake(late.ID), func(j *admin.JobRecord) { j.Done++ }), "late", id), admin.ErrJobLost)
	f.noJobs()
}

func testJobInput(f *fixture) {
	f.noJobs()
	parts := [][]byte{[]byte("[1]"), {0, 255}, {}}
	wantInput := func(id uuid.UUID, there bool) {
		f.Helper()
		for number, part := range parts {
			got, err := f.Store.JobInput(f.Context(), id, number)
			if !there {
				f.wantError(err, ration.ErrNotFound)
				continue
			}
			f.wantError(err, nil)
			f.want("part of the input", string(part), string(got))
		}
	}
	done := f.job(func(*admin.JobRecord) {}, parts...)
	f.advance(time.Second)
	cancelled := f.job(func(*admin.JobRecord) {}, parts...)
	wantInput(done.ID, true)
	_, err := f.Store.JobInput(f.Context(), done.ID, len(parts))
	f.wantError(err, ration.ErrNotFound)
	f.wantError(f.Store.StepJob(admin.WithJobStep(f.Context(), stepOf(f.mustTake(done.ID), func(j *admin.JobRecord) { j.State = admin.JobFailed }))), nil)
	wantInput(done.ID, false)
	wantInput(cancelled.ID, true)
	f.noJobs()
	wantInput(cancelled.ID, false)
}

func testJobOnce(f *fixture) {
	f.noJobs()
	id := uuid.Must(uuid.NewV7())
	twice(f, "creating a job", func(ctx context.Context) (admin.JobRecord, error) {
		return f.Store.CreateJob(ctx, admin.JobRecord{Job: admin.Job{ID: id, Actor: "test"}, Task: []byte("{}")}, nil, anyNumber, entry("job.start", "job:"+id.String()))
	})
	f.want("audit entries", 1, len(f.audit(admin.AuditFilter{Target: "job:" + id.String()})))
	f.noJobs()
}
