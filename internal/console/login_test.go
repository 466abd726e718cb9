package console_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/rationadmin"
)

func TestNobodyGetsInWithoutASession(t *testing.T) {
	f, id := filled(t)
	f.newBrowser()
	for _, path := range []string{"/", "/keys", keyPath(id), "/palette?q=a", "/keys/sparks", "/nothing"} {
		got := f.get(path)
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/login") || strings.Contains(got.body, "free") {
			t.Errorf("%s: %d to %q", path, got.status, got.header.Get("Location"))
		}
	}
	if got := f.post(keyPath(id)+"/disable", "a", "b"); got.status != http.StatusSeeOther {
		t.Errorf("a change without a session: %d", got.status)
	}
	if key, err := f.operations.ShowKey(t.Context(), id); err != nil || key.Status != "active" {
		t.Errorf("the key is %q, %v", key.Status, err)
	}
	r := f.form("/palette")
	r.Method = http.MethodGet
	r.Header.Set("Hx-Request", "true")
	if got := f.do(r); got.status != http.StatusUnauthorized || got.header.Get("Hx-Redirect") != "/login" {
		t.Errorf("a script without a session: %d, %v", got.status, got.header)
	}
}

func TestLogin(t *testing.T) {
	f := newFixture(t)
	for code, want := range map[string]int{"": 422, "bad": 401, strings.Repeat("x", 10_000): 401} {
		got := f.post("/login", "code", code)
		if got.status != want || len(got.header["Set-Cookie"]) != 0 {
			t.Errorf("login with %.10q: %d, cookies %v", code, got.status, got.header["Set-Cookie"])
		}
		if code != "" && strings.Contains(got.body, code) {
			t.Errorf("the page repeats the code %.10q", code)
		}
	}
	got := f.post("/login", "code", " good\n", "next", "/keys?q=a")
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-ration=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %q", cookie, want)
		}
	}
	if strings.Contains(cookie, "Domain") || got.header.Get("Location") != "/keys?q=a" {
		t.Errorf("cookie %q, to %q", cookie, got.header.Get("Location"))
	}
	if got := f.post("/logout"); got.status != http.StatusSeeOther || !strings.Contains(got.header.Get("Set-Cookie"), "Expires=Thu, 01 Jan 1970") {
		t.Errorf("logout: %d, %v", got.status, got.header)
	}
	if got := f.get("/keys"); got.status != http.StatusSeeOther {
		t.Errorf("after logout: %d", got.status)
	}
}

func TestLoginGoesNowhereElse(t *testing.T) {
	f := newFixture(t)
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "evil", "/\t/evil.example", "javascript:alert(1)", "/%2f/evil", ""} {
		got := f.post("/login", "code", "good", "next", next)
		if to := got.header.Get("Location"); to != "/" && to != "/%2f/evil" {
			t.Errorf("next %q leads to %q", next, to)
		}
	}
}

func TestCookieWithoutTLSElsewhere(t *testing.T) {
	f := newFixture(t)
	for host, want := range map[string]string{
		"ration.example": "ration=", "ration.example:8082": "ration=", "192.0.2.1:8082": "ration=", "localhost.evil.example": "ration=",
		"localhost:8082": "__Host-ration=", "127.0.0.1": "__Host-ration=", "[::1]:8082": "__Host-ration=",
	} {
		r := f.form("/login", "code", "good")
		r.Host = host
		if cookie := f.do(r).header.Get("Set-Cookie"); !strings.HasPrefix(cookie, want) {
			t.Errorf("%s: cookie %q; want %s", host, cookie, want)
		}
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	f, id := filled(t)
	for name, header := range map[string]http.Header{
		"another site":           {"Sec-Fetch-Site": {"cross-site"}},
		"another host of a site": {"Sec-Fetch-Site": {"same-site"}},
		"an old browser":         {"Origin": {"https://evil.example"}},
		"a sandbox":              {"Origin": {"null"}},
	} {
		for _, path := range []string{keyPath(id) + "/disable", "/login", "/logout", "/keys/new"} {
			r := f.form(path, "code", "good", "name", "evil")
			for field, values := range header {
				r.Header[field] = values
			}
			if got := f.do(r); got.status != http.StatusForbidden || len(got.header["Set-Cookie"]) != 0 {
				t.Errorf("%s on %s: %d", name, path, got.status)
			}
		}
	}
	if key, err := f.operations.ShowKey(t.Context(), id); err != nil || key.Status != "active" {
		t.Errorf("the key is %q, %v", key.Status, err)
	}
}

// A link that somebody else made must not put its session in the place of the visitor's.
func TestLoginPageAsksWhoeverIsLoggedIn(t *testing.T) {
	f := newFixture(t)
	if page := f.get("/login").body; strings.Contains(page, "data-ask") {
		t.Error("the page asks a visitor without a session")
	}
	f.logIn()
	if page := f.get("/login").body; !strings.Contains(page, "data-ask") || !strings.Contains(page, "You are logged in as") {
		t.Error("the page does not ask a visitor who is logged in")
	}
}

func TestNoticesAreOfTheSessionAlone(t *testing.T) {
	f, id := filled(t)
	got := f.post(keyPath(id) + "/disable")
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	show := func(value string) bool {
		r := f.form(keyPath(id))
		r.Method = http.MethodGet
		r.Header.Set("Cookie", "ration-notice="+value+"; __Host-ration="+url.QueryEscape(session))
		f.newBrowser()
		return strings.Contains(f.do(r).body, ">Undo<")
	}
	signed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	planted := slices.Concat(signed[:32], []byte(`{"Text":"press Undo","Undo":{"Path":"/tokens/new","Fields":{"name":"evil","scope":"admin"}}}`))
	for name, row := range map[string]struct {
		value string
		want  bool
	}{
		"as it was set":        {cookie.Value, true},
		"made up":              {base64.RawURLEncoding.EncodeToString(planted), false},
		"without a signature":  {base64.RawURLEncoding.EncodeToString(signed[32:]), false},
		"too short":            {"AAAA", false},
		"no base64":            {"%", false},
		"a signature, no more": {base64.RawURLEncoding.EncodeToString(signed[:32]), false},
	} {
		if got := show(row.value); got != row.want {
			t.Errorf("%s: the page offers undo: %v", name, got)
		}
	}
}

func TestWholeSecretsAreNoSearch(t *testing.T) {
	f, id := filled(t)
	issued, err := f.operations.RotateKey(t.Context(), "test", rationadmin.Rotation{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/keys?q=", "/palette?q="} {
		got := f.get(path + issued.Secret.Reveal())
		if strings.Contains(got.body, issued.Secret.Reveal()) || !strings.Contains(got.body, id.String()) {
			t.Errorf("%s shows the secret, or not its key: %s", path, got.body)
		}
	}
}
