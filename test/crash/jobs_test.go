package crash_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const (
	keysOfJobs  = 2_000
	killsOfJobs = min(kills/2, 20) // in each of two parts
)

func TestJobsGoOnAfterKillsOnSQLite(t *testing.T) {
	killDuringJobs(t, "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), 1)
}

func TestJobsGoOnAfterKillsOnPostgreSQLWithTwoInstances(t *testing.T) {
	killDuringJobs(t, testdb.Postgres(t), 2)
}

// jobRig is a fleet that does jobs.
type jobRig struct {
	*testing.T
	fleet  []*harness.Instance
	admins []*client.Admin // of each instance
}

// killDuringJobs kills instances while they import keys, and then while they change these
// keys, import their usage, and import more keys.
func killDuringJobs(t *testing.T, db string, instances int) {
	harness.CLI(t, db, "migrate")
	token := client.Token(strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "deploy", "--scope", "keys", "-q")))
	rig := &jobRig{T: t}
	upstream := harness.NewUpstream(t)
	for range instances {
		address := harness.FreeAddr(t)
		instance := harness.NewInstance(t, db, upstream.URL, "--admin-listen", address)
		admin, err := client.NewAdmin(client.Config{URL: "http://" + address, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		rig.fleet, rig.admins = append(rig.fleet, instance), append(rig.admins, admin)
		instance.Start()
	}
	for _, instance := range rig.fleet {
		instance.AwaitReady()
	}

	old := rig.start(api.NewJob{ImportKeys: keysOf("acme", "unheard-of", 7)})
	rig.kill(old)
	rig.want(old, api.JobCounts{Created: keysOfJobs - 1, NoLimit: keysOfJobs - 1, Problems: 1}, "key.import", "acme")

	usage, date := new(api.UsageImport), time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	for _, id := range rig.keysOf("acme") {
		usage.Days = append(usage.Days, api.ImportedDay{Key: id, Date: date, Used: api.Number(fmt.Sprint(len(usage.Days) + 1))})
	}
	change := rig.start(api.NewJob{ChangeKeys: &api.KeysChange{
		Filter: api.KeyFilter{Owner: "acme"}, Action: "update", Patch: &api.KeyPatch{SetLimits: []api.NewOverride{{Limit: "100000/day"}}},
	}})
	raise := rig.start(api.NewJob{ImportUsage: usage})
	more := rig.start(api.NewJob{ImportKeys: keysOf("other", "", 0)})
	rig.kill(change, raise, more)
	rig.want(change, api.JobCounts{Changed: keysOfJobs - 1}, "key.update", "acme")
	rig.want(raise, api.JobCounts{Raised: keysOfJobs - 1}, "usage.import", "acme")
	rig.want(more, api.JobCounts{Created: keysOfJobs, NoLimit: keysOfJobs}, "key.import", "other")

	used := make(map[string]api.Number)
	for day, err := range rig.admins[0].UsageDays(t.Context(), client.UsageDaysQuery{Paging: client.Paging{PageSize: 1_000}}) {
		if err != nil {
			t.Fatal(err)
		}
		used[day.KeyID] = day.Used
	}
	for _, day := range usage.Days {
		if used[day.Key] != day.Used {
			t.Errorf("key %s used %s, want %s", day.Key, used[day.Key], day.Used)
		}
	}
	for _, instance := range rig.fleet {
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
	}
}

// keysOf are keys to import, one of them with another plan.
func keysOf(owner, plan string, number int) *api.KeysImport {
	keys := new(api.KeysImport)
	for i := range keysOfJobs {
		keys.Keys = append(keys.Keys, api.ImportedKey{Name: fmt.Sprint("key ", i), Owner: owner, Secret: fmt.Sprintf("a-secret-of-%s-%06d", owner, i)})
	}
	keys.Keys[number].Plan = plan
	return keys
}

func (r *jobRig) start(job api.NewJob) (id string) {
	r.Helper()
	started, err := r.admins[rand.IntN(len(r.admins))].StartJob(r.Context(), job)
	if err != nil {
		r.Fatal(err)
	}
	return started.ID
}

// kill kills instances while jobs run, and returns when the jobs have finished.
func (r *jobRig) kill(ids ...string) {
	r.Helper()
	made := 0
	for made < killsOfJobs {
		before := r.done(ids)
		for enough := 1 + rand.IntN(len(ids)*keysOfJobs/killsOfJobs/2); ; {
			if now := r.done(ids); now < 0 || now-before >= enough {
				break
			}
		}
		if r.done(ids) < 0 {
			break
		}
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond) // anywhere in a step
		victim := r.fleet[rand.IntN(len(r.fleet))]
		victim.Kill()
		victim.Start()
		victim.AwaitReady()
		made++
	}
	if made < 2 {
		r.Errorf("the jobs have finished after %d kills: this run proves little", made)
	}
	for r.done(ids) >= 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

// done returns how many keys and rows the jobs have looked at; -1: all have finished.
func (r *jobRig) done(ids []string) (done int) {
	r.Helper()
	finished := 0
	for _, id := range ids {
		job, err := r.admins[rand.IntN(len(r.admins))].ShowJob(r.Context(), id)
		if err != nil {
			r.Fatal(err)
		}
		done += job.Done
		if job.FinishedAt != nil {
			finished++
		}
	}
	if finished == len(ids) {
		return -1
	}
	return done
}

// want wants a job to have done all, and each of an owner's keys to have been changed by
// it exactly once.
func (r *jobRig) want(id string, counts api.JobCounts, action, owner string) {
	r.Helper()
	job, err := r.admins[0].ShowJob(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	looked := counts.Changed + counts.Created + counts.Raised + counts.Problems
	if job.State != "done" || job.Done != looked || job.Counts != counts {
		r.Errorf("job %+v, want it done with %+v", job, counts)
	}
	entries := make(map[string]int)
	for entry, err := range r.admins[0].AuditEntries(r.Context(), client.AuditQuery{Action: action, Paging: client.Paging{PageSize: 1_000}}) {
		if err != nil {
			r.Fatal(err)
		}
		if strings.Contains(string(entry.Details), id) && entry.Actor == "token:deploy" && entry.TokenID == job.TokenID {
			entries[entry.Target]++
		}
	}
	keys := r.keysOf(owner)
	if len(keys) != looked-counts.Problems || len(entries) != len(keys) {
		r.Errorf("%s: %d keys of %s, and entries for %d", action, len(keys), owner, len(entries))
	}
	for _, key := range keys {
		if entries[key] != 1 {
			r.Errorf("key %s has %d entries of %s by the job, want 1", key, entries[key], action)
		}
	}
}

func (r *jobRig) keysOf(owner string) (ids []string) {
	r.Helper()
	for key, err := range r.admins[0].Keys(r.Context(), client.KeyQuery{KeyFilter: api.KeyFilter{Owner: owner}, PageSize: 1_000}) {
		if err != nil {
			r.Fatal(err)
		}
		ids = append(ids, key.ID)
	}
	return ids
}
