package adminsock_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// TestJobsThroughTheSocket starts jobs through the socket and reads of them what the
// database holds.
func TestJobsThroughTheSocket(t *testing.T) {
	p, ctx := open(t), t.Context()
	job := must[admin.Job](t)
	key := must[admin.IssuedSecret](t)(p.remote.CreateKey(ctx, actor, admin.NewKey{Name: "k", Owner: `a'b%_\`})).Key.ID
	change := job(p.remote.StartJob(ctx, actor, admin.NewJob{Change: &admin.KeysChange{
		Filter: admin.KeyFilter{Owner: `a'b%_\`, Status: ration.StatusActive}, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Metadata: map[string]*string{"a": new("1")}},
	}}))
	usage := job(p.remote.StartJob(ctx, actor, admin.NewJob{Usage: &admin.UsageImport{Days: []admin.ImportedDay{
		{Row: 7, KeyID: key, Meter: ration.MeterRequests, Date: ration.DateID(2026, 1, 2), Used: 1},
	}}}))
	if usage = job(p.remote.CancelJob(ctx, actor, usage.ID)); usage.State != admin.JobCancelled || usage.Total != 1 {
		t.Errorf("job %+v", usage)
	}
	keys := job(p.remote.StartJob(ctx, actor, admin.NewJob{Keys: &admin.KeysImport{Keys: []admin.ImportedKey{
		{Name: "j", Plan: "unheard-of", Status: ration.StatusActive, Secret: ration.SecretFromText("one-of-another-system")},
	}}}))
	for range 2 {
		run := must[*admin.JobRun](t)(p.direct.TakeJob(ctx, true))
		for must[bool](t)(run.Step(ctx)) {
		}
	}
	for _, id := range []uuid.UUID{change.ID, usage.ID, keys.ID} {
		same(p, "job", func(ops admin.Operations) (admin.Job, error) { return ops.ShowJob(ctx, id) })
	}
	same(p, "jobs", func(ops admin.Operations) ([]admin.Job, error) { return ops.ListJobs(ctx, admin.JobFilter{}) })
	done := same(p, "jobs", func(ops admin.Operations) ([]admin.Job, error) {
		return ops.ListJobs(ctx, admin.JobFilter{State: admin.JobDone, After: keys.ID, Limit: 1})
	})
	change = job(p.remote.ShowJob(ctx, change.ID))
	if change.State != admin.JobDone || change.Counts.Changed != 1 || change.Actor != actor || change.From != "socket" || cmp.Diff([]admin.Job{change}, done) != "" {
		t.Errorf("job %+v, listed as %+v", change, done)
	}
	if keys = job(p.remote.ShowJob(ctx, keys.ID)); keys.State != admin.JobDone || len(keys.Problems) != 1 || keys.Problems[0].Row != 1 {
		t.Errorf("job %+v", keys)
	}
	_, err := p.remote.StartJob(ctx, actor, admin.NewJob{Change: &admin.KeysChange{Action: admin.ActionDisable}})
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "filter" {
		t.Errorf("a job without a selection: %v", err)
	}
	for _, call := range []func() error{
		func() error { _, err := p.remote.ShowJob(ctx, uuid.Nil); return err },
		func() error { _, err := p.remote.CancelJob(ctx, actor, uuid.Must(uuid.NewV7())); return err },
	} {
		if err := call(); !errors.Is(err, ration.ErrNotFound) {
			t.Errorf("a job that doesn't exist: %v", err)
		}
	}
}
