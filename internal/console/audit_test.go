package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func TestAuditShowsBeforeAndAfter(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/audit", "Nothing was changed yet")
	f.changes("/plans/new", "name", "free", "limits", "10/day")
	f.changes("/plans/free/update", "limits", "20/day", "time_zone", "Asia/Tokyo")
	issued, err := f.operations.CreateKey(t.Context(), `"><script>alert(1)</script>`, admin.NewKey{Name: "<b>Bob</b>", Plan: "free", ExpiresAt: time.Date(2099, 1, 2, 3, 4, 0, 0, time.UTC), Metadata: map[string]string{"<i>": "<img>"}})
	if err != nil {
		t.Fatal(err)
	}
	page := f.shows("/audit", "token:ada", "from 192.0.2.1",
		`<span class="soft">limit requests/day</span> <del>10/day</del> <ins>20/day</ins>`, `<span class="soft">time zone</span> <ins>Asia/Tokyo</ins>`,
		`href="/plans/free"`, `<a href="`+keyPath(issued.Key.ID)+`"><strong>&lt;b&gt;Bob&lt;/b&gt;</strong></a> <code>`+issued.Key.ID.String(), `<ins><time datetime="2099-01-02T03:04:00Z"`,
		"&lt;b&gt;Bob&lt;/b&gt;", "metadata &lt;i&gt;", "&lt;script&gt;")
	if secret := issued.Secret.Reveal(); strings.Contains(page.body, secret) || strings.Contains(page.body, issued.Key.Secrets[0].ID.String()) {
		t.Error("the page has a secret, or its id")
	}
	for query, want := range map[string]string{
		"target=plan:free":                         "plan.create plan.update",
		"target=" + issued.Key.ID.String():         "key.create",
		"action=plan.update":                       "plan.update",
		"actor=+token:ada+":                        "plan.create plan.update",
		"actor=nobody":                             "",
		"since=2030-01-01":                         "",
		"until=2020-01-01":                         "",
		"since=2020-01-01":                         "key.create plan.create plan.update",
		"until=" + time.Now().Format("2006-01-02"): "key.create plan.create plan.update",
	} {
		got := f.shows("/audit?" + query)
		if found := actions(got); found != want {
			t.Errorf("%s finds %q; want %q", query, found, want)
		}
		if want == "" && !strings.Contains(got.body, "No change matches") {
			t.Errorf("%s says nothing of it", query)
		}
	}
	f.shows("/plans/free", "<del>10/day</del>")
}

// actions are those of the entries that a page shows, in order of the alphabet.
func actions(page answer) string {
	found := map[string]bool{}
	for _, entry := range regexp.MustCompile(`<td data-label="What"><div>([a-z_.]+)<`).FindAllStringSubmatch(page.body, -1) {
		found[entry[1]] = true
	}
	return strings.Join(sorted(found), " ")
}

func TestAuditHasPages(t *testing.T) {
	f := newFixture(t).logIn()
	for range 60 {
		if _, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "a", Unlimited: true}); err != nil {
			t.Fatal(err)
		}
	}
	f.changes("/plans/new", "name", "free")
	page := f.shows("/audit?action=key.create", "Next page")
	next := regexp.MustCompile(`href="(/audit\?[^"]*after=[^"]*)"`).FindStringSubmatch(page.body)
	if next == nil {
		t.Fatal("there is no next page")
	}
	last := f.shows(unescape(next[1]), "First page", `href="/audit?action=key.create"`)
	if n := strings.Count(last.body, "key.create<"); n != 10 || strings.Contains(last.body, "Next page") {
		t.Errorf("the last page has %d entries", n)
	}
}

func TestWrongQuestionsToTheAuditLog(t *testing.T) {
	f := newFixture(t).logIn()
	for query, want := range map[string]int{
		"since=soon": 422, "until=2020": 422, "after=x": 422, "after=" + url.QueryEscape("e30"): 200, "target=" + url.QueryEscape("<script>alert(1)</script>"): 200,
		"action=" + strings.Repeat("x", 5000): 200,
	} {
		got := f.get("/audit?" + query)
		inert(t, query, got)
		if got.status != want {
			t.Errorf("%.40s: %d; want %d", query, got.status, want)
		}
	}
	f.access.scopes = []string{rationadmin.ScopeVerify}
	if got := f.get("/audit"); got.status != http.StatusForbidden {
		t.Errorf("without the scope read: %d", got.status)
	}
}

func TestAuditShowsDetailsOfOtherReleases(t *testing.T) {
	for details, want := range map[string]string{
		`{"limits":["1/day"]}`:                               `<code>{&#34;limits&#34;:[&#34;1/day&#34;]}</code>`,
		`{"a":{"old":1,"new":{"x_y":true,"limit":"2/day"}}}`: `<del>1</del> <ins>2/day</ins> <ins>x y yes</ins>`,
		`{"a":{"new":["<b>","c"]}}`:                          `<ins>&lt;b&gt;</ins> <ins>c</ins>`,
		`{"a":{"old":"x","then":"y"}}`:                       `<code>{`,
		`[]`:                                                 `<code>[]</code>`,
		`{}`:                                                 `<div class="diff"></div>`,
	} {
		f := newFixture(t).logIn()
		f.access.audit = []rationadmin.AuditEntry{{At: time.Now(), Actor: "test", Action: "key.update", Target: ration.NewKeyID().String(), Details: []byte(details)}}
		f.shows("/audit", want)
	}
}
