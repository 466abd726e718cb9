package oidclogin

import (
	"cmp"
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/ration-dev/ration"
)

// Config says which provider is asked, and what people get. All fields must be set but
// those that say otherwise.
type Config struct {
	Issuer      string // as the provider names itself, such as "https://accounts.example.com"
	ClientID    string
	Secret      ration.Secret
	RedirectURL string   // where the provider sends people back: "https://ration.example.com/login/oidc/callback"
	Scopes      []string // asked for besides openid; empty: none
	GroupsClaim string   // the claim with the groups; a dot leads into an object; empty: "groups"
	Roles       []Role   // the widest first

	Transport http.RoundTripper // to the provider; nil: the default one
	Now       func() time.Time  // nil: time.Now
}

// Role gives a scope to the members of some groups.
type Role struct {
	Scope  string
	Groups []string
}

// Identity is somebody whom the provider has recognised.
type Identity struct {
	Subject string   // by which the provider knows them; no other name of theirs is certain to stay
	Email   string   // empty unless the provider has verified it
	Groups  []string // all of them
	Scopes  []string // that their groups give them, at least one
}

// Name returns how people know somebody: by their e-mail address, or else by what the
// provider knows them by.
func (i *Identity) Name() string { return cmp.Or(i.Email, i.Subject) }

// Refusal is why nobody is logged in, as a sentence for the one who tries. The cause is for
// the log.
type Refusal struct {
	Status int
	Text   string
	Cause  error // nil: the text says all
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Cause == nil {
		return r.Text
	}
	return r.Text + " " + r.Cause.Error()
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Login logs people in. It is safe for concurrent use.
type Login struct {
	config Config
	client *http.Client
	seal   cipher.AEAD

	mu       sync.Mutex // held while the provider is asked for the first time
	provider *oidc.Provider
	failed   error     // why the provider could not be asked, until retryAt
	retryAt  time.Time // when to ask again
}

const (
	// loginTime is how long somebody may take at the provider.
	loginTime = 10 * time.Minute
	// askTime bounds one question to the provider.
	askTime = 5 * time.Second
	// retryPause is how long a provider that failed is left alone.
	retryPause = time.Second
	// maxAnswer bounds what is read of an answer of the provider, in bytes.
	maxAnswer = 1 << 20
)

// New returns a Login.
func New(config Config) (*Login, error) {
	seal, err := newSeal(config.Secret)
	if err != nil {
		return nil, err
	}
	config.GroupsClaim = cmp.Or(config.GroupsClaim, "groups")
	if config.Now == nil {
		config.Now = time.Now
	}
	transport := config.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &Login{config: config, seal: seal, client: &http.Client{Transport: bounded{transport}, Timeout: askTime}}, nil
}

// Begin sends a browser to the provider. Error: [*Refusal].
func (l *Login) Begin(w http.ResponseWriter, r *http.Request) error {
	provider, err := l.ask(r.Context())
	if err != nil {
		return err
	}
	begun := visit{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: l.config.Now().Add(loginTime)}
	cookie, err := l.cookie(begun)
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, l.oauth(provider).AuthCodeURL(begun.State, oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier)), http.StatusSeeOther)
	return nil
}

// Return is somebody whom the provider has sent back to the browser in which their login was
// begun.
type Return struct {
	begun visit
	code  string
}

// Return takes somebody whom the provider has sent back. What was begun can't be finished by
// the same browser again. The provider isn't asked. Error: [*Refusal].
func (l *Login) Return(w http.ResponseWriter, r *http.Request) (Return, error) {
	begun, err := l.begun(r)
	http.SetCookie(w, &http.Cookie{Name: CookieName, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if err != nil {
		return Return{}, &Refusal{http.StatusBadRequest, "This login was not begun in this browser, or too long ago. Begin again.", err}
	}
	query := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(begun.State)) != 1 {
		return Return{}, &Refusal{http.StatusBadRequest, "This is the end of another login. Begin again.", nil}
	}
	if issuer := query.Get("iss"); issuer != "" && issuer != l.config.Issuer { // RFC 9207: another provider's code
		return Return{}, &Refusal{http.StatusBadRequest, "Another provider has answered. Begin again.", nil}
	}
	if code := query.Get("error"); code != "" {
		return Return{}, &Refusal{http.StatusForbidden, "The provider has not logged you in.", fmt.Errorf("the provider answered %q: %q", code, query.Get("error_description"))}
	}
	return Return{begun, query.Get("code")}, nil
}

// Identify asks the provider who has come back. Error: [*Refusal].
func (l *Login) Identify(ctx context.Context, back Return) (Identity, error) {
	begun := back.begun
	provider, err := l.ask(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, l.client)
	tokens, err := l.oauth(provider).Exchange(ctx, back.code, oauth2.VerifierOption(begun.Verifier))
	if answered, ok := errors.AsType[*oauth2.RetrieveError](err); ok && answered.Response != nil && answered.Response.StatusCode < 500 {
		return Identity{}, &Refusal{http.StatusForbidden, "The provider does not accept this login. Begin again.", fmt.Errorf("exchanging the code: the provider answered %q with status %d", answered.ErrorCode, answered.Response.StatusCode)}
	}
	if err != nil {
		return Identity{}, away(err)
	}
	text, _ := tokens.Extra("id_token").(string)
	token, err := provider.Verifier(&oidc.Config{ClientID: l.config.ClientID, Now: l.config.Now}).Verify(ctx, text)
	if err != nil {
		return Identity{}, distrusted(err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(begun.Nonce)) != 1 {
		return Identity{}, distrusted(errors.New("the ID token was made for another login: its nonce differs"))
	}
	claims, err := l.claims(ctx, provider, token, tokens)
	if err != nil {
		return Identity{}, err
	}
	return l.grant(claims)
}

// grant returns what an identity gets. Who gets nothing is refused.
func (l *Login) grant(claims claims) (Identity, error) {
	identity := Identity{Subject: claims.text("sub"), Groups: claims.texts(l.config.GroupsClaim)}
	if claims.isTrue("email_verified") {
		identity.Email = claims.text("email")
	}
	for _, role := range l.config.Roles {
		if slices.ContainsFunc(role.Groups, func(group string) bool { return slices.Contains(identity.Groups, group) }) {
			identity.Scopes = []string{role.Scope}
			return identity, nil
		}
	}
	return Identity{}, &Refusal{
		http.StatusForbidden, "None of your groups may use this console. Ask whoever runs it.",
		fmt.Errorf("%q is in %d groups of the claim %q, and none of them has a role", identity.Name(), len(identity.Groups), l.config.GroupsClaim),
	}
}

// ask returns the provider, which is asked about itself once. One that could not be asked
// is left alone for a moment.
func (l *Login) ask(ctx context.Context) (*oidc.Provider, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.provider != nil {
		return l.provider, nil
	}
	if l.failed != nil && l.config.Now().Before(l.retryAt) {
		return nil, away(l.failed)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime) // for all who wait
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, l.client), l.config.Issuer)
	if err != nil {
		l.failed, l.retryAt = err, l.config.Now().Add(retryPause)
		return nil, away(err)
	}
	l.provider, l.failed = provider, nil
	return provider, nil
}

func (l *Login) oauth(provider *oidc.Provider) *oauth2.Config {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = styleOf(provider)
	return &oauth2.Config{
		ClientID: l.config.ClientID, ClientSecret: l.config.Secret.Reveal(), Endpoint: endpoint, RedirectURL: l.config.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, l.config.Scopes...),
	}
}

// styleOf returns where a provider takes the client's secret. To find out by trying would
// send a code twice, which works once.
func styleOf(provider *oidc.Provider) oauth2.AuthStyle {
	var said struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if provider.Claims(&said) == nil && len(said.Methods) > 0 && !slices.Contains(said.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader // the default of OpenID Connect Discovery
}

// away says that the provider could not be asked.
func away(err error) error {
	return &Refusal{http.StatusServiceUnavailable, "The provider can't be reached. Try again later, or log in with a token or a link.", errors.New(beginning(err.Error()))}
}

// beginning returns the first 300 bytes of a text: an error may have a whole answer in it.
func beginning(text string) string {
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// distrusted says that what the provider said can't be believed.
func distrusted(err error) error {
	return &Refusal{http.StatusForbidden, "What the provider says can't be trusted.", err}
}
