package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

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

func TestGuesses(t *testing.T) {
	callers := bearer.New(tokens{})
	here, there := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("203.0.113.1")
	guess := func(from netip.Addr, text string, found bearer.Found) (asked bool, err error) {
		err = callers.Guess(t.Context(), from, ration.SecretFromText(text), func() (bearer.Found, error) {
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
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = here.String() + ":4000"
	if _, err := callers.AuthorizeSecret(r, ration.SecretFromText("bad"), admin.ScopeRead); !strings.Contains(fmt.Sprint(err), "token_unchecked") {
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
