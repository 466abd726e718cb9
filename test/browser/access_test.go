package browser_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestALoginLinkLetsSomebodyInOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	link := strings.TrimSpace(r.cli("admin", "login-link", "--url", r.adminURL, "-q"))
	first, second := newTab(t, r.adminURL), newTab(t, r.adminURL)
	first.open(link)
	first.awaitText("h1", "Overview")
	if url := get[string](first, `() => location.href`); strings.Contains(url, "#") {
		t.Errorf("after login the code is still in the address: %s", url)
	}
	second.open(link)
	second.awaitSeen("[role=alert]", "This is no service token or login link that is valid")

	// Whoever is logged out elsewhere comes to the page for login.
	var sessions []struct{ ID string }
	if out := r.cli("sessions", "list", "-o", "json"); json.Unmarshal([]byte(out), &sessions) != nil || len(sessions) != 1 {
		t.Fatalf("there are other sessions than one: %s", out)
	}
	r.cli("sessions", "end", sessions[0].ID)
	first.follow("nav a", "Keys")
	first.awaitSeen("#code", "")
}

// TestLogout goes back afterwards, and brings the former cookie again.
func TestLogout(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := r.newKey("Ada")
	session := r.beginSession(r.newToken("console", "admin"))
	b := newTab(t, r.adminURL)
	b.enter(r, session)
	b.open(r.adminURL + "/keys/" + key.ID)
	b.awaitText("h1", "Ada")
	b.follow("nav a", "Keys")
	b.follow("form button", "Log out")
	b.awaitSeen("#code", "")
	wantNothing := func(when string) {
		t.Helper()
		b.awaitSeen("#code", "")
		if text := get[string](b, `() => document.documentElement.outerHTML`); strings.Contains(text, "Ada") {
			t.Errorf("%s the page shows the key", when)
		}
	}
	for _, when := range []string{"one step back", "two steps back"} {
		// After the answer: a page that is gone can't give one.
		b.leave(func() { get[bool](b, `() => { setTimeout(() => history.back()); return true; }`) })
		wantNothing(when)
	}
	b.enter(r, session)
	b.open(r.adminURL + "/keys/" + key.ID)
	wantNothing("with the former cookie")
}

func TestLoginLeadsToTheFirstAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.newToken("console", "admin")
	asked := "/keys?q=Ada+%26+Eve&status=active"
	b := newTab(t, r.adminURL)
	b.open(r.adminURL + asked)
	b.logInHere(token)
	if got := get[string](b, `() => location.pathname + location.search`); got != asked {
		t.Errorf("after login at %s, want %s", got, asked)
	}

	// A link to the page for login leads to no other host: the tab reports requests to one.
	for _, next := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example/`, "/\t/elsewhere.example/", "javascript:document.title='run'"} {
		b.forget(r.adminURL)
		b.open(r.adminURL + "/login?next=" + url.QueryEscape(next))
		b.logInHere(token)
		if got := get[string](b, `() => location.href`); got != r.adminURL+"/" {
			t.Errorf("next=%q leads to %s", next, got)
		}
	}
}
