package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
)

// Visitor is who looks at the console, and what they can do.
type Visitor struct {
	Name       string // for people, such as "ci" or "ada@example.com"
	Session    uuid.UUID
	Scopes     []string // of their session
	Owners     []string // only keys with one of these owners; nil: with any
	Plans      []string // only keys with one of these plans; nil: with any
	Operations admin.Operations
	Origin     rationadmin.Origin
}

// May reports whether the visitor has a scope.
func (v *Visitor) May(scope string) bool {
	for _, held := range v.Scopes {
		if rationadmin.ScopeIncludes(held, scope) {
			return true
		}
	}
	return false
}

// Access lets people in. Errors are shown as those of operations are.
type Access interface {
	// LogIn begins a session for the code of a login link or the secret of a service
	// token. The session's secret is returned, and when it ends at the latest.
	LogIn(r *http.Request, code ration.Secret) (session ration.Secret, end time.Time, err error)
	// Visitor returns whose session it is. Error: [ErrNoSession] if there is none.
	Visitor(r *http.Request, session ration.Secret) (Visitor, error)
	// LogOut ends a session.
	LogOut(r *http.Request, session ration.Secret) error
}

// Config is what the console works with.
type Config struct {
	Access         Access
	SignIn         *SignIn                   // nil: people log in with codes only
	TrustedProxies rationhttp.TrustedProxies // whose X-Forwarded-Proto is believed

	// ProxyURL is where clients reach the proxy, for the examples on the pages; nil, or an
	// empty text: there is none.
	ProxyURL  func() string
	KeyHeader string // that clients send their secret in; empty: X-API-Key

	// RequestURL is where people ask for a key, and whether a browser can open it: programs
	// can ask too. Nil, or an empty text: nobody can ask.
	RequestURL func() (address string, page bool)

	Log *slog.Logger // gets what a visitor can't be told; nil: nothing is logged
}

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	config   Config
	mux      *http.ServeMux
	pages    pages
	findings findings
	log      *condense.Log
	handler  http.Handler
}

// New returns a Console; Access must be set.
func New(config Config) *Console {
	c := &Console{config: config, mux: http.NewServeMux(), pages: parsePages(), log: condense.New(config.Log)}
	c.mux.HandleFunc("GET /assets/{name}", serveAsset)
	c.registerLogin()
	c.registerSignIn()
	c.registerOverview()
	c.registerKeys()
	c.registerKey()
	c.registerKeyChanges()
	c.registerSelected()
	c.registerMatching()
	c.registerPlans()
	c.registerPlanChanges()
	c.registerEvents()
	c.registerWebhooks()
	c.registerWebhookChanges()
	c.registerWebhookReplay()
	c.registerAudit()
	c.registerTokens()
	c.registerSessions()
	c.registerSystem()
	c.registerJobs()
	c.registerRequests()
	c.registerPalette()
	c.mux.HandleFunc("/", c.visited(func(v *visit) error { return ration.ErrNotFound }))
	var protection http.CrossOriginProtection
	c.handler = protection.Handler(c.mux)
	return c
}

// policy is the content security policy of all pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm bounds the body of a form, in bytes.
const maxForm = 256 << 10

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	c.handler.ServeHTTP(w, r)
}

// visit is one request of a visitor.
type visit struct {
	Visitor
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	console *Console
}

// get serves a page.
func (c *Console) get(path string, page func(*visit) error) {
	c.mux.HandleFunc("GET "+path, c.visited(page))
}

// post serves a change.
func (c *Console) post(path string, change func(*visit) error) {
	c.mux.HandleFunc("POST "+path, c.visited(func(v *visit) error {
		if err := v.r.ParseForm(); errors.As(err, new(*http.MaxBytesError)) {
			return err
		} else if err != nil {
			return &ration.InvalidError{Field: "form", Reason: "it can't be read"}
		}
		return change(v)
	}))
}

// visited lets only those in who have a session.
func (c *Console) visited(serve func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		visitor, err := c.config.Access.Visitor(r, c.sessionOf(r))
		if err != nil {
			c.turnAway(w, r, err)
			return
		}
		v := &visit{Visitor: visitor, w: w, r: r, ctx: rationadmin.WithOrigin(r.Context(), visitor.Origin), console: c}
		if err := serve(v); err != nil {
			v.fail(err)
		}
	}
}

// isFragment reports whether a script of the page asks, which puts the answer into it.
func isFragment(r *http.Request) bool { return r.Header.Get("Hx-Request") == "true" }

// redirect goes on to another page after a change, with a word about it.
func (v *visit) redirect(path string) error {
	if isFragment(v.r) {
		v.w.Header().Set("Hx-Redirect", path)
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// value returns a field of a form without spaces around it.
func (v *visit) value(field string) string { return strings.TrimSpace(v.r.PostFormValue(field)) }
