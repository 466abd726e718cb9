package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/console"
	"github.com/ration-dev/ration/rationadmin"
)

// asked asks for a key and returns the address of its request.
func (f *fixture) asked(name string) (ration.KeyID, string) {
	f.t.Helper()
	asked, err := f.operations.AskForKey(rationadmin.WithOrigin(f.t.Context(), rationadmin.Origin{From: "198.51.100.9"}), admin.KeyAsking{Name: name, Email: "eve@example.com", Reason: "<img src=x>"})
	if err != nil {
		f.t.Fatal(err)
	}
	return asked.Request.KeyID, "/requests/" + asked.Request.KeyID.String()
}

func (f *fixture) request(id ration.KeyID) rationadmin.KeyRequest {
	f.t.Helper()
	request, err := f.operations.ShowKeyRequest(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return request
}

func TestRequestsAreApproved(t *testing.T) {
	f, _ := filled(t)
	f.shows("/requests", "Nobody waits for a key", "--key-requests on")
	f.access.ask, f.access.askPage = "https://api.example.com/portal/request", true
	if page := f.shows("/requests", `<code id="ask">https://api.example.com/portal/request</code>`); strings.Contains(page.body, "--key-requests") {
		t.Error("the page says how to open what is open")
	}
	f.access.ask, f.access.askPage = "https://api.example.com/v1/key-requests", false
	f.shows("/requests", `<code id="ask">POST https://api.example.com/v1/key-requests</code>`)
	f.access.ask = ""
	id, path := f.asked("<b>Eve</b>")
	f.shows("/requests", `href="`+path+`"`, "&lt;b&gt;Eve", "eve@example.com", "&lt;img src=x&gt;", "198.51.100.9", "Decide…")
	f.shows("/", "<b>1</b><span>requests for a key</span>")
	f.shows(path, "&lt;img src=x&gt;", `value="eve@example.com"`, "<option selected>free</option>", ">no plan: unlimited<", "Reject")
	page := f.changes(path+"/approve", "plan", "free", "owner", "team eve")
	if !strings.Contains(page.body, "is approved") || !strings.Contains(page.body, "Nobody waits") {
		t.Errorf("after approval: %s", page.body)
	}
	if got := f.request(id); got.State != rationadmin.RequestApproved || got.Owner != "team eve" || got.Plan != "free" {
		t.Errorf("the request is %+v", got)
	}
	f.shows(path, "approved by token:ada", "team eve", `href="/plans/free"`, "not yet; it can be until")
	for _, second := range []answer{f.post(path+"/approve", "plan", "free"), f.post(path+"/reject", "reason", "no")} {
		inert(t, "a second decision", second)
		if second.status != http.StatusConflict || !strings.Contains(second.body, "was approved by token:ada") {
			t.Errorf("a second decision: %d %s", second.status, second.body)
		}
	}
	f.shows("/requests?state=approved", `href="`+path+`"`, "by token:ada")
	f.shows("/requests?state=all", `href="`+path+`"`)
	f.shows("/requests?state=rejected", "No request is like that")
}

func TestRequestsAreRejected(t *testing.T) {
	f, _ := filled(t)
	id, path := f.asked("Eve")
	f.changes(path+"/reject", "reason", "<s>not now</s>")
	if got := f.request(id); got.State != rationadmin.RequestRejected || got.DecisionReason != "<s>not now</s>" {
		t.Errorf("the request is %+v", got)
	}
	page := f.shows(path, "rejected by token:ada", "&lt;s&gt;not now")
	if strings.Contains(page.body, "/approve") {
		t.Error("a rejected request can be approved")
	}
	if got := f.get("/"); strings.Contains(got.body, "requests for a key") {
		t.Error("the overview counts what is decided")
	}
}

func TestWrongDecisions(t *testing.T) {
	f, key := filled(t)
	id, path := f.asked("Eve")
	for name, row := range map[string]struct {
		path   string
		fields []string
		status int
		tells  string
	}{
		"no plan":            {path + "/approve", nil, 422, "Plan: choose one"},
		"an unknown plan":    {path + "/approve", []string{"plan", "none"}, 404, "none"},
		"no reason":          {path + "/reject", nil, 422, "Reason"},
		"an unknown request": {"/requests/" + ration.NewKeyID().String() + "/approve", []string{"plan", "free"}, 404, ""},
		"a key nobody asked": {"/requests/" + key.String() + "/approve", []string{"plan", "free"}, 409, "nothing to decide"},
		"no key":             {"/requests/x/reject", []string{"reason", "no"}, 404, ""},
	} {
		got := f.post(row.path, row.fields...)
		inert(t, name, got)
		if got.status != row.status || !strings.Contains(unescape(got.body), row.tells) {
			t.Errorf("%s: %d %s; want %d, %q", name, got.status, got.body, row.status, row.tells)
		}
	}
	for address, want := range map[string]int{"/requests?state=odd": 422, "/requests?after=x": 422, "/requests/x": 404, "/requests/" + key.String(): 404} {
		if got := f.get(address); got.status != want {
			t.Errorf("%s: %d; want %d", address, got.status, want)
		}
	}
	if got := f.request(id); got.State != rationadmin.RequestPending {
		t.Errorf("the request is %s", got.State)
	}
}

func TestRequestsAreDecidedWithTheScopeKeys(t *testing.T) {
	f, _ := filled(t)
	id, path := f.asked("Eve")
	f.access.scopes = []string{rationadmin.ScopeRead}
	for _, address := range []string{"/requests", path} {
		if page := f.shows(address, "Eve"); strings.Contains(page.body, "Decide…") || strings.Contains(page.body, path+"/approve") {
			t.Errorf("%s shows a reader how to decide", address)
		}
	}
	for _, action := range []string{"/approve", "/reject"} {
		if got := f.post(path+action, "plan", "free", "reason", "no"); got.status != http.StatusForbidden {
			t.Errorf("a reader posts to %s: %d", action, got.status)
		}
		f.access.scopes = []string{rationadmin.ScopeKeys}
		r := f.form(path+action, "plan", "free", "reason", "no")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := f.do(r); got.status != http.StatusForbidden {
			t.Errorf("another site posts to %s: %d", action, got.status)
		}
		f.access.scopes = []string{rationadmin.ScopeRead}
	}
	if got := f.request(id); got.State != rationadmin.RequestPending {
		t.Errorf("the request is %s", got.State)
	}
}

func TestManyRequests(t *testing.T) {
	f := newFixture(t).logIn()
	for i := range 51 {
		f.asked(fmt.Sprintf("n%02d", i))
	}
	f.shows("/", "<b>more than 9</b>")
	page := f.shows("/requests", "n50")
	next := regexp.MustCompile(`href="(/requests\?[^"]*after=[^"]+)"`).FindStringSubmatch(page.body)
	if next == nil || strings.Contains(page.body, "n00") {
		t.Fatal("there is no second page")
	}
	if last := f.shows(unescape(next[1]), "n00", "First page"); strings.Contains(last.body, "Next page") || strings.Contains(last.body, "n01<") {
		t.Errorf("the last page: %s", last.body)
	}
}

func TestRequestsAreRejectedTogether(t *testing.T) {
	f, key := filled(t)
	f.shows("/requests/reject?all=yes", "Nobody waits for a decision")
	var ids []ration.KeyID
	for i := range 24 {
		id, _ := f.asked(fmt.Sprintf("<i>n%02d", i))
		ids = append(ids, id)
	}
	f.shows("/requests", `name="key" value="`+ids[3].String(), `href="/requests/reject?all=yes"`)
	f.shows("/requests/reject?key="+ids[3].String()+"&key="+ids[4].String(), "Reject 2 requests", "&lt;i&gt;n03", `name="key" value="`+ids[4].String())
	if got := f.post("/requests/reject", "key", ids[3].String()); got.status != 422 || !strings.Contains(got.body, "Reason") {
		t.Errorf("without a reason: %d %s", got.status, got.body)
	}
	if page := f.changes("/requests/reject", "key", ids[3].String(), "key", ids[4].String(), "reason", "spam"); !strings.Contains(page.body, "2 requests were rejected") {
		t.Errorf("two of them: %s", page.body)
	}
	states := func() (pending int) {
		for _, id := range ids {
			if f.request(id).State == rationadmin.RequestPending {
				pending++
			}
		}
		return pending
	}
	if pending := states(); pending != 22 || f.request(ids[4]).DecisionReason != "spam" {
		t.Errorf("%d are left, one with the reason %q", pending, f.request(ids[4]).DecisionReason)
	}
	preview := f.shows("/requests/reject?all=yes", "Reject 22 requests", "And 2 more")
	until := regexp.MustCompile(`name="until" value="([^"]+)"`).FindStringSubmatch(preview.body)
	late, _ := f.asked("late")
	if page := f.changes("/requests/reject", "all", "yes", "until", until[1], "reason", "spam"); !strings.Contains(page.body, "22 requests were rejected") || states() != 0 {
		t.Errorf("all of them: %s", page.body)
	}
	if got := f.request(late).State; got != rationadmin.RequestPending {
		t.Errorf("one that nobody has seen counted is %s", got)
	}
	for name, fields := range map[string][]string{"none": {"reason", "no"}, "no key": {"key", "x", "reason", "no"}, "no time": {"all", "yes", "until", "x", "reason", "no"}} {
		if got := f.post("/requests/reject", fields...); got.status != 422 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if page := f.changes("/requests/reject", "key", key.String(), "reason", "no"); !strings.Contains(page.body, "0 requests were rejected") {
		t.Errorf("a key that nobody asked for: %s", page.body)
	}
	f.access.scopes = []string{rationadmin.ScopeRead}
	if page := f.shows("/requests"); strings.Contains(page.body, "/requests/reject") {
		t.Error("a reader sees how to reject")
	}
	if got := f.post("/requests/reject", "all", "yes", "reason", "no"); got.status != http.StatusForbidden || f.request(late).State != rationadmin.RequestPending {
		t.Errorf("a reader rejects: %d", got.status)
	}
}

func TestManyRejectionsGoOnLater(t *testing.T) {
	f, _ := filled(t)
	for range 3 {
		f.asked("Eve")
	}
	console.RejectNoLongerThan(t, -1)
	if page := f.changes("/requests/reject", "all", "yes", "reason", "no"); !strings.Contains(page.body, "0 requests were rejected. 3 requests are left") {
		t.Errorf("out of time: %s", page.body)
	}
}
