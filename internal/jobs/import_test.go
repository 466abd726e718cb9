package jobs_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// TestImportKeys imports keys with their secrets, and passes over those that can't be.
func TestImportKeys(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free", "5/day")
		w.keys(3, func(int, *admin.ImportedKey) {}) // the first of them are there already
		unknown := []int{5, 99, 100, 249}
		keys := importOf(250, func(number int, key *admin.ImportedKey) {
			if key.Plan = "free"; slices.Contains(unknown, number) {
				key.Plan = "unheard-of"
			}
			if number == 77 {
				key.Secret, key.Digest = ration.Secret{}, secretOf(number).Digest(nil)
			}
		})
		id := w.start(admin.NewJob{Keys: &keys})
		var former []*admin.JobRun
		for range 4 {
			former = append(former, w.take())
			w.step(former[len(former)-1])
		}
		job := w.finish(id)
		for _, run := range former {
			if w.step(run) {
				w.Error("who has lost a job goes on with it")
			}
		}
		want := rationadmin.JobCounts{Created: 243, Present: 3, NoLimit: 3, Problems: 4}
		if job.State != admin.JobDone || job.Done != 250 || job.Total != 250 || job.Counts != want {
			w.Errorf("job %+v, want %+v", job, want)
		}
		var rows []int
		for _, problem := range job.Problems {
			rows = append(rows, problem.Row-1)
			if problem.Reason != `plan "unheard-of": not found` {
				w.Errorf("row %d: %s", problem.Row, problem.Reason)
			}
		}
		if diff := cmp.Diff(unknown, rows); diff != "" {
			w.Errorf("problems (-want +got):\n%s", diff)
		}
		for number := range 250 {
			found := must[[]ration.KeyID](w)(w.FindKeys(w.Context(), []ration.Secret{secretOf(number)}))[0]
			if found.IsZero() != slices.Contains(unknown, number) {
				w.Fatalf("key %d: %s", number, found)
			}
			if n := len(w.audit(found, "key.import")); !found.IsZero() && n != 1 {
				w.Fatalf("key %d was imported %d times", number, n)
			}
		}
	})
}

// TestImportKeepsNoSecret looks for the secrets of an import in the whole database.
func TestImportKeepsNoSecret(t *testing.T) {
	dir := t.TempDir()
	store := must[*sqlite.Store](t)(sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db")}))
	w := newWorks(t, store, store.Close)
	keys := importOf(150, func(number int, key *admin.ImportedKey) { key.Name = "visible" })
	w.start(admin.NewJob{Keys: &keys})
	look := func(text string) (found bool) {
		for _, entry := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
			if entry.Type().IsRegular() {
				found = found || strings.Contains(string(must[[]byte](t)(os.ReadFile(filepath.Join(dir, entry.Name())))), text)
			}
		}
		return found
	}
	if !look("visible") || look("another-system") {
		t.Errorf("names are in the file: %v, secrets: %v", look("visible"), look("another-system"))
	}
}

// TestImportUsage raises days to what was given, however often a step is made.
func TestImportUsage(t *testing.T) {
	onBothStores(t, func(w *works) {
		ids := w.keys(130, func(int, *admin.ImportedKey) {})
		var usage admin.UsageImport
		for i, id := range ids {
			usage.Days = append(usage.Days, admin.ImportedDay{Row: i + 2, KeyID: id, Meter: ration.MeterRequests, Date: daysAgo(1), Used: int64(10 + i)})
		}
		must[admin.UsageImported](w)(w.ImportUsage(w.Context(), "test", admin.UsageImport{Days: usage.Days[:2]}))
		usage.Days[3].KeyID = ration.NewKeyID()
		usage.Days[120].Date = daysAgo(-3)
		slices.Reverse(usage.Days)
		id := w.start(admin.NewJob{Usage: &usage})
		var former []*admin.JobRun
		for range 3 {
			former = append(former, w.take())
			w.step(former[len(former)-1])
		}
		job := w.finish(id)
		for _, run := range former {
			if w.step(run) {
				w.Error("who has lost a job goes on with it")
			}
		}
		want := rationadmin.JobCounts{Raised: 126, Unchanged: 2, Problems: 2}
		if job.State != admin.JobDone || job.Done != 130 || job.Counts != want {
			w.Errorf("job %+v, want %+v", job, want)
		}
		slices.SortFunc(job.Problems, func(a, b admin.JobProblem) int { return a.Row - b.Row })
		if len(job.Problems) != 2 || job.Problems[0].Row != 5 || !strings.Contains(job.Problems[0].Reason, "not found") ||
			job.Problems[1].Row != 122 || !strings.Contains(job.Problems[1].Reason, "future") {
			w.Errorf("problems %+v", job.Problems)
		}
		used := make(map[ration.KeyID]int64)
		for _, day := range must[[]admin.UsageDay](w)(w.UsageDays(w.Context(), admin.UsageFilter{})) {
			used[day.KeyID] += day.Used
		}
		for i, id := range ids {
			if want := int64(10 + i); used[id] != want && i != 3 && i != 120 {
				w.Errorf("key %d used %d, want %d", i, used[id], want)
			}
		}
		again := w.finish(w.start(admin.NewJob{Usage: &usage}))
		if want := (rationadmin.JobCounts{Unchanged: 128, Problems: 2}); again.Counts != want {
			w.Errorf("once more: %+v, want %+v", again.Counts, want)
		}
	})
}

// TestEmptyImport is done at once.
func TestEmptyImport(t *testing.T) {
	onBothStores(t, func(w *works) {
		for _, job := range []admin.NewJob{{Keys: &admin.KeysImport{}}, {Usage: &admin.UsageImport{}}} {
			if job := w.finish(w.start(job)); job.State != admin.JobDone || job.Done != 0 {
				w.Errorf("job %+v", job)
			}
		}
	})
}

// TestNarrowedImport refuses rows that are out of reach at once, and those of keys that
// are one by one.
func TestNarrowedImport(t *testing.T) {
	onBothStores(t, func(w *works) {
		ids := w.keys(2, func(number int, key *admin.ImportedKey) {
			if number == 1 {
				key.Owner = "other"
			}
		})
		narrowed := w.Within(admin.Reach{Owners: []string{"acme"}})
		keys := importOf(5, func(number int, key *admin.ImportedKey) {
			if number == 4 {
				key.Owner = "other"
			}
		})
		if _, err := narrowed.StartJob(w.ctx, actor, admin.NewJob{Keys: &keys}); !errors.Is(err, admin.ErrOutOfReach) {
			w.Errorf("a key out of reach: %v", err)
		}
		usage := admin.UsageImport{Days: []admin.ImportedDay{
			{Row: 1, KeyID: ids[0], Meter: "requests", Date: daysAgo(1), Used: 7},
			{Row: 2, KeyID: ids[1], Meter: "requests", Date: daysAgo(1), Used: 7},
		}}
		job := w.finish(must[admin.Job](w)(narrowed.StartJob(w.ctx, actor, admin.NewJob{Usage: &usage})).ID)
		if job.Counts != (rationadmin.JobCounts{Raised: 1, Problems: 1}) || job.Problems[0].Row != 2 {
			w.Errorf("job %+v", job)
		}
	})
}

// TestImportOfALaterRelease fails rather than do a part of what it is to do.
func TestImportOfALaterRelease(t *testing.T) {
	onBothStores(t, func(w *works) {
		id := uuid.Must(uuid.NewV7())
		job := admin.JobRecord{Job: admin.Job{ID: id, Kind: admin.JobImportKeys, Actor: actor, Total: 1}, Task: []byte(`{"Replace": true}`)}
		row := `[{"name": "a", "status": "active", "digest": "` + strings.Repeat("ab", 32) + `"}]`
		must[admin.JobRecord](w)(w.store.CreateJob(w.Context(), job, [][]byte{[]byte(row)}, func(int, int) error { return nil }, admin.AuditEntry{Actor: actor, Action: "job.start"}))
		if done := w.finish(id); done.State != admin.JobFailed || done.Done != 0 || !strings.Contains(done.Error, "can't read") {
			w.Errorf("job %+v", done)
		}
	})
}
