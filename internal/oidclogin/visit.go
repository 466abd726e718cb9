package oidclogin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
)

// CookieName is that of the cookie which lives while somebody is at the provider. A browser
// sends it when the provider sends somebody back, so it can't be SameSite=Strict.
const CookieName = "__Host-ration-oidc"

// visit is what a login remembers while somebody is at the provider.
type visit struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Until    time.Time `json:"until"`
}

// purpose keeps the key of the cookie apart from all others of the same secret.
const purpose = "ration: logins with OpenID Connect, 1"

// newSeal returns what encrypts the cookie, by a key that all instances have.
func newSeal(secret ration.Secret) (cipher.AEAD, error) {
	if secret.IsZero() {
		return nil, errors.New("logging in with OpenID Connect needs the client's secret")
	}
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// cookie returns the cookie of a login that begins.
func (l *Login) cookie(begun visit) (*http.Cookie, error) {
	text, err := json.Marshal(begun)
	if err != nil {
		return nil, err
	}
	return &http.Cookie{
		Name: CookieName, Value: base64.RawURLEncoding.EncodeToString(l.seal.Seal(nil, nil, text, nil)), Path: "/",
		MaxAge: int(loginTime.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}, nil
}

// begun reads the cookie of a request.
func (l *Login) begun(r *http.Request) (begun visit, err error) {
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return visit{}, errors.New("the browser has sent no cookie of a login")
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return visit{}, errors.New("the cookie of the login is not ours")
	}
	text, err := l.seal.Open(nil, nil, sealed, nil)
	if err != nil {
		return visit{}, errors.New("the cookie of the login is not ours, or was made with another client secret")
	}
	if err := json.Unmarshal(text, &begun); err != nil {
		return visit{}, fmt.Errorf("reading the cookie of the login: %w", err)
	}
	if !l.config.Now().Before(begun.Until) {
		return visit{}, errors.New("the login was begun more than " + loginTime.String() + " ago")
	}
	return begun, nil
}
