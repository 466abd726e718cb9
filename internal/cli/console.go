package cli

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/console"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
)

// newAdmin returns what the admin listener serves: the admin API, and the console at all
// other paths.
func (i *instance) newAdmin() (http.Handler, error) {
	api := i.newAdminAPI()
	signIn, err := consoleAccess{i}.signIn()
	if err != nil {
		return nil, err
	}
	pages := console.New(console.Config{
		Access: consoleAccess{i}, SignIn: signIn, TrustedProxies: i.settings.TrustedProxies,
		ProxyURL:  func() string { return i.publicURL(proxyListener) },
		KeyHeader: i.settings.KeyHeader, RequestURL: i.requestURL, Log: i.log,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/openapi.json" || r.URL.Path == "/docs" {
			api.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}), nil
}

// publicURL returns where clients reach a listener, as far as this machine knows it; empty:
// it serves nothing.
func (i *instance) publicURL(listener string) string {
	if i.server == nil || i.server.Addr(listener) == nil {
		return ""
	}
	return i.urlOf(listener, i.settings.TLS)
}

// consoleAccess lets people into the console.
type consoleAccess struct{ *instance }

// LogIn implements console.Access. Codes of login links are tried as tokens first, so both
// share what an address can guess.
func (i consoleAccess) LogIn(r *http.Request, code ration.Secret) (ration.Secret, time.Time, error) {
	operations, err := i.administration()
	if err != nil {
		return ration.Secret{}, time.Time{}, err
	}
	login := admin.Login{From: i.clientOf(r), UserAgent: r.UserAgent()}
	var issued admin.IssuedSession
	token, err := i.operators.AuthorizeSecret(r, code, admin.ScopeRead)
	switch refused, _ := errors.AsType[*bearer.Refusal](err); {
	case err == nil:
		issued, err = operations.LogInWithToken(r.Context(), token, login)
	case refused != nil && refused.Status == http.StatusUnauthorized:
		issued, err = operations.LogInWithLink(r.Context(), code, login)
	}
	return i.begun(issued, err)
}

// begun returns a session that was just begun.
func (i consoleAccess) begun(issued admin.IssuedSession, err error) (ration.Secret, time.Time, error) {
	if err == nil {
		i.operators.Remember(issued.Secret)
	}
	return issued.Secret, issued.Session.ExpiresAt, err
}

// Visitor implements console.Access.
func (i consoleAccess) Visitor(r *http.Request, secret ration.Secret) (console.Visitor, error) {
	session, operations, err := i.session(r, secret)
	if err != nil {
		return console.Visitor{}, err
	}
	return console.Visitor{
		Name: session.Name, Session: session.ID, Scopes: session.Scopes, Owners: session.Owners, Plans: session.Plans,
		Operations: grant.OfSession(session).Operations(operations),
		Origin:     rationadmin.Origin{From: i.clientOf(r)},
	}, nil
}

// LogOut implements console.Access.
func (i consoleAccess) LogOut(r *http.Request, secret ration.Secret) error {
	session, operations, err := i.session(r, secret)
	if err != nil {
		return err
	}
	return operations.LogOut(rationadmin.WithOrigin(r.Context(), rationadmin.Origin{From: i.clientOf(r)}), session)
}

// session returns a session that is not over, and the operations on the database.
func (i consoleAccess) session(r *http.Request, secret ration.Secret) (admin.Session, *admin.Service, error) {
	if secret.IsZero() {
		return admin.Session{}, nil, console.ErrNoSession
	}
	var session admin.Session
	err := i.operators.Guess(r, secret, func() (found bearer.Found, err error) {
		session, err = i.sessions.Check(r.Context(), secret)
		switch {
		case errors.Is(err, admin.ErrSessionOver):
			return bearer.Nothing, console.ErrNoSession
		case err != nil:
			return bearer.Something, err
		}
		return bearer.Good, nil
	})
	if err != nil {
		return admin.Session{}, nil, err
	}
	operations, err := i.administration()
	return session, operations, err
}

// clientOf returns the address of a request's client.
func (i consoleAccess) clientOf(r *http.Request) string {
	return rationhttp.TrustedProxies(i.settings.TrustedProxies).ClientIP(r).String()
}
