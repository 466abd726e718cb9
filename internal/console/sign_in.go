package console

import (
	"net/http"
	"time"

	"github.com/ration-dev/ration"
)

// SignIn lets people in whom another system knows, such as an OpenID provider. Its errors
// are shown as those of operations are.
type SignIn struct {
	Name string // of the other system, for the button
	// Begin sends a browser there.
	Begin func(w http.ResponseWriter, r *http.Request) error
	// Finish begins a session for who was sent back. It returns the session's secret, and
	// when it ends at the latest.
	Finish func(w http.ResponseWriter, r *http.Request) (session ration.Secret, end time.Time, err error)
}

// SignInCallback is where the other system sends people back to.
const SignInCallback = "/login/oidc/callback"

func (c *Console) registerSignIn() {
	if c.config.SignIn == nil {
		return
	}
	c.mux.HandleFunc("GET /login/oidc", func(w http.ResponseWriter, r *http.Request) {
		if err := c.config.SignIn.Begin(w, r); err != nil {
			c.refuseSignIn(w, r, err)
		}
	})
	c.mux.HandleFunc("GET "+SignInCallback, c.signedIn)
}

// signedIn begins a session. It goes on from a page of its own: a browser that was sent on
// from another host doesn't send a cookie which is SameSite=Strict.
func (c *Console) signedIn(w http.ResponseWriter, r *http.Request) {
	session, end, err := c.config.SignIn.Finish(w, r)
	if err != nil {
		c.refuseSignIn(w, r, err)
		return
	}
	http.SetCookie(w, c.cookie(r, session.Reveal(), end))
	w.Header().Set("Refresh", "0; url=/")
	c.pages.write(w, http.StatusOK, "signed-in", layout{Title: "Logged in"})
}

func (c *Console) refuseSignIn(w http.ResponseWriter, r *http.Request, err error) {
	told := c.describe(r, err)
	c.showLogin(w, r, told.Status, told.Text)
}

// signInName is what the button says; empty: there is none.
func (c *Console) signInName() string {
	if c.config.SignIn == nil {
		return ""
	}
	return c.config.SignIn.Name
}
