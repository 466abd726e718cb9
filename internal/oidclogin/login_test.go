package oidclogin_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/oidclogin"
	"github.com/ration-dev/ration/internal/testoidc"
)

const callback = "https://ration.example.com/login/oidc/callback"

// rig is a provider, and the login of one instance of several.
type rig struct {
	*testing.T
	provider *testoidc.Provider
	login    *oidclogin.Login
	ahead    time.Duration // of the clock of instances
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, provider: testoidc.New(t)}
	r.login = r.instance(testoidc.ClientSecret)
	return r
}

func (r *rig) config(secret string) oidclogin.Config {
	return oidclogin.Config{
		Issuer: r.provider.URL, ClientID: testoidc.ClientID, Secret: ration.SecretFromText(secret), RedirectURL: callback, Scopes: []string{"email", "groups"},
		Roles: []oidclogin.Role{{Scope: "admin", Groups: []string{"ops", "root"}}, {Scope: "keys", Groups: []string{"support"}}, {Scope: "read", Groups: []string{"staff", "ops"}}},
		Now:   func() time.Time { return time.Now().Add(r.ahead) },
	}
}

func (r *rig) instance(secret string) *oidclogin.Login {
	r.Helper()
	login, err := oidclogin.New(r.config(secret))
	if err != nil {
		r.Fatal(err)
	}
	return login
}

// begin leaves for the provider, and returns where it sends the browser back, and the cookie.
func (r *rig) begin() (back string, cookie *http.Cookie) {
	r.Helper()
	answer := httptest.NewRecorder()
	if err := r.login.Begin(answer, httptest.NewRequestWithContext(r.Context(), "GET", "/login/oidc", nil)); err != nil {
		r.Fatal(err)
	}
	cookies := answer.Result().Cookies()
	if answer.Code != http.StatusSeeOther || len(cookies) != 1 {
		r.Fatalf("status %d, cookies %v", answer.Code, cookies)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(r.Context(), "GET", answer.Header().Get("Location"), nil)
	if err != nil {
		r.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	_ = response.Body.Close()
	back = response.Header.Get("Location")
	if !strings.HasPrefix(back, callback+"?") {
		r.Fatalf("the provider answers %d and sends back to %q", response.StatusCode, back)
	}
	return back, cookies[0]
}

// finish comes back from the provider to an instance.
func (r *rig) finish(login *oidclogin.Login, back string, cookies ...*http.Cookie) (oidclogin.Identity, error) {
	r.Helper()
	request := httptest.NewRequestWithContext(r.Context(), "GET", back, nil)
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	answer := httptest.NewRecorder()
	returned, err := login.Return(answer, request)
	identity := oidclogin.Identity{}
	if err == nil {
		identity, err = login.Identify(request.Context(), returned)
	}
	if cleared := answer.Header().Get("Set-Cookie"); !strings.HasPrefix(cleared, oidclogin.CookieName+"=;") || !strings.Contains(cleared, "Max-Age=0") {
		r.Errorf("the cookie is not deleted: %q", cleared)
	}
	return identity, err
}

// refused fails unless an error refuses a login with a status and a cause.
func (r *rig) refused(err error, status int, cause string) {
	r.Helper()
	refusal, is := errors.AsType[*oidclogin.Refusal](err)
	if !is || refusal.Status != status || !strings.Contains(err.Error(), cause) {
		r.Errorf("error %v, want status %d and %q", err, status, cause)
		return
	}
	if refusal.Cause != nil && strings.Contains(refusal.Text, refusal.Cause.Error()) {
		r.Errorf("%q shows what is for the log", refusal.Text)
	}
	for _, secret := range []string{testoidc.ClientSecret, url.QueryEscape(testoidc.ClientSecret), testoidc.AccessToken} {
		if strings.Contains(err.Error(), secret) {
			r.Errorf("%v shows a secret", err)
		}
	}
}

func TestLogin(t *testing.T) {
	r := newRig(t)
	back, cookie := r.begin()
	if !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != 600 {
		t.Errorf("cookie %v", cookie)
	}
	other := r.instance(testoidc.ClientSecret) // which has never asked the provider
	identity, err := r.finish(other, back, cookie)
	want := oidclogin.Identity{Subject: "u-1", Email: "anna@example.com", Groups: []string{"staff", "ops"}, Scopes: []string{"admin"}}
	if diff := cmp.Diff(want, identity); diff != "" || err != nil || identity.Name() != "anna@example.com" {
		t.Errorf("identity (-want +got):\n%s%v", diff, err)
	}
}

func TestWhatTheProviderIsAskedFor(t *testing.T) {
	r := newRig(t)
	back, _ := r.begin()
	location, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	asked := r.provider.Codes[location.Query().Get("code")]
	if asked.Get("scope") != "openid email groups" || asked.Get("redirect_uri") != callback || len(asked.Get("state")) < 26 || len(asked.Get("nonce")) < 26 || asked.Get("state") == asked.Get("nonce") {
		t.Errorf("asked for %v", asked)
	}
}

func TestGroups(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		name   string
		claims map[string]any
		want   string // the scope; empty: refused
	}{
		{"the widest of several", map[string]any{"groups": []string{"staff", "support", "root"}}, "admin"},
		{"one text", map[string]any{"groups": "support"}, "keys"},
		{"something else among texts", map[string]any{"groups": []any{1, nil, "staff"}}, "read"},
		{"of another name", map[string]any{"groups": []string{"Ops", "ops ", "op", "opsx", ""}}, ""},
		{"none", map[string]any{"groups": nil}, ""},
		{"an empty list", map[string]any{"groups": []string{}}, ""},
		{"no list", map[string]any{"groups": map[string]string{"ops": "ops"}}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &rig{T: t, provider: r.provider, login: r.login}
			r.provider.Set(func() {
				for name, value := range row.claims {
					r.provider.Claims[name] = value
				}
			})
			back, cookie := r.begin()
			identity, err := r.finish(r.login, back, cookie)
			if row.want == "" {
				r.refused(err, http.StatusForbidden, "None of your groups")
			} else if err != nil || !slices.Equal(identity.Scopes, []string{row.want}) {
				t.Errorf("%v, %v", identity.Scopes, err)
			}
		})
	}
}

func TestGroupsInAnObject(t *testing.T) {
	r := newRig(t)
	r.provider.Claims = map[string]any{"sub": "u-1", "realm_access": map[string]any{"roles": []string{"ops"}}, "a.b": []string{"ops"}, "groups": []string{"nobody"}}
	for claim, want := range map[string]bool{"realm_access.roles": true, "a.b": true, "realm_access": false, "realm_access.roles.x": false, "roles": false} {
		config := r.config(testoidc.ClientSecret)
		config.GroupsClaim = claim
		login, err := oidclogin.New(config)
		if err != nil {
			t.Fatal(err)
		}
		back, cookie := r.begin()
		if _, err := r.finish(login, back, cookie); (err == nil) != want {
			t.Errorf("%s: %v", claim, err)
		}
	}
}

// TestEmailsThatAreNotVerified: anybody may have typed them in.
func TestEmailsThatAreNotVerified(t *testing.T) {
	r := newRig(t)
	for _, verified := range []any{false, nil, "false", 1, "yes"} {
		r.provider.Set(func() { r.provider.Claims["email_verified"] = verified })
		back, cookie := r.begin()
		identity, err := r.finish(r.login, back, cookie)
		if err != nil || identity.Email != "" || identity.Name() != "u-1" {
			t.Errorf("verified %v: %+v, %v; want the subject alone", verified, identity, err)
		}
	}
	r.provider.Set(func() { r.provider.Claims["email_verified"] = "true" }) // as some write it
	back, cookie := r.begin()
	if identity, err := r.finish(r.login, back, cookie); err != nil || identity.Email != "anna@example.com" {
		t.Errorf("%+v, %v", identity, err)
	}
}

// with replaces a parameter of the address that the provider sends back to.
func with(t *testing.T, back, name, value string) string {
	t.Helper()
	location, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	query := location.Query()
	query.Set(name, value)
	location.RawQuery = query.Encode()
	return location.String()
}

func TestLoginsOfOthers(t *testing.T) {
	r := newRig(t)
	back, cookie := r.begin()
	otherBack, otherCookie := r.begin()
	altered := *cookie
	altered.Value = strings.ToLower(cookie.Value)
	for _, row := range []struct {
		name   string
		back   string
		cookie *http.Cookie
		cause  string
	}{
		{"no cookie", back, nil, "sent no cookie"},
		{"a cookie that somebody has made", back, &http.Cookie{Name: cookie.Name, Value: testoidc.Encode([]byte(`{"state":"x"}`))}, "not ours"},
		{"a cookie that is not even text", back, &http.Cookie{Name: cookie.Name, Value: "%%%"}, "not ours"},
		{"a cookie that was altered", back, &altered, "not ours"},
		{"another login's cookie", back, otherCookie, "another login"},
		{"another state", with(t, back, "state", "x"), cookie, "another login"},
		{"no state", with(t, back, "state", ""), cookie, "another login"},
		{"another provider", with(t, back, "iss", "https://evil.example.com"), cookie, "Another provider"},
		{"no code", with(t, back, "code", ""), cookie, "invalid_grant"},
		{"a code of another login", with(t, back, "code", valueOf(t, otherBack, "code")), cookie, "invalid_grant"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &rig{T: t, provider: r.provider, login: r.login}
			var cookies []*http.Cookie
			if row.cookie != nil {
				cookies = append(cookies, row.cookie)
			}
			_, err := r.finish(r.login, row.back, cookies...)
			status := http.StatusBadRequest
			if row.cause == "invalid_grant" {
				status = http.StatusForbidden
			}
			r.refused(err, status, row.cause)
		})
	}
	if _, err := r.finish(r.login, with(t, back, "iss", r.provider.URL), cookie); err != nil {
		t.Errorf("the login itself: %v", err)
	}
	_, err := r.finish(r.login, back, cookie) // a browser has no cookie any more; somebody who has kept it has
	r.refused(err, http.StatusForbidden, "invalid_grant")
}

func valueOf(t *testing.T, back, name string) string {
	t.Helper()
	location, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	return location.Query().Get(name)
}

func TestCookiesOfOtherInstances(t *testing.T) {
	r := newRig(t)
	back, cookie := r.begin()
	_, err := r.finish(r.instance("another secret"), back, cookie)
	r.refused(err, http.StatusBadRequest, "another client secret")
	r.ahead = 10 * time.Minute
	_, err = r.finish(r.login, back, cookie)
	r.refused(err, http.StatusBadRequest, "more than 10m0s ago")
}

func TestTheProviderRefuses(t *testing.T) {
	r := newRig(t)
	back, cookie := r.begin()
	back = with(t, with(t, back, "error", "access_denied"), "error_description", "<script>alert(1)</script>")
	_, err := r.finish(r.login, back, cookie)
	r.refused(err, http.StatusForbidden, "access_denied")
	if refusal, _ := errors.AsType[*oidclogin.Refusal](err); refusal == nil || strings.Contains(refusal.Text, "script") {
		t.Errorf("%+v repeats what came with the address", refusal)
	}
}

func TestIDTokensThatAreNotBelieved(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*testoidc.Provider)
		cause  string
	}{
		{"another nonce", func(p *testoidc.Provider) { p.Claims["nonce"] = "x" }, "nonce differs"},
		{"no nonce", func(p *testoidc.Provider) { p.Claims["nonce"] = nil }, "nonce differs"},
		{"expired", func(p *testoidc.Provider) { p.Claims["exp"] = time.Now().Add(-time.Minute).Unix() }, "expired"},
		{"not valid yet", func(p *testoidc.Provider) { p.Claims["nbf"] = time.Now().Add(time.Hour).Unix() }, "nbf"},
		{"for somebody else", func(p *testoidc.Provider) { p.Claims["aud"] = "another" }, "audience"},
		{"for several, made for another", func(p *testoidc.Provider) {
			p.Claims["aud"], p.Claims["azp"] = []string{"another", testoidc.ClientID}, "another"
		}, "several parties"},
		{"for several, nobody says for whom", func(p *testoidc.Provider) { p.Claims["aud"] = []string{"another", testoidc.ClientID} }, "several parties"},
		{"of another issuer", func(p *testoidc.Provider) { p.Claims["iss"] = "https://evil.example.com" }, "issued by a different provider"},
		{"of another key", func(p *testoidc.Provider) {
			other, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err)
			}
			p.Keys["1"] = other
		}, "failed to verify signature"},
		{"without a signature", func(p *testoidc.Provider) {
			p.Token = func(claims map[string]any) string {
				return p.Part(map[string]string{"alg": "none"}) + "." + p.Part(claims) + "."
			}
		}, "malformed"},
		{"signed with what everybody knows", func(p *testoidc.Provider) {
			p.Token = func(claims map[string]any) string {
				signed := p.Part(map[string]string{"alg": "HS256", "kid": "1"}) + "." + p.Part(claims)
				mac := hmac.New(sha256.New, p.Keys["1"].N.Bytes())
				mac.Write([]byte(signed))
				return signed + "." + testoidc.Encode(mac.Sum(nil))
			}
		}, "malformed"},
		{"none", func(p *testoidc.Provider) { p.Token = func(map[string]any) string { return "" } }, "malformed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			row.change(r.provider)
			back, cookie := r.begin()
			_, err := r.finish(r.login, back, cookie)
			r.refused(err, http.StatusForbidden, row.cause)
		})
	}
}

func TestKeysOfTheProviderChange(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"1", "2"} {
		r.provider.Set(func() { r.provider.Keys, r.provider.Signs = map[string]*rsa.PrivateKey{id: testoidc.Key()}, id })
		for range 2 {
			back, cookie := r.begin()
			if _, err := r.finish(r.login, back, cookie); err != nil {
				t.Errorf("with key %s: %v", id, err)
			}
		}
	}
	if asked := r.provider.Asked["/keys"]; asked != 2 {
		t.Errorf("it was asked for keys %d times, want once for each", asked)
	}
}

func TestProviderThatTakesTheSecretInTheBody(t *testing.T) {
	r := newRig(t)
	r.provider.Posts = true
	back, cookie := r.begin()
	if _, err := r.finish(r.login, back, cookie); err != nil || r.provider.Asked["/token"] != 1 {
		t.Errorf("%v, after %d tries", err, r.provider.Asked["/token"])
	}
}

// TestUserInfo is asked for groups that the ID token lacks.
func TestUserInfo(t *testing.T) {
	r := newRig(t)
	r.provider.Claims = map[string]any{"sub": "u-1"}
	r.provider.Info = map[string]any{"sub": "u-1", "email": "anna@example.com", "email_verified": true, "groups": []string{"support"}}
	back, cookie := r.begin()
	identity, err := r.finish(r.login, back, cookie)
	if err != nil || identity.Email != "anna@example.com" || !slices.Equal(identity.Scopes, []string{"keys"}) {
		t.Errorf("%+v, %v", identity, err)
	}
	r.provider.Set(func() { r.provider.Info["sub"] = "u-2" })
	back, cookie = r.begin()
	_, err = r.finish(r.login, back, cookie)
	r.refused(err, http.StatusForbidden, "somebody else")
}

// TestAnAddressIsVerifiedWhereItIsSaid: that one answer calls an address verified says
// nothing of the address in another.
func TestAnAddressIsVerifiedWhereItIsSaid(t *testing.T) {
	for name, row := range map[string]struct {
		token, info map[string]any
		want        string
	}{
		"another address in the token":       {map[string]any{"email": "boss@example.com"}, map[string]any{"email": "anna@example.com", "email_verified": true}, ""},
		"no address beside it":               {map[string]any{"email": "boss@example.com"}, map[string]any{"email_verified": true}, ""},
		"verified in the token, no address":  {map[string]any{"email_verified": true}, map[string]any{"email": "boss@example.com"}, ""},
		"both in the token":                  {map[string]any{"email": "anna@example.com", "email_verified": true}, map[string]any{"email": "boss@example.com"}, "anna@example.com"},
		"both in what the provider is asked": {nil, map[string]any{"email": "anna@example.com", "email_verified": true}, "anna@example.com"},
	} {
		r := newRig(t)
		r.provider.Claims = map[string]any{"sub": "u-1"}
		maps.Copy(r.provider.Claims, row.token)
		r.provider.Info = map[string]any{"sub": "u-1", "groups": []string{"support"}}
		maps.Copy(r.provider.Info, row.info)
		back, cookie := r.begin()
		if identity, err := r.finish(r.login, back, cookie); err != nil || identity.Email != row.want {
			t.Errorf("%s: %+v, %v", name, identity, err)
		}
	}
}

// TestProviderThatIsAway keeps nobody waiting for long, and is asked again when it is back.
func TestProviderThatIsAway(t *testing.T) {
	r := newRig(t)
	r.provider.Set(func() { r.provider.Down = true })
	begin := func() error {
		return r.login.Begin(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/login/oidc", nil))
	}
	for range 5 {
		r.refused(begin(), http.StatusServiceUnavailable, "can't be reached")
	}
	if asked := r.provider.Asked["/.well-known/openid-configuration"]; asked != 1 {
		t.Errorf("it was asked %d times within a second, want once", asked)
	}
	r.provider.Set(func() { r.provider.Down = false })
	r.ahead = time.Second
	back, cookie := r.begin()
	r.provider.Set(func() { r.provider.Down = true })
	_, err := r.finish(r.login, back, cookie)
	r.refused(err, http.StatusServiceUnavailable, "can't be reached")
	r.provider.Set(func() { r.provider.Down = false })
	back, cookie = r.begin()
	if _, err := r.finish(r.login, back, cookie); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

func TestProviderThatIsAnother(t *testing.T) {
	r := newRig(t)
	config := r.config(testoidc.ClientSecret)
	config.Issuer += "/other" // whose document names another one
	login, err := oidclogin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	r.refused(login.Begin(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)), http.StatusServiceUnavailable, "can't be reached")

	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 64 {
			if _, err := w.Write([]byte(strings.Repeat(" ", 1<<16))); err != nil {
				return
			}
		}
	}))
	defer huge.Close()
	config.Issuer = huge.URL
	if login, err = oidclogin.New(config); err != nil {
		t.Fatal(err)
	}
	err = login.Begin(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	r.refused(err, http.StatusServiceUnavailable, "can't be reached")
	if len(err.Error()) > 1000 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

func TestLoginNeedsASecret(t *testing.T) {
	if _, err := oidclogin.New(oidclogin.Config{Issuer: "https://accounts.example.com"}); err == nil {
		t.Error("a login without a client secret seals with a key that everybody has")
	}
}

// TestACallerWhoLeaves ends no question that others wait for.
func TestACallerWhoLeaves(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.login.Begin(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil)); err != nil {
		t.Errorf("%v", err)
	}
}
