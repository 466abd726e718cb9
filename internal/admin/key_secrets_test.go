package admin_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestSecretsOfAKeyShareItsLimits(t *testing.T) {
	o := open(t)
	first := o.create(admin.NewKey{Label: "laptop", Overrides: []ration.Override{o.override("2/day", time.Time{})}})
	second, err := o.AddSecret(t.Context(), actor, admin.NewKeySecret{ID: first.Key.ID, Label: "phone", ExpiresAt: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	o.wantCode(first.Secret, ration.CodeOK)
	o.wantCode(second.Secret, ration.CodeOK)
	o.wantCode(first.Secret, ration.CodeQuotaExceeded)

	// With two labels in use, a rotation has to name one.
	_, err = o.RotateKey(t.Context(), actor, admin.Rotation{ID: first.Key.ID})
	wantInvalid(t, err, "label")
	o.rotate(admin.Rotation{ID: first.Key.ID, Label: "laptop"})
	o.wantCode(first.Secret, ration.CodeKeyRevoked)
	o.wantCode(second.Secret, ration.CodeQuotaExceeded) // it still holds

	o.set(noon.Add(time.Hour))
	o.wantCode(second.Secret, ration.CodeKeyExpired)
	if _, err := o.AddSecret(t.Context(), actor, admin.NewKeySecret{ID: first.Key.ID, Label: "phone"}); err != nil {
		t.Errorf("an ended secret's label is not free: %v", err)
	}
}

func TestRevokeSecret(t *testing.T) {
	o := open(t)
	first := o.create(admin.NewKey{})
	id := first.Key.ID
	second, err := o.AddSecret(t.Context(), actor, admin.NewKeySecret{ID: id, Label: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := o.RevokeSecret(t.Context(), actor, admin.KeySecret{ID: id, SecretID: first.SecretID}); err != nil {
			t.Fatal(err)
		}
		o.set(o.now().Add(time.Minute))
	}
	o.wantCode(first.Secret, ration.CodeKeyRevoked)
	o.wantCode(second.Secret, ration.CodeOK)
	if got, want := o.actions(id.String()), "key.create key.add_secret key.revoke_secret"; got != want {
		t.Errorf("actions %q; want %q", got, want)
	}
	other := o.create(admin.NewKey{})
	_, err = o.RevokeSecret(t.Context(), actor, admin.KeySecret{ID: id, SecretID: other.SecretID})
	wantError(t, err, ration.ErrNotFound, "secret "+other.SecretID.String())
	o.wantCode(other.Secret, ration.CodeOK)
}

func TestAddSecretRefuses(t *testing.T) {
	o := open(t)
	id := o.create(admin.NewKey{Label: "laptop"}).Key.ID
	for _, row := range []struct {
		name   string
		secret admin.NewKeySecret
		field  string
	}{
		{"no label", admin.NewKeySecret{ID: id}, "label"},
		{"end in the past", admin.NewKeySecret{ID: id, Label: "phone", ExpiresAt: noon}, "expires_at"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := o.AddSecret(t.Context(), actor, row.secret)
			wantInvalid(t, err, row.field)
		})
	}
	_, err := o.AddSecret(t.Context(), actor, admin.NewKeySecret{ID: id, Label: "laptop"})
	wantError(t, err, ration.ErrExists, `secret labelled "laptop"`)
	if _, err := o.RevokeKey(t.Context(), actor, id); err != nil {
		t.Fatal(err)
	}
	_, err = o.AddSecret(t.Context(), actor, admin.NewKeySecret{ID: id, Label: "phone"})
	wantError(t, err, ration.ErrConflict, "is revoked, which is final")
}
