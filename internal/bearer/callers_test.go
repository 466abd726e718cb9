package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
)

// tokens knows one token, "good", which reads.
type tokens struct{ err error }

func (f tokens) Check(_ context.Context, token ration.Secret, scope string) (admin.Token, error) {
	found := admin.Token{Name: "app", Scopes: []string{admin.ScopeRead}}
	switch {
	case f.err != nil:
		return admin.Token{}, f.err
	case token.Reveal() != "good":
		return admin.Token{}, admin.ErrTokenInvalid
	case !found.Allows(scope):
		return admin.Token{}, &admin.TokenScopeError{Scope: scope}
	}
	return found, nil
}

func TestAuthorize(t *testing.T) {
	for _, row := range []struct {
		name   string
		fields []string // Authorization
		scope  string
		want   *bearer.Refusal // nil: it passes
	}{
		{"a good token", []string{"Bearer good"}, "read", nil},
		{"the scheme in capitals, and spaces", []string{"BEARER  good "}, "read", nil},
		{"no token", nil, "read", &bearer.Refusal{
			Status: 401, Code: "token_missing", Detail: "Send a service token as Authorization: Bearer.", Challenge: `Bearer realm="ration"`,
		}},
		{"another scheme", []string{"Basic good"}, "read", &bearer.Refusal{
			Status: 401, Code: "token_missing", Detail: "Send a service token as Authorization: Bearer.", Challenge: `Bearer realm="ration"`,
		}},
		{"two fields", []string{"Bearer good", "Bearer good"}, "read", &bearer.Refusal{
			Status: 401, Code: "token_invalid", Detail: "The service token is not valid.", Challenge: `Bearer realm="ration", error="invalid_token"`,
		}},
		{"an unknown token", []string{"Bearer bad"}, "read", &bearer.Refusal{
			Status: 401, Code: "token_invalid", Detail: "The service token is not valid.", Challenge: `Bearer realm="ration", error="invalid_token"`,
		}},
		{"a token that may do less", []string{"Bearer good"}, "keys", &bearer.Refusal{
			Status: 403, Code: "token_lacks_scope", Detail: `The service token lacks the scope "keys".`,
			Challenge: `Bearer realm="ration", error="insufficient_scope", scope="keys"`,
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header["Authorization"] = row.fields
			token, err := bearer.New(tokens{}).Authorize(r, row.scope)
			refused, _ := errors.AsType[*bearer.Refusal](err)
			if diff := cmp.Diff(row.want, refused); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
			if (token.Name == "app") != (row.want == nil) {
				t.Errorf("token %+v, %v", token, err)
			}
		})
	}
}

func TestUnreadTokenIsNoRefusal(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer good")
	_, err := bearer.New(tokens{ration.ErrStoreUnavailable}).Authorize(r, admin.ScopeRead)
	if _, refused := errors.AsType[*bearer.Refusal](err); refused || !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("error %v; want that of the store", err)
	}
}

func requestFrom(addr netip.Addr) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = netip.AddrPortFrom(addr, 4000).String()
	return r
}

func TestGuesses(t *testing.T) {
	callers := bearer.New(tokens{})
	here, there := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("203.0.113.1")
	guess := func(from netip.Addr, text string, found bearer.Found) (asked bool, err error) {
		err = callers.Guess(requestFrom(from), ration.SecretFromText(text), func() (bearer.Found, error) {
			asked = true
			return found, nil
		})
		return asked, err
	}
	for range 50 { // neither is a guess
		for text, found := range map[string]bearer.Found{"good": bearer.Good, "something": bearer.Something} {
			if asked, err := guess(here, text, found); !asked || err != nil {
				t.Fatalf("%s is not looked up: %v", text, err)
			}
		}
	}
	looked := 0
	var last error
	for i := range 50 {
		asked, err := guess(here, fmt.Sprint("made up ", i), bearer.Nothing)
		if asked {
			looked++
		}
		last = err
	}
	refused, _ := errors.AsType[*bearer.Refusal](last)
	if looked < 20 || looked > 22 || refused == nil || refused.Status != 429 || refused.RetryAfter < 1 {
		t.Errorf("%d of 50 guesses were looked up, the last one: %v", looked, last)
	}
	if _, err := callers.AuthorizeSecret(requestFrom(here), ration.SecretFromText("bad"), admin.ScopeRead); !strings.Contains(fmt.Sprint(err), "token_unchecked") {
		t.Errorf("tokens have a budget of their own: %v", err)
	}
	if asked, _ := guess(here, "something", bearer.Something); asked {
		t.Error("what was never good is looked up for an address that has spent its guesses")
	}
	for name, from := range map[string]netip.Addr{"good": here, "made up": there} {
		if asked, err := guess(from, name, bearer.Good); !asked || err != nil {
			t.Errorf("%s is not looked up: %v", name, err)
		}
	}
}

// TestKnows: a token is known once it was valid, and nothing else is.
func TestKnows(t *testing.T) {
	callers := bearer.New(tokens{})
	request := func(authorization string) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", authorization)
		return r
	}
	if callers.Knows(request("Bearer good")) {
		t.Error("it is known before it was valid")
	}
	for _, text := range []string{"Bearer good", "Bearer bad"} {
		_, _ = callers.Authorize(request(text), admin.ScopeRead)
	}
	for text, want := range map[string]bool{"Bearer good": true, "Bearer bad": false, "Basic good": false, "": false} {
		if got := callers.Knows(request(text)); got != want {
			t.Errorf("%q is known: %t", text, got)
		}
	}
}

// spend has somebody with many addresses guess until all together may not.
func spend(t *testing.T, callers *bearer.Callers) {
	t.Helper()
	for i := range 300 { // 15 networks of /64 in one of /48
		from := netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", i/20))
		if _, err := callers.AuthorizeSecret(requestFrom(from), ration.SecretFromText(fmt.Sprint("made up ", i)), admin.ScopeRead); !strings.Contains(fmt.Sprint(err), "token_invalid") {
			t.Fatal(err)
		}
	}
}

// TestManyAddressesKeepNobodyOut has a right token that was not seen yet, while all
// together have spent what guesses may cost.
func TestManyAddressesKeepNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		callers := bearer.New(tokens{})
		spend(t, callers)
		if _, err := callers.AuthorizeSecret(requestFrom(netip.MustParseAddr("10.0.0.7")), ration.SecretFromText("good"), admin.ScopeRead); err != nil {
			t.Error(err)
		}
	})
}

// TestBeyondTheBudgetLookUpsGoOneAtATime bounds what those cost that are not refused.
func TestBeyondTheBudgetLookUpsGoOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		callers := bearer.New(tokens{})
		spend(t, callers)
		var now, looked, refused atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				from := netip.AddrFrom4([4]byte{10, 0, 1, byte(i)})
				err := callers.Guess(requestFrom(from), ration.SecretFromText(fmt.Sprint("unseen ", i)), func() (bearer.Found, error) {
					if now.Add(1) > 1 {
						t.Error("two at once")
					}
					time.Sleep(100 * time.Millisecond)
					now.Add(-1)
					looked.Add(1)
					return bearer.Nothing, nil
				})
				if refusal, is := errors.AsType[*bearer.Refusal](err); is && refusal.Status == http.StatusTooManyRequests {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		// The budget fills meanwhile, but all have asked at its start.
		if sum := looked.Load() + refused.Load(); sum != 100 || looked.Load() < 9 || looked.Load() > 12 {
			t.Errorf("%d were looked up in the second that they wait, and %d refused", looked.Load(), refused.Load())
		}
	})
}

// TestPanicGivesTheTurnBack has a checker panic whose turn it was.
func TestPanicGivesTheTurnBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		callers := bearer.New(panicking{})
		spend(t, callers)
		func() {
			defer func() { _ = recover() }()
			_, _ = callers.AuthorizeSecret(requestFrom(netip.MustParseAddr("10.0.0.6")), ration.SecretFromText("panic"), admin.ScopeRead)
			t.Error("no panic")
		}()
		if _, err := callers.AuthorizeSecret(requestFrom(netip.MustParseAddr("10.0.0.7")), ration.SecretFromText("good"), admin.ScopeRead); err != nil {
			t.Error(err)
		}
	})
}

// panicking panics for one token.
type panicking struct{ tokens }

func (p panicking) Check(ctx context.Context, token ration.Secret, scope string) (admin.Token, error) {
	if token.Reveal() == "panic" {
		panic("a fault")
	}
	return p.tokens.Check(ctx, token, scope)
}
