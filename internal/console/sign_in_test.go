package console_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/console"
)

func TestSignIn(t *testing.T) {
	f := newFixture(t)
	if got := f.get("/login"); strings.Contains(got.body, "Sign in with") {
		t.Error("there is a button that leads nowhere")
	}
	if got := f.get("/login/oidc"); got.status == http.StatusOK {
		t.Errorf("without another system: %d", got.status)
	}
	var fails error
	server := httptest.NewServer(console.New(console.Config{Access: f.access, SignIn: &console.SignIn{
		Name: "<Example>",
		Begin: func(w http.ResponseWriter, r *http.Request) error {
			if fails == nil {
				http.Redirect(w, r, "https://accounts.example.com/", http.StatusSeeOther)
			}
			return fails
		},
		Finish: func(http.ResponseWriter, *http.Request) (ration.Secret, time.Time, error) {
			return ration.SecretFromText("rk_session_x"), time.Now().Add(time.Hour), fails
		},
	}}))
	defer server.Close()
	f.url = server.URL
	f.newBrowser()
	if got := f.get("/login"); !strings.Contains(got.body, "Sign in with &lt;Example&gt;") || !strings.Contains(got.body, `href="/login/oidc"`) {
		t.Error("the page for login has no button")
	}
	if got := f.get("/login/oidc"); got.status != http.StatusSeeOther || got.header.Get("Location") != "https://accounts.example.com/" {
		t.Errorf("%d to %q", got.status, got.header.Get("Location"))
	}
	got := f.get(console.SignInCallback + "?code=c0de&state=x")
	if cookie := got.header.Get("Set-Cookie"); got.status != http.StatusOK || !strings.HasPrefix(cookie, "__Host-ration=rk_session_x;") || !strings.Contains(cookie, "SameSite=Strict") || got.header.Get("Refresh") != "0; url=/" || strings.Contains(got.body, "c0de") {
		t.Errorf("%d %v\n%s", got.status, got.header, got.body)
	}
	f.newBrowser()
	for status, err := range map[int]error{403: &bearer.Refusal{Status: 403, Detail: "None of your <groups> may."}, 500: errors.New("a cause that is for the log")} {
		fails = err
		for _, path := range []string{"/login/oidc", console.SignInCallback + "?code=c0de"} {
			got := f.get(path)
			if got.status != status || got.header.Get("Set-Cookie") != "" || strings.Contains(got.body, "c0de") || strings.Contains(got.body, "for the log") || status == 403 && !strings.Contains(got.body, "None of your &lt;groups&gt; may.") {
				t.Errorf("%s: %d %v\n%s", path, got.status, got.header, got.body)
			}
		}
	}
}
