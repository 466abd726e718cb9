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

var shownSecret = regexp.MustCompile(`<code id="secret">([^<]+)</code>`)

func TestTokensAreMadeShownOnceAndRevoked(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/tokens", "No service token yet", `href="/tokens/new"`)
	f.shows("/tokens/new", `name="verify"`)
	for _, plan := range []string{"free", "pro"} {
		f.changes("/plans/new", "name", plan, "limits", "1/day")
	}
	const name = `<script>alert("t")</script> & co`
	got := f.post("/tokens/new", "name", name, "scope", "keys", "expires", "2099-01-31", "owners", "ada, eve\nbob", "plans", "free pro")
	inert(t, "a new token", got)
	secret := shownSecret.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || secret == nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	token := onlyToken(t, f)
	if strings.Join(token.Owners, "|") != "ada, eve|bob" || strings.Join(token.Plans, "|") != "free|pro" || strings.Join(token.Scopes, "|") != "keys" || !token.ExpiresAt.Equal(time.Date(2099, 1, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the token is %+v", token)
	}
	page := f.shows("/tokens", "&lt;script&gt;", "of ada, eve, bob", "on free, pro", ">keys<", token.Start, `datetime="2099-01-31T00:00:00Z"`, "Revoke…")
	revoke := regexp.MustCompile(`href="(/tokens/revoke\?name=[^"]+)"`).FindStringSubmatch(page.body)
	if strings.Contains(page.body, secret[1]) || revoke == nil {
		t.Fatalf("the secret is shown again, or the token can't be revoked: %s", page.body)
	}
	f.shows(unescape(revoke[1]), "&lt;script&gt;")
	if got := f.post("/tokens/revoke", "name", name, "typed", "other"); got.status != http.StatusUnprocessableEntity || !onlyToken(t, f).RevokedAt.IsZero() {
		t.Errorf("without its name: %d", got.status)
	}
	f.changes("/tokens/revoke", "name", name, "typed", name)
	if onlyToken(t, f).RevokedAt.IsZero() {
		t.Error("the token was not revoked")
	}
	if page := f.shows("/tokens", `class="tag revoked"`); strings.Contains(page.body, "Revoke…") {
		t.Error("a revoked token can be revoked")
	}
}

func onlyToken(t *testing.T, f *fixture) rationadmin.Token {
	t.Helper()
	tokens, err := f.operations.ListTokens(t.Context(), rationadmin.TokenFilter{})
	if err != nil || len(tokens) != 1 {
		t.Fatalf("there are %d tokens, %v", len(tokens), err)
	}
	return tokens[0]
}

func TestTokensHavePages(t *testing.T) {
	f := newFixture(t).logIn()
	for i := range 51 {
		if _, err := f.operations.CreateToken(t.Context(), "test", admin.NewToken{Name: fmt.Sprintf("t%02d", i), Scopes: []string{rationadmin.ScopeVerify}}); err != nil {
			t.Fatal(err)
		}
	}
	page := f.shows("/tokens", "t50")
	next := regexp.MustCompile(`href="(/tokens\?after=[^"]+)"`).FindStringSubmatch(page.body)
	if next == nil || strings.Contains(page.body, "t00") {
		t.Fatal("there is no second page")
	}
	if last := f.shows(unescape(next[1]), "t00", "First page"); strings.Contains(last.body, "Next page") || strings.Contains(last.body, "t01<") {
		t.Errorf("the last page: %s", last.body)
	}
}

func TestSessionsAreShownAndEnded(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/sessions", "Nobody is logged in")
	for _, user := range []string{"<b>eve</b>", "ada"} {
		if _, err := f.operations.LogInUser(t.Context(), admin.User{Name: user, Scopes: []string{"read"}}, admin.Login{From: "198.51.100.7", UserAgent: "Fire<fox>"}); err != nil {
			t.Fatal(err)
		}
	}
	sessions, err := f.operations.ListSessions(t.Context(), rationadmin.SessionFilter{})
	if err != nil {
		t.Fatal(err)
	}
	f.access.session = sessions[1].ID
	if own := f.shows("/sessions", "you, here", ">Log out</button>", ">End</button>"); strings.Count(own.body, "you, here") != 1 {
		t.Error("more than one session is said to be the visitor's")
	}
	page := f.shows("/sessions", "&lt;b&gt;eve", "198.51.100.7", "Fire&lt;fox&gt;", "user:ada", "by oidc")
	session := regexp.MustCompile(`name="session" value="([^"]+)"`).FindStringSubmatch(page.body)
	page = f.changes("/sessions/end", "session", session[1])
	if n := strings.Count(page.body, `name="session"`); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	f.shows("/sessions?over=yes", "user:ada", ">over<", `href="/sessions"`)
}

func TestLoginLinksAreShownOnce(t *testing.T) {
	f := newFixture(t).logIn()
	got := f.post("/sessions/link", "for", "<b>eve</b>", "scope", "read", "valid", "1h")
	inert(t, "a new link", got)
	link := shownSecret.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || link == nil || !strings.Contains(got.body, "&lt;b&gt;eve") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	address, code, found := strings.Cut(unescape(link[1]), "#")
	if !found || address != f.url+"/login" {
		t.Fatalf("the link is %q", link[1])
	}
	if again := f.shows("/sessions"); strings.Contains(again.body, code) {
		t.Error("the code is shown again")
	}
	begun, err := f.operations.LogInWithLink(t.Context(), ration.SecretFromText(code), admin.Login{})
	if err != nil || strings.Join(begun.Session.Scopes, " ") != "read" || begun.Session.Name != "<b>eve</b>" {
		t.Errorf("the link gives %+v, %v", begun.Session, err)
	}
}

func TestWrongTokensAndSessions(t *testing.T) {
	f := newFixture(t).logIn()
	if got := f.post("/tokens/new", "name", "ci", "scope", "read"); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for name, row := range map[string]struct {
		path   string
		fields []string
		status int
		tells  string
	}{
		"no name":                {"/tokens/new", []string{"scope", "read"}, 422, "Name"},
		"no scope":               {"/tokens/new", []string{"name", "a"}, 422, "name at least one"},
		"an unknown scope":       {"/tokens/new", []string{"name", "a", "scope", "root"}, 422, "verify, read, keys and admin"},
		"a narrow administrator": {"/tokens/new", []string{"name", "a", "scope", "admin", "plans", "free"}, 422, "can't be narrowed"},
		"a name that is taken":   {"/tokens/new", []string{"name", "ci", "scope", "read"}, 409, "exists"},
		"a past end":             {"/tokens/new", []string{"name", "a", "scope", "read", "expires", "yesterday"}, 422, "use a date"},
		"an unknown token":       {"/tokens/revoke", []string{"name", "none", "typed", "none"}, 404, ""},
		"an unknown session":     {"/sessions/end", []string{"session", "00000000-0000-7000-8000-000000000000"}, 404, ""},
		"no session":             {"/sessions/end", []string{"session", "<script>"}, 404, ""},
		"a link for nobody":      {"/sessions/link", []string{"scope", "read", "valid", "1h"}, 422, "For"},
		"a link for ever":        {"/sessions/link", []string{"for", "a", "scope", "read", "valid", "9999h"}, 422, ""},
		"a link for some time":   {"/sessions/link", []string{"for", "a", "scope", "read", "valid", "long"}, 422, "how long"},
		"a link for what":        {"/sessions/link", []string{"for", "a", "valid", "1h"}, 422, "choose what"},
		"a link for decisions":   {"/sessions/link", []string{"for", "a", "scope", "verify", "valid", "1h"}, 422, "read, keys and admin"},
		"a link on no plan":      {"/sessions/link", []string{"for", "a", "scope", "read", "valid", "1h", "plans", "none"}, 404, ""},
	} {
		got := f.post(row.path, row.fields...)
		inert(t, name, got)
		if got.status != row.status || !strings.Contains(unescape(got.body), row.tells) || shownSecret.MatchString(got.body) {
			t.Errorf("%s: %d %s; want %d, %q", name, got.status, got.body, row.status, row.tells)
		}
	}
	for path, want := range map[string]int{"/tokens?after=x": 422, "/sessions?after=x": 422, "/tokens/revoke": 404, "/tokens/revoke?name=none": 200, "/tokens/nothing": 404} {
		if got := f.get(path); got.status != want {
			t.Errorf("%s: %d; want %d", path, got.status, want)
		}
	}
}

func TestTokensAndSessionsAreForAdministrators(t *testing.T) {
	f := newFixture(t).logIn()
	if got := f.post("/tokens/new", "name", "ci", "scope", "read"); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	f.access.scopes = []string{rationadmin.ScopeKeys}
	if page := f.shows("/tokens", "ci"); strings.Contains(page.body, "/tokens/new") || strings.Contains(page.body, "Revoke…") {
		t.Error("who may not make tokens sees how")
	}
	for _, path := range []string{"/tokens/new", "/tokens/revoke?name=ci", "/sessions"} {
		if got := f.get(path); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	fields := []string{"name", "ci", "typed", "ci", "scope", "admin", "for", "eve", "valid", "1h", "session", "00000000-0000-7000-8000-000000000000"}
	for _, path := range []string{"/tokens/new", "/tokens/revoke", "/sessions/end", "/sessions/link"} {
		if got := f.post(path, fields...); got.status != http.StatusForbidden || shownSecret.MatchString(got.body) {
			t.Errorf("a post to %s: %d", path, got.status)
		}
	}
	f.access.scopes = []string{rationadmin.ScopeAdmin}
	for _, path := range []string{"/tokens/new", "/tokens/revoke", "/sessions/end", "/sessions/link"} {
		r := f.form(path, fields...)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := f.do(r); got.status != http.StatusForbidden {
			t.Errorf("another site posts to %s: %d", path, got.status)
		}
	}
	if !onlyToken(t, f).RevokedAt.IsZero() {
		t.Error("the token was revoked")
	}
}
