package console

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
)

// ErrNoSession means that a request has no session, or one that has ended.
var ErrNoSession = errors.New("there is no session")

const (
	// sessionCookie is kept by a browser only as the host's own: no other host, not even
	// one below it, can set or read it (RFC 6265bis, section 4.1.3.2).
	sessionCookie = "__Host-ration"
	// plainCookie takes its place where the operator lets people in without TLS: browsers
	// keep no __Host- cookie there.
	plainCookie = "ration"
)

func (c *Console) registerLogin() {
	c.mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		c.showLogin(w, r, http.StatusOK, "")
	})
	c.mux.HandleFunc("POST /login", c.logIn)
	c.mux.HandleFunc("POST /logout", c.logOut)
}

// loginPage is what the page shows.
type loginPage struct {
	Problem string
	Next    string // where to go afterwards
	SignIn  string // another system that lets people in; empty: none does
	Present string // whose session the browser has already; empty: it has none
}

func (c *Console) showLogin(w http.ResponseWriter, r *http.Request, status int, problem string) {
	page := loginPage{Problem: problem, Next: nextOf(r), SignIn: c.signInName()}
	if session := c.sessionOf(r); !session.IsZero() {
		if visitor, err := c.config.Access.Visitor(r, session); err == nil {
			page.Present = visitor.Name
		}
	}
	c.pages.write(w, status, "login", layout{Title: "Log in", Page: page})
}

// logIn begins a session. A code, a token and a session's secret never are in a URL.
func (c *Console) logIn(w http.ResponseWriter, r *http.Request) {
	code := strings.TrimSpace(r.PostFormValue("code"))
	if code == "" {
		c.showLogin(w, r, http.StatusUnprocessableEntity, "Paste a service token, or open a login link.")
		return
	}
	session, end, err := c.config.Access.LogIn(r, ration.SecretFromText(code))
	if err != nil {
		if refused, _ := errors.AsType[*bearer.Refusal](err); refused != nil && refused.Status == http.StatusUnauthorized || errors.Is(err, admin.ErrTokenInvalid) || errors.Is(err, admin.ErrLoginLinkInvalid) {
			c.showLogin(w, r, http.StatusUnauthorized, "This is no service token or login link that is valid. Links work once, and for a short time: ration admin login-link makes another.")
			return
		}
		problem := c.describe(r, err)
		c.showLogin(w, r, problem.Status, problem.Text)
		return
	}
	http.SetCookie(w, c.cookie(r, session.Reveal(), end))
	http.Redirect(w, r, nextOf(r), http.StatusSeeOther)
}

func (c *Console) logOut(w http.ResponseWriter, r *http.Request) {
	if session := c.sessionOf(r); !session.IsZero() {
		if err := c.config.Access.LogOut(r, session); err != nil && !errors.Is(err, ErrNoSession) {
			c.turnAway(w, r, err)
			return
		}
	}
	http.SetCookie(w, c.cookie(r, "", time.Unix(0, 0)))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// turnAway answers who has no session: with the page for login, and from there back.
func (c *Console) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case !errors.Is(err, ErrNoSession):
		(&visit{w: w, r: r, ctx: r.Context(), console: c}).fail(err)
	case isFragment(r):
		w.Header().Set("Hx-Redirect", "/login")
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method != http.MethodGet || r.URL.Path == "/":
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	}
}

// nextOf returns where to go after login: a path of the console, and nothing that a
// browser could take for another host.
func nextOf(r *http.Request) string {
	next := r.FormValue("next")
	parsed, err := url.Parse(next)
	if err != nil || parsed.IsAbs() || parsed.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\t\r\n") {
		return "/"
	}
	return next
}

// sessionOf returns the secret of a request's session; zero: it has none.
func (c *Console) sessionOf(r *http.Request) ration.Secret {
	cookie, err := r.Cookie(c.cookieName(r))
	if err != nil || cookie.Value == "" {
		return ration.Secret{}
	}
	return ration.SecretFromText(cookie.Value)
}

func (c *Console) cookie(r *http.Request, value string, end time.Time) *http.Cookie {
	name := c.cookieName(r)
	return &http.Cookie{
		Name: name, Value: value, Path: "/", Expires: end,
		Secure: name == sessionCookie, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// cookieName returns the name of the cookie. Browsers keep a __Host- cookie over TLS, and
// of their own machine.
func (c *Console) cookieName(r *http.Request) string {
	host := (&url.URL{Host: r.Host}).Hostname()
	addr, _ := netip.ParseAddr(host)
	if r.TLS != nil || host == "localhost" || addr.IsLoopback() || c.forwardedHTTPS(r) {
		return sessionCookie
	}
	return plainCookie
}

// forwardedHTTPS reports whether a proxy that is trusted says that the browser came over
// TLS.
func (c *Console) forwardedHTTPS(r *http.Request) bool {
	return c.config.TrustedProxies.TrustsPeer(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
