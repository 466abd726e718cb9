package admin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// TestGrantOfNothingIsRefused: what would grant nothing is not made.
func TestGrantOfNothingIsRefused(t *testing.T) {
	o := open(t)
	o.plan("free")
	for _, row := range []struct {
		name  string
		token admin.NewToken
		field string
	}{
		{"a scope that another one includes", admin.NewToken{Scopes: []string{"admin", "keys"}}, "scopes"},
		{"read beside keys", admin.NewToken{Scopes: []string{"read", "verify", "keys"}}, "scopes"},
		{"admin, narrowed", admin.NewToken{Scopes: []string{"admin"}, Owners: []string{"acme"}}, "owners"},
		{"verify alone, narrowed", admin.NewToken{Scopes: []string{"verify"}, Plans: []string{"free"}}, "plans"},
		{"verify beside keys, narrowed", admin.NewToken{Scopes: []string{"verify", "keys"}, Owners: []string{"acme"}}, "owners"},
		{"an empty owner", admin.NewToken{Scopes: []string{"keys"}, Owners: []string{"acme", ""}}, "owners"},
		{"an empty plan", admin.NewToken{Scopes: []string{"keys"}, Plans: []string{""}}, "plans"},
		{"an owner that misleads", admin.NewToken{Scopes: []string{"keys"}, Owners: []string{"a\nb"}}, "owners"},
		{"no plan's name", admin.NewToken{Scopes: []string{"keys"}, Plans: []string{"A Plan"}}, "plan"},
		{"too many owners", admin.NewToken{Scopes: []string{"keys"}, Owners: strings.Split(strings.Repeat("x,", 100)+"x", ",")}, "owners"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.token.Name = "a token"
			_, err := o.CreateToken(t.Context(), actor, row.token)
			wantInvalid(t, err, row.field)
		})
	}
	_, err := o.CreateToken(t.Context(), actor, admin.NewToken{Name: "a", Scopes: []string{"keys"}, Plans: []string{"free", "unheard-of"}})
	wantError(t, err, ration.ErrNotFound, `plan "unheard-of"`)
	if tokens, err := o.ListTokens(t.Context(), admin.TokenFilter{}); err != nil || len(tokens) != 0 {
		t.Errorf("%d tokens were made, %v", len(tokens), err)
	}
}

func TestCreateNarrowedToken(t *testing.T) {
	o := open(t)
	o.plan("free")
	issued, err := o.CreateToken(t.Context(), actor, admin.NewToken{Name: "shop", Scopes: []string{"keys"}, Owners: []string{"b", "acme", "b"}, Plans: []string{"free"}})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := o.ListTokens(t.Context(), admin.TokenFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]admin.Token{issued.Token}, tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acme", "b"}, issued.Token.Owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	details := string(o.audit(admin.AuditFilter{Target: "token:shop"})[0].Details)
	if !strings.Contains(details, `"owners":{"new":["acme","b"]}`) || !strings.Contains(details, `"plans":{"new":["free"]}`) {
		t.Errorf("the audit log says %s", details)
	}
}
