package cli

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/console"
	"github.com/ration-dev/ration/internal/oidclogin"
	"github.com/ration-dev/ration/rationhttp"
)

// signIn returns how people log in by the OpenID provider of the settings; nil: there is
// none.
func (i consoleAccess) signIn() (*console.SignIn, error) {
	settings := i.settings.OIDC
	if settings.Issuer == "" {
		return nil, nil //nolint:nilnil // none is a valid value
	}
	login, err := oidclogin.New(oidclogin.Config{
		Issuer: settings.Issuer, ClientID: settings.ClientID, Secret: settings.Secret, RedirectURL: i.settings.ConsoleURL + console.SignInCallback,
		Scopes: settings.Scopes, GroupsClaim: settings.GroupsClaim,
		Roles: []oidclogin.Role{{Scope: admin.ScopeAdmin, Groups: settings.AdminGroups}, {Scope: admin.ScopeKeys, Groups: settings.KeysGroups}, {Scope: admin.ScopeRead, Groups: settings.ReadGroups}},
	})
	if err != nil {
		return nil, err
	}
	codes := bearer.NewBehind(i.tokens, rationhttp.TrustedProxies(i.settings.TrustedProxies).ClientIP)
	log := condense.New(i.log)
	refused := func(r *http.Request, err error) error {
		refusal, is := errors.AsType[*oidclogin.Refusal](err)
		if !is {
			return err
		}
		if refusal.Cause != nil {
			log.Say(r.Context(), slog.LevelWarn, condense.Kind{Message: "somebody could not log in by the OpenID provider"}, slog.Any("error", refusal.Cause), slog.String("client", i.clientOf(r)))
		}
		return &bearer.Refusal{Status: refusal.Status, Detail: refusal.Text}
	}
	return &console.SignIn{
		Name:  providerName(settings),
		Begin: func(w http.ResponseWriter, r *http.Request) error { return refused(r, login.Begin(w, r)) },
		Finish: func(w http.ResponseWriter, r *http.Request) (ration.Secret, time.Time, error) {
			identity, err := identify(login, codes, w, r)
			if err != nil {
				return ration.Secret{}, time.Time{}, refused(r, err)
			}
			operations, err := i.administration()
			if err != nil {
				return ration.Secret{}, time.Time{}, err
			}
			user := admin.User{Name: identity.Name(), Scopes: identity.Scopes, Subject: identity.Subject}
			issued, err := operations.LogInUser(r.Context(), user, admin.Login{From: i.clientOf(r), UserAgent: r.UserAgent()})
			return i.begun(issued, err)
		},
	}, nil
}

// identify has the provider asked who somebody is. The provider is asked again for each
// code, so an address can't send as many made-up ones as it likes. Codes have a budget of
// their own: a slow provider keeps nobody from logging in without it. What the provider isn't
// asked about is no guess, or any page that somebody opens could spend what their address has.
func identify(login *oidclogin.Login, codes *bearer.Callers, w http.ResponseWriter, r *http.Request) (identity oidclogin.Identity, err error) {
	back, err := login.Return(w, r)
	if err != nil {
		return identity, err
	}
	err = codes.Guess(r, ration.SecretFromText(r.FormValue("code")), func() (bearer.Found, error) {
		identity, err = login.Identify(r.Context(), back)
		if refusal, is := errors.AsType[*oidclogin.Refusal](err); is && refusal.Status < http.StatusInternalServerError {
			return bearer.Nothing, err
		}
		return bearer.Something, err
	})
	return identity, err
}

// providerName is what the button says.
func providerName(settings config.OIDC) string {
	if settings.Name != "" {
		return settings.Name
	}
	location, err := url.Parse(settings.Issuer)
	if err != nil {
		return settings.Issuer
	}
	return location.Host
}
