package bearer_test

import (
	"context"
	"errors"
	"net/http/httptest"
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
