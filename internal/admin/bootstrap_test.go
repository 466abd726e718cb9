package admin_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestBootstrapHappensOnce(t *testing.T) {
	o := open(t)
	o.token("gateway", admin.ScopeVerify, admin.ScopeKeys)
	secret := admin.NewTokenSecret("rk")
	for i, want := range []bool{true, false} {
		if made, err := o.Bootstrap(t.Context(), secret); made != want || err != nil {
			t.Fatalf("start %d: made %t, %v", i+1, made, err)
		}
	}
	token, err := o.checker(o.store, admin.Config{}).Check(t.Context(), secret, admin.ScopeAdmin)
	if err != nil || token.Name != "bootstrap" || !token.ExpiresAt.IsZero() {
		t.Errorf("token %+v, %v", token, err)
	}
	if entry := o.audit(admin.AuditFilter{Target: "token:bootstrap"})[0]; entry.Actor != "bootstrap" || strings.Contains(string(entry.Details), secret.Reveal()[12:24]) {
		t.Errorf("entry %+v", entry)
	}
	if _, err := o.RevokeToken(t.Context(), actor, "bootstrap"); err != nil {
		t.Fatal(err)
	}
	for _, again := range []ration.Secret{secret, admin.NewTokenSecret("rk")} {
		if made, err := o.Bootstrap(t.Context(), again); made || err != nil {
			t.Errorf("after it was revoked: made %t, %v", made, err)
		}
	}
}

func TestBootstrapAfterAnotherAdmin(t *testing.T) {
	o := open(t)
	o.token("first", admin.ScopeAdmin)
	if made, err := o.Bootstrap(t.Context(), admin.NewTokenSecret("rk")); made || err != nil {
		t.Errorf("made %t, %v", made, err)
	}
}

func TestBootstrapWithATakenName(t *testing.T) {
	o := open(t)
	o.token("bootstrap", admin.ScopeRead)
	made, err := o.Bootstrap(t.Context(), admin.NewTokenSecret("rk"))
	if made {
		t.Error("a second token has the name")
	}
	wantError(t, err, ration.ErrExists, "revoke the token with the name bootstrap")
}

// TestOnlyRationsTokensBootstrap: what a person made up could be guessed.
func TestOnlyRationsTokensBootstrap(t *testing.T) {
	o := open(t)
	secret := admin.NewTokenSecret("acme").Reveal()
	for name, text := range map[string]string{
		"nothing": "", "a password": "correct horse battery staple", "a key's secret": ration.NewSecret("rk").Reveal(),
		"one that was cut off": secret[:len(secret)-1], "one with a line": secret + "\n",
	} {
		_, err := o.Bootstrap(t.Context(), ration.SecretFromText(text))
		wantInvalid(t, err, "bootstrap_token")
		if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error shows it: %v", name, err)
		}
	}
	if err := admin.CheckTokenSecret(ration.SecretFromText(secret)); err != nil {
		t.Error(err)
	}
}
