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
	"github.com/ration-dev/ration/internal/console"
	"github.com/ration-dev/ration/rationadmin"
)

// key returns a key as it is now.
func (f *fixture) key(id ration.KeyID) rationadmin.KeyStatus {
	f.t.Helper()
	key, err := f.operations.ShowKey(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return key
}

func TestKeyIsMadeAndItsSecretShownOnce(t *testing.T) {
	f, _ := filled(t)
	got := f.post("/keys/new", "name", "Ada", "owner", "ada", "plan", "free", "limits", "5/hour\n\n unlimited/day \n", "expires", "2099-01-31",
		"allowed_ips", "192.0.2.0/24, 2001:db8::1", "scopes", "read write", "time_zone", "Europe/Berlin")
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	secret := regexp.MustCompile(`id="secret">([^<]+)<`).FindStringSubmatch(got.body)
	path := regexp.MustCompile(`data-path="([^"]+)"`).FindStringSubmatch(got.body)
	if secret == nil || path == nil {
		t.Fatalf("no secret in %s", got.body)
	}
	id, err := ration.ParseKeyID(strings.TrimPrefix(path[1], "/keys/"))
	if err != nil {
		t.Fatal(err)
	}
	key := f.key(id)
	if key.Name != "Ada" || key.Owner != "ada" || key.Plan != "free" || len(key.Overrides) != 2 || len(key.AllowedIPs) != 2 || len(key.Scopes) != 2 ||
		key.TimeZone != "Europe/Berlin" || !key.ExpiresAt.Equal(time.Date(2099, 1, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("made %+v", key.KeyRecord)
	}
	found, err := f.operations.FindKeys(t.Context(), []ration.Secret{ration.SecretFromText(secret[1])})
	if err != nil || found[0] != id {
		t.Errorf("the secret is of %v, %v", found, err)
	}
	if again := f.get(path[1]); strings.Contains(again.body, secret[1]) {
		t.Error("the secret is shown again")
	}
	for _, wrong := range [][]string{
		{"name", ""},
		{"name", "a", "plan", "none such"},
		{"name", "a"}, // to give no plan has to be chosen
		{"name", "a", "plan", "free", "expires", "soon"},
		{"name", "a", "plan", "free", "allowed_ips", "x"},
		{"name", "a", "plan", "free", "limits", "many"},
		{"name", "a", "plan", "free", "time_zone", "Mars/Base"},
		{"name", strings.Repeat("x", 5000), "plan", "free"},
		{"name", "a\x00b", "plan", "free"},
	} {
		if got := f.post("/keys/new", wrong...); got.status != 422 && got.status != 404 {
			t.Errorf("%.60q: %d", wrong, got.status)
		}
	}
}

func TestChangesOfAKeyAndTheirUndo(t *testing.T) {
	f, id := filled(t)
	path := keyPath(id)
	for _, row := range []struct {
		name   string
		path   string
		fields []string
		is     func(rationadmin.KeyStatus) bool
	}{
		{"disable", "/disable", nil, func(k rationadmin.KeyStatus) bool { return k.Status == ration.StatusDisabled }},
		{"update", "/update", []string{"name", "Ada", "owner", "ada", "plan", "", "scopes", "read", "allowed_ips", "192.0.2.1", "expires", "2099-01-01"}, func(k rationadmin.KeyStatus) bool {
			return k.Name == "Ada" && k.Plan == "" && len(k.Scopes) == 1 && len(k.AllowedIPs) == 1 && !k.ExpiresAt.IsZero()
		}},
		{"override", "/overrides", []string{"limit", "7/day", "until", "2099-01-01"}, func(k rationadmin.KeyStatus) bool { return len(k.Limits) == 1 && k.Limits[0].Quantity == 7 }},
		{"lasting override", "/overrides", []string{"limit", "8/day"}, func(k rationadmin.KeyStatus) bool { return len(k.Limits) == 1 && k.Limits[0].Quantity == 8 }},
	} {
		before := f.key(id)
		if got := f.post(path+row.path, row.fields...); got.status != http.StatusSeeOther || got.header.Get("Location") != path {
			t.Fatalf("%s: %d %s", row.name, got.status, got.body)
		}
		if !row.is(f.key(id)) {
			t.Errorf("%s: the key is %+v", row.name, f.key(id))
		}
		f.undo(f.get(path))
		after := f.key(id)
		if after.Status != before.Status || after.Name != before.Name || after.Owner != before.Owner || after.Plan != before.Plan || len(after.Scopes) != 0 || len(after.AllowedIPs) != 0 || !after.ExpiresAt.IsZero() || after.Limits[0].Quantity != 10 {
			t.Errorf("undo of %s: the key is %+v", row.name, after)
		}
	}
	if page := f.get(path).body; strings.Contains(page, ">Undo<") {
		t.Error("a notice stays")
	}
}

func TestRemovedOverrideComesBack(t *testing.T) {
	f, id := filled(t)
	for _, limit := range []string{"7/day", "10/second burst 20", "unlimited/day", "3 tokens/month"} {
		override, err := admin.ParseOverride(limit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.operations.UpdateKey(t.Context(), "test", admin.KeyPatch{ID: id, SetOverrides: []ration.Override{override}}); err != nil {
			t.Fatal(err)
		}
		before := f.key(id).Overrides
		if got := f.post(keyPath(id)+"/overrides/clear", "meter", override.Meter, "kind", string(override.Kind), "period", string(override.Period)); got.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", limit, got.status, got.body)
		}
		if len(f.key(id).Overrides) != len(before)-1 {
			t.Errorf("%s was not removed", limit)
		}
		f.undo(f.get(keyPath(id)))
		if after := f.key(id).Overrides; len(after) != len(before) {
			t.Errorf("%s: %v after undo; want %v", limit, after, before)
		}
	}
}

func TestRevocationNeedsTheName(t *testing.T) {
	f, id := filled(t)
	for _, typed := range []string{"", "script", "<SCRIPT>"} {
		if got := f.post(keyPath(id)+"/revoke", "typed", typed); got.status != 422 || f.key(id).Status != ration.StatusActive {
			t.Errorf("typed %q: %d, %s", typed, got.status, f.key(id).Status)
		}
	}
	if got := f.post(keyPath(id)+"/revoke", "typed", `<script>alert("a")</script>`); got.status != http.StatusSeeOther || f.key(id).Status != ration.StatusRevoked {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := f.post(keyPath(id) + "/enable"); got.status != http.StatusConflict {
		t.Errorf("enabling a revoked key: %d", got.status)
	}
}

func TestSecretsOfAKey(t *testing.T) {
	f, id := filled(t)
	path := keyPath(id)
	if got := f.post(path+"/rotate", "label", "default", "overlap", "1h"); got.status != 200 || !strings.Contains(got.body, `id="secret"`) || len(f.key(id).Secrets) != 2 {
		t.Errorf("rotation: %d", got.status)
	}
	for _, overlap := range []string{"", "-1h", "soon"} {
		if got := f.post(path+"/rotate", "overlap", overlap); got.status != 422 {
			t.Errorf("overlap %q: %d", overlap, got.status)
		}
	}
	if got := f.post(path+"/secrets", "label", "phone"); got.status != 200 || len(f.key(id).Secrets) != 3 {
		t.Errorf("a further secret: %d", got.status)
	}
	if got := f.post(path+"/secrets", "label", "phone"); got.status != http.StatusConflict {
		t.Errorf("the same label again: %d", got.status)
	}
	if got := f.post(path+"/secrets/revoke", "secret", f.key(id).Secrets[2].ID.String()); got.status != http.StatusSeeOther || f.key(id).Secrets[2].RevokedAt.IsZero() {
		t.Errorf("revoking a secret: %d", got.status)
	}
	if got := f.post(path+"/secrets/revoke", "secret", "x"); got.status != 422 {
		t.Errorf("no secret: %d", got.status)
	}
}

func TestSelectedKeys(t *testing.T) {
	f, first := filled(t)
	ids := []ration.KeyID{first}
	for _, name := range []string{"Ada", "Grace"} {
		issued, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: name, Plan: "free"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, issued.Key.ID)
	}
	if _, err := f.operations.DisableKey(t.Context(), "test", ids[2]); err != nil {
		t.Fatal(err)
	}
	statuses := func() string { return string(f.key(ids[0]).Status + f.key(ids[1]).Status + f.key(ids[2]).Status) }
	query := "?key=" + ids[0].String() + "&key=" + ids[1].String() + "&key=" + ids[2].String()
	before := statuses()
	for _, action := range []string{"disable", "enable", "plan", "revoke"} {
		got := f.get("/keys/change" + query + "&action=" + action)
		if got.status != 200 {
			t.Errorf("preview of %s: %d %s", action, got.status, got.body)
		}
		inert(t, action, got)
	}
	if statuses() != before {
		t.Errorf("a preview changed %s to %s", before, statuses())
	}
	if got := f.post("/keys/change", "action", "disable", "key", ids[0].String(), "key", ids[1].String()); got.status != http.StatusSeeOther || statuses() != "disableddisableddisabled" {
		t.Errorf("%d, %s", got.status, statuses())
	}
	if f.undo(f.get("/keys")); statuses() != before {
		t.Errorf("after undo %s; want %s", statuses(), before)
	}
	if got := f.post("/keys/change", "action", "plan", "plan", "", "key", ids[1].String()); got.status != 422 || f.key(ids[1]).Plan != "free" {
		t.Errorf("no plan was chosen: %d, the key has %q", got.status, f.key(ids[1]).Plan)
	}
	if f.post("/keys/change", "action", "plan", "plan", "/none", "key", ids[1].String()); f.key(ids[1]).Plan != "" {
		t.Errorf("the plan is %q", f.key(ids[1]).Plan)
	}
	if f.undo(f.get("/keys")); f.key(ids[1]).Plan != "free" {
		t.Errorf("after undo the plan is %q", f.key(ids[1]).Plan)
	}
	if got := f.post("/keys/change", "action", "revoke", "key", ids[1].String(), "typed", "2 keys"); got.status != 422 || f.key(ids[1]).Status != ration.StatusActive {
		t.Errorf("revoking with another number: %d", got.status)
	}
	if got := f.post("/keys/change", "action", "revoke", "key", ids[1].String(), "typed", "1 key"); got.status != http.StatusSeeOther || f.key(ids[1]).Status != ration.StatusRevoked {
		t.Errorf("revoking: %d %s", got.status, got.body)
	}
	for _, path := range []string{"/keys/change", "/keys/change?action=disable", "/keys/change?action=eat&key=" + first.String(), "/keys/change?action=disable&key=x"} {
		if got := f.get(path); got.status != 422 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestAllThatMatch(t *testing.T) {
	f, id := filled(t)
	link := regexp.MustCompile(`href="(/keys/change-all[^"]*)"`).FindStringSubmatch(f.get("/keys?plan=free&status=active&owner=%22+onload%3D%22alert%281%29").body)
	if link == nil {
		t.Fatal("the list has no link to change all that match")
	}
	form := f.get(unescape(link[1])).body
	for _, want := range []string{"<option selected>active</option>", "<option selected>free</option>", `value="&#34; onload=&#34;alert(1)"`} {
		if !strings.Contains(form, want) {
			t.Errorf("the link %q leads to a form without %s", link[1], want)
		}
	}
	for _, values := range [][]string{{"action", "disable"}, {"action", "disable", "status", "", "plan", "", "owner", ""}} {
		if got := f.post("/keys/change-all", values...); got.status != 422 {
			t.Errorf("%q, which would be all keys: %d", values, got.status)
		}
	}
	if got := f.get("/keys/change-all?action=disable&all=yes"); got.status != 200 || !strings.Contains(got.body, `name="all" value="yes"`) {
		t.Errorf("all keys, as is meant: %d", got.status)
	}
	got := f.get("/keys/change-all?plan=free&action=disable")
	if got.status != 200 || !strings.Contains(got.body, `id="would-change">1<`) || f.key(id).Status != ration.StatusActive {
		t.Errorf("preview: %d %s", got.status, got.body)
	}
	inert(t, "preview", got)
	if got := f.post("/keys/change-all", "plan", "free", "action", "plan", "to", "none such"); got.status != http.StatusNotFound {
		t.Errorf("an unknown plan: %d", got.status)
	}
	if got := f.post("/keys/change-all", "plan", "free", "action", "revoke", "typed", "no"); got.status != 422 {
		t.Errorf("revoking without the word: %d", got.status)
	}
	got = f.post("/keys/change-all", "plan", "free", "action", "disable")
	jobs, err := f.operations.ListJobs(t.Context(), rationadmin.JobFilter{})
	if err != nil || len(jobs) != 1 || got.header.Get("Location") != "/jobs/"+jobs[0].ID.String() || jobs[0].Action != rationadmin.ActionDisable || jobs[0].Filter.Plan != "free" {
		t.Errorf("%d to %q; jobs %+v, %v", got.status, got.header.Get("Location"), jobs, err)
	}
}

func TestNoPlanIsAChoice(t *testing.T) {
	f, _ := filled(t)
	f.changes("/plans/new", "name", "pro", "limits", "100/day")
	f.shows("/keys/new", `<option value="" disabled selected>choose a plan</option><option>free</option><option>pro</option><option value="/none">no plan: unlimited`)
	for limits, marked := range map[string]bool{"": true, "5/day": false} {
		got := f.post("/keys/new", "name", "a", "plan", "/none", "limits", limits)
		path := regexp.MustCompile(`data-path="/keys/([^"]+)"`).FindStringSubmatch(got.body)
		if got.status != http.StatusOK || path == nil {
			t.Fatalf("%d %s", got.status, got.body)
		}
		id, err := ration.ParseKeyID(path[1])
		if err != nil {
			t.Fatal(err)
		}
		if key := f.key(id); key.Plan != "" || key.Unlimited != marked {
			t.Errorf("limits %q: the key is %+v", limits, key.KeyRecord)
		}
	}
}

func TestWrongLimitsAreNamedByTheirLine(t *testing.T) {
	f, id := filled(t)
	for name, row := range map[string]struct{ path, limits, want string }{
		"a plan":                    {"/plans/new", "1000/day\r\n\r\n7/fortnight", "Limits: line 3, “7/fortnight”: "},
		"a plan with empty lines":   {"/plans/new", "\n\n 1/day \n<b>", "line 4, “<b>”: "},
		"two of one kind in a plan": {"/plans/new", "1/day\n3/hour\n2/day", "line 3, “2/day”: it and 1/day limit the same"},
		"a change of a plan":        {"/plans/free/update", "1/day\nmany", "line 2, “many”: "},
		"a preview":                 {"/plans/free/preview", "many", "line 1, “many”: "},
		"a key":                     {"/keys/new", "5/day\n\nmany", "Limits: line 3, “many”: "},
	} {
		got := f.post(row.path, "name", "a", "plan", "free", "limits", row.limits)
		if inert(t, name, got); got.status != 422 || !strings.Contains(unescape(got.body), row.want) {
			t.Errorf("%s: %d %s; want %q", name, got.status, got.body, row.want)
		}
	}
	if got := f.key(id).Limits; len(got) != 1 || got[0].Quantity != 10 {
		t.Errorf("the key's limits are %v", got)
	}
}

func TestAllThatMatchNeedsChoices(t *testing.T) {
	f, _ := filled(t)
	if page := f.shows("/keys?q=script"); strings.Contains(page.body, "/keys/change-all") || !strings.Contains(page.body, "clear the search") {
		t.Error("a search does not say how to change all that match")
	}
	page := f.shows("/keys/change-all?plan=free", `<option value="" disabled selected>choose what to do</option>`, `<option value="" selected>choose a plan</option>`)
	if strings.Contains(page.body, "What would happen") {
		t.Error("a preview of nothing")
	}
	for query, want := range map[string]string{
		"plan=free&action=plan&to=": "New plan: choose one", "plan=free&action=": "Action: choose", "action=disable": "All: choose a status", "plan=free&action=disable&counted=%2A": "begin the preview again",
	} {
		got := f.get("/keys/change-all?" + query)
		if inert(t, query, got); got.status != 422 || !strings.Contains(got.body, want) || !strings.Contains(got.body, `name="action"`) {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	f.shows("/keys/change-all?plan=free&action=plan&to=/none", `id="would-change">1<`, `name="to" value="/none"`, `value="/none" selected`)
}

func TestTheCountOfAllThatMatchGoesOn(t *testing.T) {
	f, _ := filled(t)
	console.CountNoLongerThan(t, 0)
	const keys = 1200 // more than are looked at at once
	for from := 0; from < keys; from += 400 {
		var all []admin.ImportedKey
		for i := range 400 {
			all = append(all, admin.ImportedKey{Name: "k", Plan: "free", Status: ration.StatusActive, Secret: ration.SecretFromText(fmt.Sprintf("secret-%d-of-another-system", from+i))})
		}
		if _, err := f.operations.ImportKeys(t.Context(), "test", admin.KeysImport{Keys: all}); err != nil {
			t.Fatal(err)
		}
	}
	counted := regexp.MustCompile(`id="would-change">([^<]*)<`)
	goOn := regexp.MustCompile(`id="counted" hx-get="([^"]+)"`)
	path, last, pages := "/keys/change-all?plan=free&action=disable", "", 0
	for ; path != ""; pages++ {
		page := f.shows(path)
		if last, path = counted.FindStringSubmatch(page.body)[1], ""; strings.Contains(page.body, "the count goes on") {
			path = unescape(goOn.FindStringSubmatch(page.body)[1])
		}
	}
	if last != "1,201" || pages < 2 {
		t.Errorf("%s keys counted on %d pages", last, pages)
	}
}
