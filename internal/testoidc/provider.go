// Package testoidc is an OpenID provider for tests, with one client and one user, who is
// always logged in. It speaks as providers do, with keys of its own, and checks what it is
// asked; a test says what it gets wrong.
package testoidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Provider is the provider. Its fields are changed by [Provider.Set] once it is asked.
type Provider struct {
	*httptest.Server
	t  testing.TB
	mu sync.Mutex

	Down   bool                        // answers nothing but errors
	Posts  bool                        // takes the client's secret in the body only
	Keys   map[string]*rsa.PrivateKey  // that it shows, by id
	Signs  string                      // the id of the key that it says to sign with
	Claims map[string]any              // of the ID token, besides those that it sets itself; nil: leaves one out
	Info   map[string]any              // what it says when asked; nil: it can't be asked
	Token  func(map[string]any) string // makes an ID token otherwise; nil: signed with [Key]
	Codes  map[string]url.Values       // what was asked for, by codes that were not exchanged yet
	Asked  map[string]int              // how often, by path
}

// Key is what it signs with. It is made once: that takes long.
var Key = sync.OnceValue(func() *rsa.PrivateKey {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return made
})

// The client that it knows, and the token that it gives.
const (
	ClientID     = "ration"
	ClientSecret = "s3cret/+&"
	AccessToken  = "acc3ss-token"
)

// New starts a provider, which is closed with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{
		t: t, Keys: map[string]*rsa.PrivateKey{"1": Key()}, Signs: "1", Codes: map[string]url.Values{}, Asked: map[string]int{},
		Claims: map[string]any{"sub": "u-1", "email": "anna@example.com", "email_verified": true, "groups": []string{"staff", "ops"}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.exchange)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.Asked[r.URL.Path]++
		if p.Down {
			http.Error(w, "out of order", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// Set changes its fields.
func (p *Provider) Set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Provider) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		p.t.Error(err)
	}
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	found := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"},
	}
	if p.Posts {
		found["token_endpoint_auth_methods_supported"] = []string{"client_secret_post", "private_key_jwt"}
	}
	if p.Info != nil {
		found["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	p.answer(w, http.StatusOK, found)
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	keys := []any{}
	for id, key := range p.Keys {
		keys = append(keys, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
			"n": Encode(key.N.Bytes()), "e": Encode(big.NewInt(int64(key.E)).Bytes()),
		})
	}
	p.answer(w, http.StatusOK, map[string]any{"keys": keys})
}

// authorize logs the user in and sends the browser back.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	asks := r.URL.Query()
	if asks.Get("client_id") != ClientID || asks.Get("response_type") != "code" || asks.Get("code_challenge_method") != "S256" || asks.Get("nonce") == "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.Codes[code] = asks
	back := asks.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {asks.Get("state")}}.Encode()
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// exchange exchanges a code, once, for whoever has the verifier and the client's secret.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if p.Posts {
		id, secret, basic = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), true
	}
	if !basic || id != ClientID || secret != ClientSecret {
		p.answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	asked, known := p.Codes[r.PostFormValue("code")]
	delete(p.Codes, r.PostFormValue("code"))
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || asked.Get("code_challenge") != Encode(challenge[:]) || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		p.answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": ClientID, "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	for name, value := range p.Claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	made := p.sign
	if p.Token != nil {
		made = p.Token
	}
	p.answer(w, http.StatusOK, map[string]any{"access_token": AccessToken, "token_type": "Bearer", "id_token": made(claims)})
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+AccessToken {
		p.answer(w, http.StatusUnauthorized, nil)
		return
	}
	p.answer(w, http.StatusOK, p.Info)
}

// sign makes an ID token.
func (p *Provider) sign(claims map[string]any) string {
	signed := p.Part(map[string]string{"alg": "RS256", "kid": p.Signs}) + "." + p.Part(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, Key(), crypto.SHA256, digest[:])
	if err != nil {
		p.t.Error(err)
	}
	return signed + "." + Encode(signature)
}

// Part returns a part of a token.
func (p *Provider) Part(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		p.t.Error(err)
	}
	return Encode(text)
}

// Encode writes bytes as tokens have them.
func Encode(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }
