package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func TestSystem(t *testing.T) {
	f := newFixture(t).logIn()
	page := f.shows("/system", "SQLite", "No instance has said", "schema", "What is kept", "1,100 days unless it is set otherwise", "history_days", "None. Changes of many keys")
	if strings.Contains(page.body, "should be the same on all instances</h2>") {
		t.Error("settings of no instance are compared")
	}
	system, err := f.operations.System(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"<b>one</b>", "two"} {
		instance := admin.ServingInstance{
			Instance: admin.Instance{ID: uuid.Must(uuid.NewV7()), Name: name, Version: "v1.2.3", StartedAt: time.Now(), Weakened: []string{"a <promise>"}}, Schema: system.Database.Schema - int64(i),
			Listeners: []admin.Listener{{Name: "admin", Address: "127.0.0.1:8082", TLS: true}},
			Settings:  map[string]string{"history_days": "400", "lease": fmt.Sprintf("%ds", i)},
		}
		if err := f.store.NoteInstance(t.Context(), instance); err != nil {
			t.Fatal(err)
		}
	}
	f.shows("/system", "&lt;b&gt;one", "running", "v1.2.3", "a &lt;promise&gt;", "127.0.0.1:8082", " TLS", "400 days",
		`<span class="tag warning">0s</span> on &lt;b&gt;one`, `<span class="tag warning">1s</span> on two`, "1 differs",
		fmt.Sprintf("two was built for version %d", system.Database.Schema-1))
}

func TestJobsAreShownAndCancelled(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/jobs", "No job in the last 30 days")
	change := rationadmin.KeysChange{Action: rationadmin.ActionDisable, Filter: rationadmin.KeyFilter{Owner: "<i>eve</i>"}}
	job, err := f.operations.StartJob(t.Context(), `<script>alert(1)</script>`, rationadmin.NewJob{Change: &change})
	if err != nil {
		t.Fatal(err)
	}
	path := "/jobs/" + job.ID.String()
	for _, list := range []string{"/jobs", "/system", "/jobs?state=queued"} {
		f.shows(list, `href="`+path+`"`, "Change of keys: disable", "queued", "&lt;script&gt;")
	}
	f.shows("/jobs?state=done", "No more jobs")
	f.shows(path, "&lt;i&gt;eve", "not yet", "Cancel the job", `hx-trigger="every 2s"`)

	f.access.scopes = []string{rationadmin.ScopeRead}
	if page := f.shows(path); strings.Contains(page.body, "Cancel the job") {
		t.Error("a reader sees how to cancel")
	}
	if got := f.post(path + "/cancel"); got.status != http.StatusForbidden {
		t.Errorf("a reader cancels: %d", got.status)
	}
	f.access.scopes = []string{rationadmin.ScopeKeys}
	other := f.form(path + "/cancel")
	other.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := f.do(other); got.status != http.StatusForbidden {
		t.Errorf("another site cancels: %d", got.status)
	}
	if page := f.changes(path + "/cancel"); !strings.Contains(page.body, "What it did stays") || strings.Contains(page.body, "Cancel the job") {
		t.Errorf("after cancelling: %s", page.body)
	}
	f.changes(path + "/cancel")
	if job, err = f.operations.ShowJob(t.Context(), job.ID); err != nil || job.State != rationadmin.JobCancelled {
		t.Errorf("the job is %s, %v", job.State, err)
	}
}

func TestWrongJobs(t *testing.T) {
	f := newFixture(t).logIn()
	unknown := "/jobs/" + uuid.Must(uuid.NewV7()).String()
	for path, want := range map[string]int{"/jobs/x": 404, unknown: 404, "/jobs?after=x": 422, "/jobs?state=%3Cb%3E": 422} {
		got := f.get(path)
		inert(t, path, got)
		if got.status != want {
			t.Errorf("%s: %d; want %d", path, got.status, want)
		}
	}
	for path, want := range map[string]int{"/jobs/x/cancel": 404, unknown + "/cancel": 404} {
		if got := f.post(path); got.status != want {
			t.Errorf("%s: %d; want %d", path, got.status, want)
		}
	}
}

func TestAJobSaysWhatItLeft(t *testing.T) {
	f := newFixture(t).logIn()
	id := ration.NewKeyID()
	f.access.job = &rationadmin.Job{
		ID: uuid.Must(uuid.NewV7()), Kind: rationadmin.JobImportKeys, State: rationadmin.JobDone, Actor: "test", CreatedAt: time.Now(), FinishedAt: time.Now(),
		Done: 50, Total: 200, Counts: rationadmin.JobCounts{Created: 48, Problems: 300}, Problems: []rationadmin.JobProblem{{Row: 7, Reason: "<no>"}, {KeyID: id, Reason: "gone"}}, Error: "it <failed>",
	}
	f.shows("/jobs/"+f.access.job.ID.String(), "Import of keys", "50</strong> of 200", "48 created, 300 problems", "the first 2 of 300", "row 7", "&lt;no&gt;", `href="`+keyPath(id)+`"`, "it &lt;failed&gt;", `width="25"`)
}
