package jobs_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// works is a database of its own, and what does jobs on it.
type works struct {
	*testing.T
	*admin.Service
	store admin.Store
	ctx   context.Context // of somebody with a token
}

// onBothStores runs a test on a file and on PostgreSQL.
func onBothStores(t *testing.T, run func(*works)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "ration.db")})
		if err != nil {
			t.Fatal(err)
		}
		run(newWorks(t, store, store.Close))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		config := postgres.Config{URL: testdb.Postgres(t)}
		if _, _, err := postgres.Migrate(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		store, err := postgres.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		run(newWorks(t, store, store.Close))
	})
}

func newWorks(t *testing.T, store admin.Store, closeStore func() error) *works {
	t.Cleanup(func() {
		if err := closeStore(); err != nil {
			t.Error(err)
		}
	})
	origin := rationadmin.Origin{From: "203.0.113.7", TokenID: uuid.Must(uuid.NewV7())}
	return &works{T: t, Service: admin.New(store, admin.Config{}), store: store, ctx: rationadmin.WithOrigin(t.Context(), origin)}
}

// actor asks for the jobs.
const actor = "token:deploy"

func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// plan makes a plan with one limit, or none.
func (w *works) plan(name string, limits ...string) {
	w.Helper()
	plan := admin.NewPlan{Name: name}
	for _, text := range limits {
		plan.Limits = append(plan.Limits, must[ration.Limit](w)(ration.ParseLimit(text)))
	}
	must[ration.Plan](w)(w.CreatePlan(w.Context(), "test", plan))
}

// keys imports keys with a plan, and returns their ids in their order.
func (w *works) keys(n int, configure func(number int, key *admin.ImportedKey)) (ids []ration.KeyID) {
	w.Helper()
	keys := importOf(n, configure)
	must[admin.KeysImported](w)(admin.ImportAllKeys(w.Context(), w.Service, "test", keys, func(int) {}))
	for _, key := range must[[]admin.KeyRecord](w)(admin.FirstKeys(w.Context(), w, admin.KeyFilter{Limit: n})) {
		ids = append(ids, key.ID)
	}
	return ids
}

func importOf(n int, configure func(number int, key *admin.ImportedKey)) (keys admin.KeysImport) {
	for i := range n {
		key := admin.ImportedKey{Name: fmt.Sprintf("key %d", i), Owner: "acme", Status: ration.StatusActive, Secret: secretOf(i)}
		configure(i, &key)
		keys.Keys = append(keys.Keys, key)
	}
	return keys
}

func secretOf(number int) ration.Secret {
	return ration.SecretFromText(fmt.Sprintf("a-secret-of-another-system-%06d", number))
}

func (w *works) start(job admin.NewJob) uuid.UUID {
	w.Helper()
	return must[admin.Job](w)(w.StartJob(w.ctx, actor, job)).ID
}

// step makes a step of a job.
func (w *works) step(run *admin.JobRun) (goesOn bool) {
	w.Helper()
	return must[bool](w)(run.Step(w.Context()))
}

// take takes the next job, whoever has it.
func (w *works) take() *admin.JobRun {
	w.Helper()
	run := must[*admin.JobRun](w)(w.TakeJob(w.Context(), true))
	if run == nil {
		w.Fatal("there is no job")
	}
	return run
}

// finish does a job to its end and returns it.
func (w *works) finish(id uuid.UUID) admin.Job {
	w.Helper()
	for run := w.take(); w.step(run); {
	}
	job := must[admin.Job](w)(w.ShowJob(w.Context(), id))
	if job.FinishedAt.IsZero() {
		w.Errorf("the job is %s", job.State)
	}
	return job
}

// audit returns the entries of a key by an action.
func (w *works) audit(id ration.KeyID, action string) []admin.AuditEntry {
	w.Helper()
	return must[[]admin.AuditEntry](w)(w.ListAudit(w.Context(), admin.AuditFilter{Target: id.String(), Action: action}))
}

// daysAgo is a date some days ago.
func daysAgo(days int) ration.PeriodID {
	return ration.DateID(time.Now().UTC().AddDate(0, 0, -days).Date())
}
