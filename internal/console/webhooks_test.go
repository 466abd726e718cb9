package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// webhook makes a webhook for all events.
func (f *fixture) webhook(address string) rationadmin.IssuedWebhook {
	f.t.Helper()
	issued, err := f.operations.CreateWebhook(f.t.Context(), "test", rationadmin.NewWebhook{URL: address})
	if err != nil {
		f.t.Fatal(err)
	}
	return issued
}

// happens makes a key, and with it an event.
func (f *fixture) happens(name string) ration.KeyID {
	f.t.Helper()
	issued, err := f.operations.CreateKey(f.t.Context(), "test", admin.NewKey{Name: name, Unlimited: true})
	if err != nil {
		f.t.Fatal(err)
	}
	return issued.Key.ID
}

// attempts ends an attempt at each delivery that is due.
func (f *fixture) attempts(outcome admin.DeliveryOutcome) (made int) {
	f.t.Helper()
	if _, err := f.operations.ListEvents(f.t.Context(), admin.EventFilter{}); err != nil { // publishes what has happened
		f.t.Fatal(err)
	}
	for {
		run, found, err := f.store.TakeDelivery(f.t.Context(), uuid.New(), nil)
		if err != nil {
			f.t.Fatal(err)
		}
		if !found {
			return made
		}
		if err := f.store.EndDelivery(f.t.Context(), run, outcome); err != nil {
			f.t.Fatal(err)
		}
		made++
	}
}

func (f *fixture) onlyWebhook() rationadmin.Webhook {
	f.t.Helper()
	webhooks, err := f.operations.ListWebhooks(f.t.Context())
	if err != nil || len(webhooks) != 1 {
		f.t.Fatalf("there are %d webhooks, %v", len(webhooks), err)
	}
	return webhooks[0].Webhook
}

var gaveUp = admin.DeliveryOutcome{State: rationadmin.DeliveryDead, Status: 500, Problem: "it answered 500 <b>"}

func TestWebhooksAreMadeShownOnceAndDeleted(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/webhooks", "Events are sent nowhere yet", `href="/webhooks/new"`)
	f.shows("/webhooks/new", `name="type" value="key.limit_threshold"`, "None ticked: all")
	const address = `https://hooks.example.com/"><script>alert(1)</script>`
	got := f.post("/webhooks/new", "url", address, "type", "key.revoked", "type", "key.expiring")
	inert(t, "a new webhook", got)
	secret := shownSecret.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || secret == nil || !strings.HasPrefix(secret[1], "whsec_") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	made := f.onlyWebhook()
	path := "/webhooks/" + made.ID.String()
	if made.URL != address || fmt.Sprint(made.Types) != "[key.expiring key.revoked]" || !made.Enabled {
		t.Errorf("the webhook is %+v", made)
	}
	for _, page := range []answer{
		f.shows("/webhooks", `<a href="`+path+`"><strong>hooks.example.com</strong></a>`, "&lt;script&gt;", "key.expiring, key.revoked", `class="tag enabled"`),
		f.shows(path, "hooks.example.com</h1>", "&lt;script&gt;", `value="key.revoked" checked`, `value="key.created">`, "Nothing was sent yet"),
		f.shows("/audit?action=webhook.create", `href="`+path+`"`),
	} {
		if strings.Contains(unescape(page.body), unescape(secret[1])) {
			t.Error("the secret is shown again")
		}
	}

	page := f.changes(path+"/update", "url", "https://other.example.com/", "types", "")
	if now := f.onlyWebhook(); now.URL != "https://other.example.com/" || len(now.Types) != 0 || !strings.Contains(page.body, "all events") {
		t.Errorf("the changed webhook is %+v", now)
	}
	f.undo(page)
	if now := f.onlyWebhook(); now.URL != address || len(now.Types) != 2 {
		t.Errorf("after undoing that the webhook is %+v", now)
	}

	page = f.changes(path + "/disable")
	if f.onlyWebhook().Enabled || !strings.Contains(page.body, ">Enable</button>") {
		t.Error("the webhook is not disabled")
	}
	if f.undo(page); !f.onlyWebhook().Enabled {
		t.Error("the webhook is not enabled again")
	}

	rotated := f.post(path + "/rotate")
	inert(t, "a rotated webhook", rotated)
	other := shownSecret.FindStringSubmatch(rotated.body)
	if rotated.status != http.StatusOK || other == nil || other[1] == secret[1] || !strings.Contains(rotated.body, "signs too until") {
		t.Fatalf("rotating: %d %s", rotated.status, rotated.body)
	}
	if page := f.shows(path); shownSecret.MatchString(page.body) {
		t.Error("the rotated secret is shown again")
	}

	if got := f.post(path+"/delete", "typed", "hooks.example.org"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without its host: %d", got.status)
	}
	f.onlyWebhook()
	f.changes(path+"/delete", "typed", "hooks.example.com")
	if got := f.get(path); got.status != http.StatusNotFound {
		t.Errorf("a deleted webhook: %d", got.status)
	}
}

func TestDeliveriesAreShownAndReplayed(t *testing.T) {
	f := newFixture(t).logIn()
	made := f.webhook("https://hooks.example.com/")
	path := "/webhooks/" + made.ID.String()
	f.happens("Delivered")
	f.attempts(admin.DeliveryOutcome{State: rationadmin.DeliveryDelivered, Status: 204})
	f.happens("<b>Dead</b>")
	f.attempts(gaveUp)
	id := f.happens("Waiting")
	f.attempts(admin.DeliveryOutcome{State: rationadmin.DeliveryWaiting, After: admin.MaxDeliveryPause, Problem: "no answer"})
	if _, err := f.operations.DisableKey(t.Context(), "test", id); err != nil {
		t.Fatal(err)
	}
	f.attempts(gaveUp) // nothing is due
	f.shows(path, "2 waiting, 1 dead", "Replay all dead…", "&lt;b&gt;Dead", "it answered 500 &lt;b&gt;", "no answer", "204", "after an earlier event of the key", "1 attempt<", "0 attempts")
	f.shows("/webhooks", `href="`+path+`?state=dead"`, "no answer")
	for state, want := range map[string]string{"delivered": "Delivered", "dead": "&lt;b&gt;Dead&lt;/b&gt;", "waiting": "Waiting Waiting", "": "Waiting Waiting &lt;b&gt;Dead&lt;/b&gt; Delivered"} {
		if got := names(f.shows(path + "?state=" + state)); got != want {
			t.Errorf("%q shows %s; want %s", state, got, want)
		}
	}

	replay := regexp.MustCompile(`action="(` + path + `/deliveries/[^"]+/replay)"`)
	page := f.shows(path + "?state=dead")
	form := replay.FindStringSubmatch(page.body)
	if form == nil {
		t.Fatalf("nothing can be replayed: %s", page.body)
	}
	f.changes(form[1])
	if made := f.attempts(admin.DeliveryOutcome{State: rationadmin.DeliveryDelivered, Status: 200}); made != 1 {
		t.Errorf("%d deliveries were due after one was replayed", made)
	}
	f.shows(path+"?state=delivered", "replayed", "&lt;b&gt;Dead")
	f.shows(path+"?state=dead", "None was given up")

	f.changes(path + "/disable")
	if page := f.shows(path, "once the webhook is enabled"); replay.MatchString(page.body) {
		t.Error("a disabled webhook offers to send")
	}
}

// names are those of the keys in a list, in its order.
func names(page answer) string {
	var all []string
	for _, found := range regexp.MustCompile(`<td class="wide"><a href="/keys/[^"]+"><strong>(.*?)</strong>`).FindAllStringSubmatch(page.body, -1) {
		all = append(all, found[1])
	}
	return strings.Join(all, " ")
}

func TestAllDeadLettersAreReplayed(t *testing.T) {
	f := newFixture(t).logIn()
	made, other := f.webhook("https://hooks.example.com/"), f.webhook("https://other.example.com/")
	path := "/webhooks/" + made.ID.String()
	f.shows(path+"/replay", "There is no dead letter any more")
	for i := range 52 {
		f.happens(fmt.Sprintf("k%02d", i))
	}
	f.attempts(gaveUp)
	page := f.shows(path+"?state=dead", "k51", "Next page")
	next := regexp.MustCompile(`href="(` + path + `\?[^"]*after=[^"]*)"`).FindStringSubmatch(page.body)
	if next == nil {
		t.Fatal("there is no next page")
	}
	if got := names(f.shows(unescape(next[1]))); got != "k01 k00" {
		t.Errorf("the last page has %s", got)
	}
	preview := f.shows(path+"/replay", "Replay 52 dead letters", "And 32 earlier ones", `name="count" value="52"`, "https://hooks.example.com/")
	if got := names(preview); !strings.HasPrefix(got, "k51 ") || strings.Contains(got, "k31") {
		t.Errorf("the preview names %s", got)
	}
	if n := f.attempts(gaveUp); n != 0 {
		t.Errorf("a preview has sent %d", n)
	}
	page = f.changes(path+"/replay", "count", "52")
	if !strings.Contains(page.body, "52 deliveries are sent again now") {
		t.Errorf("after it the page says %s", text(page.body))
	}
	f.shows("/webhooks/"+other.ID.String(), "0 waiting, 52 dead")
	if n := f.attempts(gaveUp); n != 52 {
		t.Errorf("%d were sent again", n)
	}
}

// manyDead has very many dead deliveries, of which each call replays the next.
type manyDead struct {
	admin.Operations
	calls *int
	fails int // the call that fails; 0: none
}

func (m manyDead) ReplayDead(context.Context, string, uuid.UUID) (int, error) {
	if *m.calls++; *m.calls == m.fails {
		return 0, fmt.Errorf("%w: it is disabled", ration.ErrConflict)
	}
	return rationadmin.MaxReplayed, nil
}

func TestVeryManyDeadLettersAreReplayedInTurn(t *testing.T) {
	for name, row := range map[string]struct {
		seen         string
		fails, calls int
		status       int
		tells        string
	}{
		"one more than a call replays": {"1001", 0, 2, http.StatusOK, "2,000 deliveries are sent again now"},
		"as many as one call replays":  {"1000", 0, 1, http.StatusOK, "1,000 deliveries are sent again now"},
		"disabled after the first":     {"5000", 2, 2, http.StatusConflict, "After 1,000 deliveries are sent again: "},
		"disabled from the beginning":  {"5000", 1, 1, http.StatusConflict, "it is disabled"},
	} {
		f, calls := newFixture(t).logIn(), 0
		path := "/webhooks/" + f.webhook("https://hooks.example.com/").ID.String()
		f.access.around = func(o admin.Operations) admin.Operations { return manyDead{o, &calls, row.fails} }
		got := f.post(path+"/replay", "count", row.seen)
		if got.status == http.StatusSeeOther {
			got = f.get(got.header.Get("Location"))
		}
		if got.status != row.status || calls != row.calls || !strings.Contains(got.body, row.tells) {
			t.Errorf("%s: %d after %d calls, %s; want %d after %d calls, %q", name, got.status, calls, text(got.body), row.status, row.calls, row.tells)
		}
	}
}

func TestWebhooksThatAnswerGone(t *testing.T) {
	f := newFixture(t).logIn()
	path := "/webhooks/" + f.webhook("https://hooks.example.com/").ID.String()
	f.happens("Ada")
	f.attempts(admin.DeliveryOutcome{State: rationadmin.DeliveryWaiting, Status: 410, Problem: "gone", Disable: "its receiver answered 410 <b>"})
	f.shows("/webhooks", `class="tag disabled"`, "its receiver answered 410 &lt;b&gt;")
	f.shows(path, "Ration has disabled it: its receiver answered 410 &lt;b&gt;", "once the webhook is enabled")
	if page := f.shows(path+"/replay", "Enable it first"); strings.Contains(page.body, "<button class=\"primary\"") {
		t.Error("it offers to send to a disabled webhook")
	}
	page := f.changes(path + "/enable")
	if strings.Contains(page.body, "disabled it") {
		t.Error("an enabled webhook is said to be disabled")
	}
}

func TestTheOverviewSaysWhatWasNotDelivered(t *testing.T) {
	const title = "Check webhooks"
	f := newFixture(t).logIn()
	f.webhook("https://hooks.example.com/")
	if page := f.checked("/"); strings.Contains(page.body, title) {
		t.Errorf("nothing was given up, but it says %s", text(page.body))
	}
	for what, outcome := range map[string]admin.DeliveryOutcome{
		"1 delivery was given up": gaveUp,
		"1 webhook is disabled":   {State: rationadmin.DeliveryWaiting, Status: 410, Problem: "gone", Disable: "its receiver answered 410"},
	} {
		f := newFixture(t).logIn()
		f.webhook("https://hooks.example.com/")
		f.happens("Ada")
		f.attempts(outcome)
		page := f.checked("/")
		for _, want := range []string{title, what, `<a href="/webhooks">See the webhooks</a>`} {
			if !strings.Contains(page.body, want) {
				t.Errorf("the overview lacks %q: %s", want, text(page.body))
			}
		}
	}
}

// checked returns a page that shows the findings of checks. The page of the system waits for
// them.
func (f *fixture) checked(path string) answer {
	f.t.Helper()
	f.shows("/system")
	return f.shows(path)
}

func TestWrongWebhooks(t *testing.T) {
	f := newFixture(t).logIn()
	path := "/webhooks/" + f.webhook("https://hooks.example.com/").ID.String()
	none := uuid.NewString()
	for name, row := range map[string]struct {
		path   string
		fields []string
		status int
		tells  string
	}{
		"no address":                {"/webhooks/new", nil, 422, "Url"},
		"an address of a script":    {"/webhooks/new", []string{"url", "javascript:alert(1)"}, 422, "https://example.com"},
		"an address with a user":    {"/webhooks/new", []string{"url", "https://ada:p4ss@example.com"}, 422, "leave out what stands before the @"},
		"an unknown type":           {"/webhooks/new", []string{"url", "https://example.com", "type", "<script>"}, 422, "key.created"},
		"a change to no address":    {path + "/update", []string{"url", "  "}, 422, ""},
		"an unknown webhook":        {"/webhooks/" + none + "/update", []string{"url", "https://example.com"}, 404, ""},
		"no webhook":                {"/webhooks/x/delete", []string{"typed", "x"}, 404, ""},
		"replay without a count":    {path + "/replay", nil, 422, "load the page again"},
		"replay of nothing":         {path + "/replay", []string{"count", "-1"}, 422, "load the page again"},
		"replay of unknown events":  {path + "/deliveries/" + none + "/replay", nil, 404, ""},
		"replay of no event":        {path + "/deliveries/x/replay", nil, 404, ""},
		"replay to unknown webhook": {"/webhooks/" + none + "/deliveries/" + none + "/replay", nil, 404, ""},
	} {
		got := f.post(row.path, row.fields...)
		inert(t, name, got)
		if got.status != row.status || !strings.Contains(unescape(got.body), row.tells) || shownSecret.MatchString(got.body) || strings.Contains(got.body, "p4ss") {
			t.Errorf("%s: %d %s; want %d, %q", name, got.status, got.body, row.status, row.tells)
		}
	}
	for query, want := range map[string]int{"?after=x": 422, "?state=odd": 422, "?state=" + url.QueryEscape("<script>"): 422, "/replay": 200, "/none": 404} {
		got := f.get(path + query)
		inert(t, query, got)
		if got.status != want {
			t.Errorf("%s: %d; want %d", query, got.status, want)
		}
	}
	if got := f.get("/webhooks/" + none); got.status != http.StatusNotFound {
		t.Errorf("an unknown webhook: %d", got.status)
	}
	if now := f.onlyWebhook(); now.URL != "https://hooks.example.com/" {
		t.Errorf("the webhook is %+v", now)
	}
}

func TestWhoChangesWebhooks(t *testing.T) {
	f := newFixture(t).logIn()
	const address = "https://hooks.example.com/as-good-as-a-secret"
	path := "/webhooks/" + f.webhook(address).ID.String()
	f.happens("Ada")
	f.attempts(gaveUp)
	event := regexp.MustCompile(`/deliveries/([^"/]+)/replay`).FindStringSubmatch(f.shows(path).body)[1]
	changes := []string{"/webhooks/new", path + "/update", path + "/enable", path + "/disable", path + "/rotate", path + "/replay", path + "/deliveries/" + event + "/replay", path + "/delete"}
	fields := []string{"url", "https://evil.example.com/", "typed", "hooks.example.com", "count", "1"}
	refused := func(who string, prepare func(*http.Request)) {
		t.Helper()
		for _, change := range changes {
			r := f.form(change, fields...)
			prepare(r)
			if got := f.do(r); got.status != http.StatusForbidden || shownSecret.MatchString(got.body) {
				t.Errorf("%s posts to %s: %d", who, change, got.status)
			}
		}
	}
	for _, scope := range []string{rationadmin.ScopeRead, rationadmin.ScopeKeys} {
		f.access.scopes = []string{scope}
		for _, page := range []answer{f.shows("/webhooks", "hooks.example.com"), f.shows(path, "hooks.example.com"), f.shows("/audit")} {
			if main := text(page.body); strings.Contains(main, `method="post"`) || strings.Contains(main, "data-dialog") || strings.Contains(main, "/webhooks/new") || strings.Contains(main, "/replay") {
				t.Errorf("%s sees how to change webhooks: %s", scope, main)
			}
			if strings.Contains(page.body, "as-good-as-a-secret") {
				t.Errorf("%s sees the whole address: %s", scope, page.body)
			}
		}
		for _, page := range []string{"/webhooks/new", path + "/replay"} {
			if got := f.get(page); got.status != http.StatusForbidden {
				t.Errorf("%s of %s: %d", page, scope, got.status)
			}
		}
		refused("whoever has the scope "+scope, func(*http.Request) {})
	}
	f.access.plans = []string{"free"}
	for _, page := range []string{"/webhooks", path, path + "/replay"} {
		if got := f.get(page); got.status != http.StatusForbidden || strings.Contains(got.body, "hooks.example.com") {
			t.Errorf("whoever sees some keys only sees %s: %d", page, got.status)
		}
	}
	f.access.scopes, f.access.plans = []string{rationadmin.ScopeAdmin}, nil
	refused("another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if now := f.onlyWebhook(); now.URL != address || !now.Enabled || !now.PreviousUntil.IsZero() {
		t.Errorf("the webhook was changed: %+v", now)
	}
	f.shows(path, "0 waiting, 1 dead")
}
