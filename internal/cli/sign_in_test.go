package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testoidc"
)

// visitor is a browser of this machine: it keeps secure cookies without TLS.
type visitor struct {
	t       *testing.T
	cookies map[string]*http.Cookie
}

// get opens a page, and returns its status, where it leads and its text.
func (v *visitor) get(url string) (status int, next, body string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, cookie := range v.cookies {
		request.AddCookie(cookie)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		v.cookies[cookie.Name] = cookie
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		}
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Location"), string(text)
}

// signIn goes to the provider and back, and returns the page at the end.
func (v *visitor) signIn(console string) (status int, body string) {
	v.t.Helper()
	status, next, body := v.get(console + "/login/oidc")
	for status == http.StatusSeeOther {
		status, next, body = v.get(next)
	}
	return status, body
}

// TestSignInByAProvider starts a server while the provider is away, and logs in when it is
// back.
func TestSignInByAProvider(t *testing.T) {
	t.Chdir(t.TempDir())
	provider := testoidc.New(t)
	provider.Down = true
	address := freeAddress(t)
	console := "http://" + address
	server := startServer(t, []string{
		"RATION_ADMIN_LISTEN=" + address, "RATION_CONSOLE_URL=" + console, "RATION_OIDC_ISSUER=" + provider.URL, "RATION_OIDC_CLIENT_ID=" + testoidc.ClientID,
		"RATION_OIDC_CLIENT_SECRET=" + testoidc.ClientSecret, "RATION_OIDC_NAME=Example SSO", "RATION_OIDC_ADMIN_GROUPS=root", "RATION_OIDC_KEYS_GROUPS=ops",
	})
	browser := &visitor{t, map[string]*http.Cookie{}}
	if status, _, body := browser.get(console + "/login"); status != http.StatusOK || !strings.Contains(body, "Sign in with Example SSO") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := browser.signIn(console); status != http.StatusServiceUnavailable || !strings.Contains(body, "can&#39;t be reached") {
		t.Errorf("while the provider is away: %d %s", status, body)
	}
	provider.Set(func() { provider.Down = false })
	status, body := 0, ""
	for deadline := time.Now().Add(time.Minute); status != http.StatusOK && time.Now().Before(deadline); {
		status, body = browser.signIn(console) // it is left alone for a second
	}
	if status != http.StatusOK || !strings.Contains(body, "You are logged in") {
		t.Fatalf("%d %s", status, body)
	}
	if status, next, body := browser.get(console + "/"); status != http.StatusOK || !strings.Contains(body, "anna@example.com") {
		t.Errorf("the console: %d to %q\n%s", status, next, body)
	}
	listed := must(t, "sqlite:ration.db", "sessions", "list", "-o", "csv")
	lines := strings.Split(listed, "\n")
	if len(lines) != 2 || !strings.Contains(lines[1], ",user:anna@example.com,keys,127.0.0.1,") || !strings.Contains(lines[1], ",oidc,") {
		t.Fatalf("sessions:\n%s", listed)
	}
	if audit := must(t, "sqlite:ration.db", "audit", "--action", "session.begin", "-o", "csv"); !strings.Contains(audit, "user:anna@example.com") || !strings.Contains(audit, "u-1") {
		t.Errorf("audit log:\n%s", audit)
	}
	id, _, _ := strings.Cut(lines[1], ",")
	must(t, "sqlite:ration.db", "sessions", "end", id)
	if status, next, _ := browser.get(console + "/"); status != http.StatusSeeOther || next != "/login" {
		t.Errorf("after the session was ended: %d to %q", status, next)
	}

	provider.Set(func() { provider.Claims["groups"] = []string{"guests"} })
	if status, body := browser.signIn(console); status != http.StatusForbidden || !strings.Contains(body, "None of your groups") {
		t.Errorf("in no group: %d %s", status, body)
	}

	provider.Set(func() { provider.Claims["groups"] = []string{"ops"} })
	if status, body := browser.signIn(console); status != http.StatusOK {
		t.Fatalf("again: %d %s", status, body)
	}
	stranger := &visitor{t, map[string]*http.Cookie{}}
	for i := range 40 {
		stranger.cookies["__Host-ration"] = &http.Cookie{Name: "__Host-ration", Value: fmt.Sprint("made-up-", i)}
		status, _, body = stranger.get(console + "/keys")
	}
	if status != http.StatusTooManyRequests || !strings.Contains(body, "Too many wrong") {
		t.Errorf("after 40 made-up sessions: %d %s", status, body)
	}
	for i := range 40 { // the provider is asked about each, until the address has spent its guesses
		_, begun, _ := stranger.get(console + "/login/oidc")
		location, err := url.Parse(begun)
		if err != nil {
			t.Fatal(err)
		}
		status, _, body = stranger.get(console + "/login/oidc/callback?" + url.Values{"code": {fmt.Sprint("made-up-", i)}, "state": {location.Query().Get("state")}}.Encode())
		if want := http.StatusForbidden; i == 0 && status != want {
			t.Errorf("a made-up code: %d %s", status, body)
		}
	}
	if status != http.StatusTooManyRequests || !strings.Contains(body, "Too many wrong") {
		t.Errorf("after 40 made-up codes: %d %s", status, body)
	}
	if status, _, _ := browser.get(console + "/keys"); status != http.StatusOK {
		t.Errorf("whoever is logged in at the same address: %d", status)
	}
	if log := server.stop().stderr; strings.Contains(log, testoidc.ClientSecret) || strings.Contains(log, testoidc.AccessToken) || !strings.Contains(log, "somebody could not log in by the OpenID provider") {
		t.Errorf("the log:\n%s", log)
	}
}

// TestPagesOfOthersSpendNoLogins opens images of another site, whose address is that of the
// callback, before somebody logs in from the same address.
func TestPagesOfOthersSpendNoLogins(t *testing.T) {
	t.Chdir(t.TempDir())
	provider := testoidc.New(t)
	address := freeAddress(t)
	console := "http://" + address
	startServer(t, []string{
		"RATION_ADMIN_LISTEN=" + address, "RATION_CONSOLE_URL=" + console, "RATION_OIDC_ISSUER=" + provider.URL, "RATION_OIDC_CLIENT_ID=" + testoidc.ClientID,
		"RATION_OIDC_CLIENT_SECRET=" + testoidc.ClientSecret, "RATION_OIDC_KEYS_GROUPS=ops",
	})
	provider.Set(func() { provider.Claims["groups"] = []string{"ops"} })
	for i := range 30 {
		page := &visitor{t, map[string]*http.Cookie{}}
		if status, _, body := page.get(console + fmt.Sprintf("/login/oidc/callback?code=x%d", i)); status != http.StatusBadRequest {
			t.Fatalf("%d %s", status, body)
		}
	}
	browser := &visitor{t, map[string]*http.Cookie{}}
	if status, body := browser.signIn(console); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}
