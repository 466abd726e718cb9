package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// shows fails unless a page is whole, inert and has all the texts.
func (f *fixture) shows(path string, texts ...string) answer {
	f.t.Helper()
	got := f.get(path)
	if got.status != http.StatusOK {
		f.t.Fatalf("%s: %d %s", path, got.status, got.body)
	}
	inert(f.t, path, got)
	for _, text := range texts {
		if !strings.Contains(got.body, text) {
			f.t.Errorf("%s lacks %q: %s", path, text, got.body)
		}
	}
	return got
}

// changes fails unless a form is accepted, and returns the page that it leads to.
func (f *fixture) changes(path string, fields ...string) answer {
	f.t.Helper()
	got := f.post(path, fields...)
	if got.status != http.StatusSeeOther {
		f.t.Fatalf("%s %v: %d %s", path, fields, got.status, got.body)
	}
	return f.shows(got.header.Get("Location"))
}

// undo presses the button that takes the last change back.
func (f *fixture) undo(page answer) answer {
	f.t.Helper()
	form := regexp.MustCompile(`(?s)<div class="notice".*?<form method="post" action="([^"]*)">(.*?)</form>`).FindStringSubmatch(page.body)
	if form == nil {
		f.t.Fatalf("nothing to undo: %s", page.body)
	}
	var fields []string
	for _, field := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(form[2], -1) {
		fields = append(fields, unescape(field[1]), unescape(field[2]))
	}
	return f.changes(form[1], fields...)
}

func (f *fixture) plan(name string) ration.Plan {
	f.t.Helper()
	plan, err := f.operations.ShowPlan(f.t.Context(), name)
	if err != nil {
		f.t.Fatal(err)
	}
	return plan
}

// has fails unless a plan has the limits, and no others.
func (f *fixture) has(name string, limits ...string) {
	f.t.Helper()
	var got []string
	for _, limit := range f.plan(name).Limits {
		got = append(got, limit.String())
	}
	if strings.Join(got, ", ") != strings.Join(limits, ", ") {
		f.t.Errorf("plan %s has %q; want %q", name, got, limits)
	}
}

func TestPlansAreMadeChangedAndDeleted(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/plans", "No plan yet", `href="/plans/new"`)
	f.shows("/plans/new")
	page := f.changes("/plans/new", "name", "free", "limits", "1000/day\r\n\r\n 10/second burst 20 ", "time_zone", "Europe/Berlin")
	for _, want := range []string{"1,000/day", "10/second burst 20", "Europe/Berlin", "No key has it yet", "plan.create"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the plan's page lacks %q", want)
		}
	}
	f.has("free", "10/second burst 20", "1000/day")
	f.shows("/plans/free/edit", "1000/day", "Europe/Berlin")

	page = f.changes("/plans/free/update", "limits", "500/day\n7/hour", "time_zone", "UTC", "updated_at", updated(f.plan("free")))
	f.has("free", "7/hour", "500/day")
	if plan := f.plan("free"); plan.TimeZone != "UTC" {
		t.Errorf("the time zone is %q", plan.TimeZone)
	}
	f.undo(page)
	f.has("free", "10/second burst 20", "1000/day")
	if plan := f.plan("free"); plan.TimeZone != "Europe/Berlin" {
		t.Errorf("after undo the time zone is %q", plan.TimeZone)
	}

	page = f.changes("/plans/free/delete", "typed", "free")
	if _, err := f.operations.ShowPlan(t.Context(), "free"); ration.CodeOf(err) != ration.CodeNotFound {
		t.Errorf("the deleted plan: %v", err)
	}
	f.undo(page)
	f.has("free", "10/second burst 20", "1000/day")
}

func updated(plan ration.Plan) string {
	return plan.UpdatedAt.UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
}

func TestPlansChangeWithTheNextPeriod(t *testing.T) {
	f := newFixture(t).logIn()
	f.changes("/plans/new", "name", "free", "limits", "1000/day\n5000/month")
	page := f.changes("/plans/free/update", "limits", "2000/day", "from", "next-period")
	f.has("free", "1000/day", "5000/month")
	if next := f.plan("free").Next; len(next) != 2 {
		t.Fatalf("next are %v", next)
	}
	for _, want := range []string{"2,000/day", "no limit on requests/month", "each key’s first month"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q: %s", want, page.body)
		}
	}
	f.shows("/plans", "2 changes with the next period")
	f.changes("/plans/free/keep", "meter", "requests", "kind", "quota", "period", "day")
	f.changes("/plans/free/keep", "meter", "requests", "kind", "quota", "period", "month")
	if next := f.plan("free").Next; len(next) != 0 {
		t.Errorf("after taking back, next are %v", next)
	}
	f.has("free", "1000/day", "5000/month")
}

func TestPlansWithoutALimit(t *testing.T) {
	f := newFixture(t).logIn()
	f.changes("/plans/new", "name", "new")
	f.shows("/plans", "no limit", `href="/plans/new/"`)
	f.shows("/plans/new/", "all is let through", `action="/plans/new/delete"`)
	f.changes("/plans/new/update", "unlimited", "yes")
	f.shows("/plans", "unlimited on purpose")
	f.changes("/plans/new/update", "unlimited", "yes", "limits", "1/day")
	if plan := f.plan("new"); plan.Unlimited || len(plan.Limits) != 1 {
		t.Errorf("a limit was given: %+v", plan)
	}
}

func TestAChangeOfAPlanIsShownBefore(t *testing.T) {
	f := newFixture(t).logIn()
	f.changes("/plans/new", "name", "free", "limits", "1000/day\n5000/month")
	for name, row := range map[string]struct {
		fields []string
		want   []string
	}{
		"other limits": {[]string{"limits", "9/day\n3/hour"}, []string{"<del>1,000/day</del>", "<ins>9/day</ins>", "<ins>3/hour</ins>", "<del>5,000/month</del>", "<ins>no limit</ins>", ">Save</button>", `name="limits" value="9/day`}},
		"later":        {[]string{"limits", "9/day\n5000/month", "from", "next-period"}, []string{"With each key’s next period", `name="from" value="next-period"`}},
		"the zone":     {[]string{"limits", "1000/day\n5000/month", "time_zone", "Asia/Tokyo"}, []string{"<del>UTC</del>", "<ins>Asia/Tokyo</ins>"}},
		"the mark":     {[]string{"unlimited", "yes"}, []string{"<ins>meant to have no limit</ins>"}},
		"nothing":      {[]string{"limits", "5000/month\n1000/day"}, []string{"The plan is like that already"}},
	} {
		got := f.post("/plans/free/preview", row.fields...)
		inert(t, name, got)
		if got.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		for _, want := range row.want {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s: the page lacks %q: %s", name, want, got.body)
			}
		}
	}
	f.has("free", "1000/day", "5000/month")
	if got := f.get("/plans/free/preview"); got.header.Get("Location") != "/plans/free/edit" {
		t.Errorf("loaded again: %d to %q", got.status, got.header.Get("Location"))
	}
}

func TestWrongPlans(t *testing.T) {
	f, _ := filled(t)
	f.changes("/plans/new", "name", "other", "limits", "1/day")
	for path, want := range map[string]int{"/plans/none": 404, "/plans/none/edit": 404, "/plans/%3Cscript%3E": 404, "/plans/free/nothing": 404, "/plans?after=zzz": 200} {
		got := f.get(path)
		inert(t, path, got)
		if got.status != want {
			t.Errorf("%s: %d; want %d", path, got.status, want)
		}
	}
	for name, row := range map[string]struct {
		path   string
		fields []string
		status int
		tells  string
	}{
		"no name":               {"/plans/new", []string{"limits", "1/day"}, 422, "letters, digits"},
		"a hostile name":        {"/plans/new", []string{"name", "<script>alert(1)</script>"}, 422, "letters, digits"},
		"a name that is taken":  {"/plans/new", []string{"name", "free"}, 409, "exists"},
		"no limit":              {"/plans/new", []string{"name", "a", "limits", "<script>"}, 422, "1000/day"},
		"two of one kind":       {"/plans/new", []string{"name", "a", "limits", "1/day\n2/day"}, 422, "it and 1/day limit the same"},
		"no zone":               {"/plans/new", []string{"name", "a", "time_zone", "Mars"}, 422, "Time zone:"},
		"unlimited with limits": {"/plans/new", []string{"name", "a", "limits", "1/day", "unlimited", "yes"}, 422, "the plan has limits"},
		"changed meanwhile":     {"/plans/other/update", []string{"limits", "2/day", "updated_at", "2020-01-01T00:00:00Z"}, 409, ""},
		"no time":               {"/plans/other/preview", []string{"limits", "2/day", "updated_at", "x"}, 422, "load the page again"},
		"zone with next period": {"/plans/other/update", []string{"limits", "2/day", "time_zone", "Asia/Tokyo", "from", "next-period"}, 422, "only limits"},
		"nothing to take back":  {"/plans/other/keep", []string{"meter", "x", "kind", "quota", "period", "day"}, 422, "no such limit"},
		"another name typed":    {"/plans/other/delete", []string{"typed", "free"}, 422, "can't be undone"},
		"a plan with keys":      {"/plans/free/delete", []string{"typed", "free"}, 409, "another plan first"},
		"an unknown plan":       {"/plans/none/delete", []string{"typed", "none"}, 404, ""},
	} {
		got := f.post(row.path, row.fields...)
		inert(t, name, got)
		if got.status != row.status || !strings.Contains(unescape(got.body), row.tells) {
			t.Errorf("%s: %d %s; want %d, %q", name, got.status, got.body, row.status, row.tells)
		}
	}
	f.has("other", "1/day")
}

func TestPlansAreForAdministrators(t *testing.T) {
	f, _ := filled(t)
	f.access.scopes = []string{rationadmin.ScopeRead}
	for _, path := range []string{"/plans", "/plans/free"} {
		page := f.shows(path, "free")
		for _, forbidden := range []string{"/plans/new", "/plans/free/", "Delete"} {
			if strings.Contains(page.body, forbidden) {
				t.Errorf("%s shows a reader %q", path, forbidden)
			}
		}
	}
	for _, path := range []string{"/plans/new", "/plans/free/update", "/plans/free/keep", "/plans/free/delete"} {
		got := f.post(path, "name", "evil", "limits", "9/day", "typed", "free", "meter", "requests", "kind", "quota", "period", "day")
		if got.status != http.StatusForbidden {
			t.Errorf("a reader posts to %s: %d %s", path, got.status, got.body)
		}
	}
	f.access.scopes = []string{rationadmin.ScopeAdmin}
	for _, path := range []string{"/plans/new", "/plans/free/update", "/plans/free/delete"} {
		r := f.form(path, "name", "evil", "limits", "9/day", "typed", "free")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := f.do(r); got.status != http.StatusForbidden {
			t.Errorf("another site posts to %s: %d", path, got.status)
		}
	}
	f.has("free", "10/day")
}

func TestManyPlans(t *testing.T) {
	f := newFixture(t).logIn()
	for i := range 101 {
		if _, err := f.operations.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "p" + string(rune('a'+i/26)) + string(rune('a'+i%26))}); err != nil {
			t.Fatal(err)
		}
	}
	f.shows("/plans", `href="/plans?after=pdv&amp;page=2"`)
	page := f.shows("/plans?after=pdv&page=2", "pdw", "First page", "Previous page", "Page 2")
	if strings.Contains(page.body, ">pdv<") || strings.Contains(page.body, "Next page") {
		t.Errorf("the last page: %s", page.body)
	}
}

func TestAPreviewSaysWhatWouldHaveBeenRefused(t *testing.T) {
	f, id := filled(t)
	yesterday := ration.DateID(time.Now().UTC().Date()) - 1
	for day, used := range map[ration.PeriodID]int64{yesterday: 70, yesterday - 3: 1200} {
		imported := rationadmin.UsageImport{Days: []rationadmin.ImportedDay{{KeyID: id, Meter: "requests", Date: day, Used: used}}}
		if _, err := f.operations.ImportUsage(t.Context(), "test", imported); err != nil {
			t.Fatal(err)
		}
	}
	got := f.post("/plans/free/preview", "limits", "50/day\n3/second\n100000/month")
	inert(t, "preview", got)
	for _, want := range []string{
		"<b>1 of 1</b>", "<b>1,170</b>", "of 1,270 requests that were used, 92.1 %", "what a rate would have refused can&#39;t be said",
		"&lt;script&gt;alert(&#34;a&#34;)&lt;/script&gt;", "<strong>1,170</strong> of 1,270 requests",
		"50/day: 1,170 in 2 periods, most " + (yesterday - 3).Date().Format("2 Jan 2006") + ": 1,150 of 1,200", ">Save</button>",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got.body), " "), want) {
			t.Errorf("the preview lacks %q: %s", want, got.body)
		}
	}
	f.has("free", "10/day")
	looser := f.post("/plans/free/preview", "limits", "5000/day")
	if !strings.Contains(looser.body, "<b>0 of 1</b>") || strings.Contains(looser.body, "Key by key") {
		t.Errorf("a looser plan: %s", looser.body)
	}
	f.changes("/plans/new", "name", "empty", "limits", "1/day")
	if got := f.post("/plans/empty/preview", "limits", "2/day"); !strings.Contains(got.body, "No key that can be used has the plan") {
		t.Errorf("a plan without keys: %s", got.body)
	}
	f.access.scopes = []string{rationadmin.ScopeRead}
	for _, path := range []string{"/plans/new", "/plans/free/edit"} {
		if got := f.get(path); got.status != http.StatusForbidden {
			t.Errorf("a reader gets %s: %d", path, got.status)
		}
	}
	if got := f.post("/plans/free/preview", "limits", "50/day"); got.status != http.StatusForbidden {
		t.Errorf("a reader gets a preview: %d", got.status)
	}
}

func TestANoticeFitsItsCookie(t *testing.T) {
	f := newFixture(t).logIn()
	var limits []string
	for i := range 90 {
		limits = append(limits, fmt.Sprintf("1000000 %s%02d/month", strings.Repeat("m", 50), i))
	}
	f.changes("/plans/new", "name", "free", "limits", strings.Join(limits, "\n"))
	got := f.post("/plans/free/update", "limits", "1/day")
	if cookie := got.header.Get("Set-Cookie"); got.status != http.StatusSeeOther || len(cookie) > 4096 {
		t.Fatalf("%d with a cookie of %d bytes", got.status, len(cookie))
	}
	if page := f.shows("/plans/free", "is changed, for every request"); strings.Contains(page.body, ">Undo<") {
		t.Error("what is too long is offered to be undone")
	}
}
