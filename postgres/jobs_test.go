package postgres_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/postgres"
)

// A token is revoked while a call with it creates a job, and another instance takes that
// at once: no step of it ends after the revocation.
func TestARevokedTokenEndsJobsThatAreBeingCreated(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{}.Patient(8))
	createPlan(t, store, "plan", "100/day")
	id := createKey(t, store, "plan")
	entry := admin.AuditEntry{Actor: "test", Action: "test", Target: "test"}
	token, err := store.CreateToken(t.Context(), admin.Token{Name: "stolen", Scopes: []string{"keys"}}, ration.Digest{1}, entry)
	if err != nil {
		t.Fatal(err)
	}
	create := func() (admin.JobRecord, error) {
		job := admin.JobRecord{Job: admin.Job{Kind: admin.JobChangeKeys, Actor: "token:stolen"}, Task: []byte("{}")}
		job.TokenID = token.ID
		return store.CreateJob(t.Context(), job, [][]byte{{1}}, func(int, int) error { return nil }, entry)
	}
	running, err := create()
	if err != nil {
		t.Fatal(err)
	}
	step, err := connect(t, d.url).Begin(t.Context()) // of the running job
	if err != nil {
		t.Fatal(err)
	}
	if _, err := step.Exec(t.Context(), "SELECT FROM jobs WHERE id = $1 FOR UPDATE", [16]byte(running.ID)); err != nil {
		t.Fatal(err)
	}
	revoked, created := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := store.RevokeToken(t.Context(), "stolen", entry)
		revoked <- err
	}()
	d.await(t, somebodyWaits)
	go func() {
		_, err := create()
		created <- err
	}()
	d.await(t, `SELECT count(*) = 2 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()`)
	if err := step.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-revoked, <-created); err != nil {
		t.Fatal(err)
	}
	late, found, err := store.TakeJob(t.Context(), uuid.Must(uuid.NewV7()), false)
	if err != nil || !found || late.ID == running.ID {
		t.Fatalf("took %+v, %v, %v; want the job that was created late", late, found, err)
	}
	ctx := admin.WithJobStep(t.Context(), &admin.JobStep{Job: late.ID, Lease: late.Lease, Progress: func() admin.JobRecord { return late }})
	_, err = store.UpdateKeys(ctx, []ration.KeyID{id}, func(change *admin.KeyChange) error {
		change.Key.Name, change.Audit = "changed", entry
		return nil
	})
	if !errors.Is(err, admin.ErrJobLost) {
		t.Errorf("a step of it: %v, want ErrJobLost", err)
	}
}
