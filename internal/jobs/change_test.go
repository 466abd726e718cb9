package jobs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func toPlan(plan string) admin.NewJob {
	return admin.NewJob{Change: &admin.KeysChange{
		Filter: admin.KeyFilter{Owner: "acme"}, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Plan: &plan},
	}}
}

// TestChange changes keys as if each were changed alone, and says what became of them.
func TestChange(t *testing.T) {
	onBothStores(t, func(w *works) {
		ids := w.keys(250, func(number int, key *admin.ImportedKey) {
			if number%100 == 7 {
				key.Status = ration.StatusRevoked
			}
			if number == 8 {
				key.Owner = "other"
			}
			if number == 9 {
				key.Status = ration.StatusDisabled
			}
		})
		id := w.start(admin.NewJob{Change: &admin.KeysChange{Filter: admin.KeyFilter{Owner: "acme"}, Action: admin.ActionDisable}})
		job := w.finish(id)
		problems := []admin.JobProblem{}
		for _, number := range []int{7, 107, 207} {
			problems = append(problems, admin.JobProblem{KeyID: ids[number], Reason: "the key is revoked, which doesn't allow the change"})
		}
		want := rationadmin.JobCounts{Changed: 245, Unchanged: 1, Problems: 3, NoLimit: 246}
		if job.State != admin.JobDone || job.Done != 249 || job.Counts != want || cmp.Diff(problems, job.Problems) != "" {
			w.Errorf("job %+v; want %+v, %+v", job, want, problems)
		}
		if job.Actor != actor || job.From != "203.0.113.7" || job.Action != admin.ActionDisable || job.Filter.Owner != "acme" {
			w.Errorf("it does not say who asked for what: %+v", job)
		}
		for number, key := range ids {
			entries, want := w.audit(key, "key.disable"), 1
			if number%100 == 7 || number == 8 || number == 9 {
				want = 0
			}
			if len(entries) != want {
				w.Fatalf("%d entries of key %d, want %d", len(entries), number, want)
			}
			for _, entry := range entries {
				if entry.Actor != actor || entry.From != "203.0.113.7" || entry.TokenID != job.TokenID || !strings.Contains(string(entry.Details), id.String()) {
					w.Fatalf("entry %+v (%s) names neither who asked nor the job", entry, entry.Details)
				}
			}
		}
	})
}

// TestChangeGoesOn lets a job change hands between all its steps.
func TestChangeGoesOn(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free", "5/day")
		ids := w.keys(350, func(int, *admin.ImportedKey) {})
		id := w.start(toPlan("free"))
		var former []*admin.JobRun
		for range 3 {
			run := w.take()
			if !w.step(run) {
				w.Fatal("the job has ended")
			}
			former = append(former, run)
		}
		for _, run := range former[:2] {
			if w.step(run) {
				w.Error("who has lost a job goes on with it")
			}
		}
		if job := w.finish(id); job.State != admin.JobDone || job.Done != 350 || job.Counts.Changed != 350 {
			w.Errorf("job %+v", job)
		}
		for _, key := range ids {
			if n := len(w.audit(key, "key.update")); n != 1 {
				w.Fatalf("a key was changed %d times", n)
			}
		}
	})
}

// TestChangeWithProblems finds the keys that refuse a change among those that don't.
func TestChangeWithProblems(t *testing.T) {
	onBothStores(t, func(w *works) {
		bad, full := []int{100, 163, 164, 249}, make(map[string]*string)
		for i := range 50 {
			full[fmt.Sprint("entry-", i)] = new("")
		}
		ids := w.keys(250, func(int, *admin.ImportedKey) {})
		for _, number := range bad {
			must[admin.KeyRecord](w)(w.UpdateKey(w.Context(), "test", admin.KeyPatch{ID: ids[number], Metadata: full}))
		}
		one := map[string]*string{"one": new("more")}
		job := w.finish(w.start(admin.NewJob{Change: &admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Metadata: one}}}))
		if job.State != admin.JobDone || job.Done != 250 || job.Counts.Changed != 246 || job.Counts.Problems != len(bad) {
			w.Fatalf("job %+v", job)
		}
		for i, problem := range job.Problems {
			if problem.KeyID != ids[bad[i]] || !strings.Contains(problem.Reason, "metadata") {
				w.Errorf("problem %+v, want one of key %d", problem, bad[i])
			}
		}
	})
}

// TestChangeFails ends a job whose plan is gone, and keeps what it did.
func TestChangeFails(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free")
		w.keys(150, func(int, *admin.ImportedKey) {})
		id := w.start(toPlan("free"))
		if err := w.DeletePlan(w.Context(), "test", "free"); err != nil {
			w.Fatal(err)
		}
		if job := w.finish(id); job.State != admin.JobFailed || job.Done != 0 || !strings.Contains(job.Error, `plan "free"`) {
			w.Errorf("job %+v", job)
		}
	})
}

// TestCancelChange stops a job between two steps.
func TestCancelChange(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free")
		w.keys(150, func(int, *admin.ImportedKey) {})
		id := w.start(toPlan("free"))
		run := w.take()
		w.step(run)
		cancelled := must[admin.Job](w)(w.CancelJob(w.ctx, actor, id))
		if w.step(run) {
			w.Error("a cancelled job goes on")
		}
		job := must[admin.Job](w)(w.ShowJob(w.ctx, id))
		if job.State != admin.JobCancelled || job.Done != 100 || job.Counts.Changed != 100 || cmp.Diff(cancelled, job) != "" {
			w.Errorf("job %+v, cancelled as %+v", job, cancelled)
		}
		if again := must[admin.Job](w)(w.CancelJob(w.ctx, actor, id)); cmp.Diff(again, job) != "" {
			w.Errorf("cancelled again it is %+v", again)
		}
		if run := must[*admin.JobRun](w)(w.TakeJob(w.Context(), true)); run != nil {
			w.Errorf("job %+v is left", run.Job())
		}
	})
}

// TestNarrowedChange changes only the keys that its token reaches, and shows itself to no
// other narrowed token.
func TestNarrowedChange(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free")
		ids := w.keys(220, func(number int, key *admin.ImportedKey) {
			if number%2 == 1 {
				key.Owner = "other"
			}
		})
		narrowed := w.Within(admin.Reach{Owners: []string{"acme"}})
		change := admin.NewJob{Change: &admin.KeysChange{All: true, Action: admin.ActionDisable}}
		id := must[admin.Job](w)(narrowed.StartJob(w.ctx, actor, change)).ID
		other := rationadmin.WithOrigin(w.Context(), rationadmin.Origin{TokenID: uuid.Must(uuid.NewV7())})
		_, errShow := narrowed.ShowJob(other, id)
		_, errCancel := narrowed.CancelJob(other, "token:other", id)
		if !errors.Is(errShow, ration.ErrNotFound) || !errors.Is(errCancel, ration.ErrNotFound) {
			w.Errorf("another token's job: %v, %v; want ErrNotFound", errShow, errCancel)
		}
		_, errNone := narrowed.ShowJob(other, uuid.Nil)
		if got, want := strings.ReplaceAll(errShow.Error(), id.String(), "ID"), strings.ReplaceAll(errNone.Error(), uuid.Nil.String(), "ID"); got != want {
			w.Errorf("another token's job: %q; one that doesn't exist: %q", got, want)
		}
		for ctx, want := range map[string]int{"own": 1, "other": 0, "none": 0} {
			as := map[string]rationadmin.Origin{"own": rationadmin.OriginOf(w.ctx), "other": rationadmin.OriginOf(other)}[ctx]
			if jobs := must[[]admin.Job](w)(narrowed.ListJobs(rationadmin.WithOrigin(w.Context(), as), admin.JobFilter{})); len(jobs) != want {
				w.Errorf("%s: %d jobs, want %d", ctx, len(jobs), want)
			}
		}
		if job := w.finish(id); job.Done != 110 || job.Counts.Changed != 110 {
			w.Errorf("job %+v", job)
		}
		for number, key := range ids {
			if n := len(w.audit(key, "key.disable")); n != 1-number%2 {
				w.Fatalf("key %d was changed %d times", number, n)
			}
		}
		_, err := narrowed.StartJob(w.ctx, actor, admin.NewJob{Change: &admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Owner: new("other")}}})
		if !errors.Is(err, admin.ErrOutOfReach) {
			w.Errorf("moving keys out of reach: %v", err)
		}
	})
}

// TestRefusedJobs refuses at once what can't be right.
func TestRefusedJobs(t *testing.T) {
	onBothStores(t, func(w *works) {
		all := admin.KeysChange{All: true, Action: admin.ActionDisable}
		with := func(configure func(*admin.KeysChange)) *admin.KeysChange {
			change := all
			configure(&change)
			return &change
		}
		for name, row := range map[string]struct {
			job  admin.NewJob
			want string
		}{
			"nothing":         {admin.NewJob{}, "job"},
			"two":             {admin.NewJob{Change: &all, Usage: &admin.UsageImport{}}, "job"},
			"a dry run":       {admin.NewJob{Change: with(func(c *admin.KeysChange) { c.DryRun = true })}, "dry_run"},
			"a dry import":    {admin.NewJob{Keys: &admin.KeysImport{DryRun: true}}, "dry_run"},
			"no selection":    {admin.NewJob{Change: with(func(c *admin.KeysChange) { c.All = false })}, "filter"},
			"a beginning":     {admin.NewJob{Change: with(func(c *admin.KeysChange) { c.Filter.After.ID = ration.NewKeyID() })}, "filter"},
			"no action":       {admin.NewJob{Change: with(func(c *admin.KeysChange) { c.Action = "sell" })}, "action"},
			"the same secret": {admin.NewJob{Keys: new(importOf(2, func(_ int, key *admin.ImportedKey) { key.Secret = secretOf(1) }))}, "secret"},
			"a bad status":    {admin.NewJob{Keys: new(importOf(1, func(_ int, key *admin.ImportedKey) { key.Status = "sold" }))}, "status"},
			"a bad name":      {admin.NewJob{Keys: new(importOf(1, func(_ int, key *admin.ImportedKey) { key.Name = "a\x00b" }))}, "name"},
			"a bad meter":     {admin.NewJob{Usage: &admin.UsageImport{Days: []admin.ImportedDay{{Meter: "A", Date: daysAgo(1)}}}}, "meter"},
			"a day twice": {admin.NewJob{Usage: &admin.UsageImport{Days: []admin.ImportedDay{
				{Meter: "a", Date: daysAgo(1)}, {Meter: "a", Date: daysAgo(2)}, {Meter: "a", Date: daysAgo(1)},
			}}}, "date"},
		} {
			_, err := w.StartJob(w.ctx, actor, row.job)
			if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != row.want {
				w.Errorf("%s: %v, want field %s", name, err, row.want)
			}
		}
		if _, err := w.StartJob(w.ctx, actor, toPlan("unheard-of")); !errors.Is(err, ration.ErrNotFound) {
			w.Errorf("an unknown plan: %v", err)
		}
		for range 10 {
			w.start(admin.NewJob{Change: &all})
		}
		if _, err := w.StartJob(w.ctx, actor, admin.NewJob{Change: &all}); !errors.Is(err, ration.ErrConflict) {
			w.Errorf("one job too many: %v", err)
		}
		must[admin.Job](w)(w.StartJob(w.Context(), actor, admin.NewJob{Change: &all})) // without the token
		_, err := w.ListJobs(w.ctx, admin.JobFilter{State: "sold"})
		if _, ok := errors.AsType[*ration.InvalidError](err); !ok {
			w.Errorf("an unknown state: %v", err)
		}
	})
}

// TestMostProblems keeps the first problems and counts them all.
func TestMostProblems(t *testing.T) {
	onBothStores(t, func(w *works) {
		ids := w.keys(rationadmin.MaxJobProblems+50, func(_ int, key *admin.ImportedKey) { key.Status = ration.StatusRevoked })
		job := w.finish(w.start(admin.NewJob{Change: &admin.KeysChange{All: true, Action: admin.ActionEnable}}))
		if job.Counts.Problems != len(ids) || len(job.Problems) != rationadmin.MaxJobProblems || job.Problems[199].KeyID != ids[199] {
			w.Errorf("%d problems, of which %d are kept", job.Counts.Problems, len(job.Problems))
		}
		if listed := must[[]admin.Job](w)(w.ListJobs(w.ctx, admin.JobFilter{})); len(listed) != 1 || listed[0].Problems != nil || listed[0].Counts != job.Counts {
			w.Errorf("listed as %s", fmt.Sprint(listed))
		}
	})
}

// TestChangesThatNoKeyTakes: keys that would refuse a change may be there only later,
// and until then it would lie in the database, and come with each list of jobs.
func TestChangesThatNoKeyTakes(t *testing.T) {
	onBothStores(t, func(w *works) {
		most, full := strings.Repeat("<", 1000), make(map[string]*string) // which JSON writes as \u003c
		for i := range 50 {
			full[fmt.Sprintf("%064d", i)] = &most
		}
		of := admin.KeyFilter{Owner: strings.Repeat("o", 200)}
		change := admin.KeysChange{Filter: of, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Metadata: full}}
		w.start(admin.NewJob{Change: &change})
		large := strings.Repeat("x", 1<<20)
		patch := func(patch admin.KeyPatch) admin.KeysChange {
			return admin.KeysChange{Filter: of, Action: admin.ActionUpdate, Patch: patch}
		}
		for field, change := range map[string]admin.KeysChange{
			"patch":        patch(admin.KeyPatch{Metadata: map[string]*string{large: nil}}),
			"metadata.a":   patch(admin.KeyPatch{Metadata: map[string]*string{"a": new("a\x00")}}),
			"owner":        patch(admin.KeyPatch{Owner: new(of.Owner + "o")}),
			"time_zone":    patch(admin.KeyPatch{TimeZone: new("Mars/Olympus")}),
			"scope":        patch(admin.KeyPatch{Scopes: []string{""}}),
			"expires_at":   patch(admin.KeyPatch{ExpiresAt: new(time.Unix(1, 0))}),
			"filter.owner": {Filter: admin.KeyFilter{Owner: large}, Action: admin.ActionDisable},
			"filter.plan":  {Filter: admin.KeyFilter{Plan: of.Owner + "o"}, Action: admin.ActionDisable},
			"filter.name":  {Filter: admin.KeyFilter{Name: "a\x00"}, Action: admin.ActionDisable},
		} {
			_, err := w.StartJob(w.ctx, actor, admin.NewJob{Change: &change})
			if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != field || len(err.Error()) > 500 {
				w.Errorf("%s: %v", field, err)
			}
		}
	})
}

// TestChangeLooksAtSomeKeysAtATime: keys without a limit may be few among many, and to find
// the next ones must not take longer than a lease.
func TestChangeLooksAtSomeKeysAtATime(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free", "5/day")
		bare := map[int]bool{0: true, 1900: true, 1999: true}
		w.keys(2000, func(number int, key *admin.ImportedKey) {
			if !bare[number] {
				key.Plan = "free"
			}
		})
		id := w.start(admin.NewJob{Change: &admin.KeysChange{Filter: admin.KeyFilter{Unlimited: admin.UnlimitedAny}, Action: admin.ActionDisable}})
		if run := w.take(); !w.step(run) || run.Job().Done != 1 {
			w.Errorf("after one step the job is %+v", run.Job())
		}
		if job := w.finish(id); job.State != admin.JobDone || job.Done != 3 || job.Counts.Changed != 3 {
			w.Errorf("job %+v", job)
		}
	})
}

// TestJobsAreListedInParts reads many jobs, each once and in their order.
func TestJobsAreListedInParts(t *testing.T) {
	onBothStores(t, func(w *works) {
		var ids []uuid.UUID
		for range 101 {
			job := admin.JobRecord{Job: admin.Job{Kind: admin.JobImportUsage, Actor: actor}, Task: []byte("{}")}
			job = must[admin.JobRecord](w)(w.store.CreateJob(w.Context(), job, nil, func(int, int) error { return nil }, admin.AuditEntry{Actor: actor}))
			ids = append([]uuid.UUID{job.ID}, ids...)
		}
		for _, limit := range []int{0, 1, 99, 100, 101, 102} {
			var got []uuid.UUID
			for _, job := range must[[]admin.Job](w)(w.ListJobs(w.ctx, admin.JobFilter{Limit: limit})) {
				got = append(got, job.ID)
			}
			want := ids
			if limit > 0 {
				want = ids[:min(limit, len(ids))]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				w.Errorf("limit %d (-want +got):\n%s", limit, diff)
			}
		}
	})
}

// TestPagesEndAtNoKeyOutOfReach: a page may end where many keys out of reach were looked at.
// Where the next one begins tells of none of them.
func TestPagesEndAtNoKeyOutOfReach(t *testing.T) {
	onBothStores(t, func(w *works) {
		ids := w.keys(2000, func(number int, key *admin.ImportedKey) {
			if key.Owner = "other"; number == 0 || number == 1900 {
				key.Owner = "acme"
			}
		})
		narrowed, own := w.Within(admin.Reach{Owners: []string{"acme", "nobody"}}), []ration.KeyID{ids[0], ids[1900]}
		var listed []ration.KeyID
		for filter := (admin.KeyFilter{Status: ration.StatusActive, Limit: 1}); ; {
			page := must[admin.KeysPage](w)(narrowed.ListKeys(w.ctx, filter))
			for _, key := range page.Keys {
				listed = append(listed, key.ID)
			}
			if !page.Next.ID.IsZero() && !slices.Contains(own, page.Next.ID) {
				w.Errorf("a page ends at %s", page.Next.ID)
			}
			if filter.After = page.Next; page.Next.IsZero() {
				break
			}
		}
		if diff := cmp.Diff(own, listed); diff != "" {
			w.Errorf("keys (-want +got):\n%s", diff)
		}
		changed, change := 0, admin.KeysChange{Filter: admin.KeyFilter{Status: ration.StatusActive, Limit: 2}, Action: admin.ActionDisable}
		for {
			chunk := must[admin.KeysChanged](w)(narrowed.ChangeKeys(w.ctx, actor, change))
			if changed += chunk.Changed; !chunk.Next.IsZero() && !slices.Contains(own, chunk.Next) {
				w.Errorf("a change ends at %s", chunk.Next)
			}
			if change.Filter.After.ID = chunk.Next; chunk.Next.IsZero() {
				break
			}
		}
		if changed != len(own) {
			w.Errorf("%d keys were changed", changed)
		}
	})
}
