package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (o *office) token(name string, scopes ...string) admin.IssuedToken {
	o.Helper()
	issued, err := o.CreateToken(o.Context(), actor, admin.NewToken{Name: name, Scopes: scopes})
	if err != nil {
		o.Fatal(err)
	}
	return issued
}

func TestCreateToken(t *testing.T) {
	o := open(t)
	issued := o.token("gateway", admin.ScopeVerify, admin.ScopeRead, admin.ScopeVerify)
	if !strings.HasPrefix(issued.Secret.Reveal(), "rk_token_") || !issued.Secret.Generated() {
		t.Error("the token looks like the secret of a key")
	}
	if diff := cmp.Diff([]string{"read", "verify"}, issued.Token.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	tokens, err := o.ListTokens(t.Context(), admin.TokenFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]admin.Token{issued.Token}, tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	entry := o.audit(admin.AuditFilter{})[0]
	if entry.Action != "token.create" || entry.Target != "token:gateway" || strings.Contains(string(entry.Details), issued.Secret.Reveal()[12:24]) {
		t.Errorf("entry %+v; want a token.create without the secret", entry)
	}
}

func TestTokensRefuse(t *testing.T) {
	o := open(t)
	o.token("gateway", admin.ScopeVerify)
	ctx := t.Context()
	_, err := o.CreateToken(ctx, actor, admin.NewToken{Name: "gateway", Scopes: []string{admin.ScopeRead}})
	wantError(t, err, ration.ErrExists, `token "gateway"`)
	_, err = o.CreateToken(ctx, actor, admin.NewToken{Name: "a"})
	wantInvalid(t, err, "scopes")
	_, err = o.CreateToken(ctx, actor, admin.NewToken{Name: "a", Scopes: []string{"root"}})
	wantInvalid(t, err, "scopes")
	_, err = o.CreateToken(ctx, actor, admin.NewToken{Name: "a\n", Scopes: []string{"read"}})
	wantInvalid(t, err, "name")
	_, err = o.CreateToken(ctx, actor, admin.NewToken{Name: "a", Scopes: []string{"read"}, ExpiresAt: time.Unix(1, 0)})
	wantInvalid(t, err, "expires_at")
	_, err = o.CreateToken(ctx, actor, admin.NewToken{Name: "a", Scopes: []string{"read"}, ExpiresAt: noon.Add(-time.Second)})
	wantInvalid(t, err, "expires_at") // by the store's clock, which is years ahead of this process's
	_, err = o.RevokeToken(ctx, actor, "none")
	wantError(t, err, ration.ErrNotFound, `token "none"`)
	_, err = o.RevokeToken(ctx, "", "gateway")
	wantInvalid(t, err, "actor")
	if got := o.actions("token:gateway"); got != "token.create" {
		t.Errorf("actions %q; want only the first", got)
	}
}

// TestTokenEndsByTheStoresClock: one clock says whether an end lies ahead and
// whether it has come.
func TestTokenEndsByTheStoresClock(t *testing.T) {
	o := open(t)
	o.set(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
	end := o.now().Add(time.Hour)
	issued, err := o.CreateToken(t.Context(), actor, admin.NewToken{Name: "a", Scopes: []string{"read"}, ExpiresAt: end})
	if err != nil || !issued.Token.ExpiresAt.Equal(end) {
		t.Errorf("token %+v, %v; want one that ends at %s", issued.Token, err, end)
	}
}

func TestRevokedNameIsFree(t *testing.T) {
	o := open(t)
	first := o.token("gateway", admin.ScopeVerify)
	revoked, err := o.RevokeToken(t.Context(), actor, "gateway")
	if err != nil || !revoked.RevokedAt.Equal(noon) || revoked.ID != first.Token.ID {
		t.Fatalf("revoked %+v (%v)", revoked, err)
	}
	_, err = o.RevokeToken(t.Context(), actor, "gateway")
	wantError(t, err, ration.ErrNotFound, `token "gateway"`)
	o.token("gateway", admin.ScopeVerify)
	if got, want := o.actions("token:gateway"), "token.create token.revoke token.create"; got != want {
		t.Errorf("actions %q; want %q", got, want)
	}
}
