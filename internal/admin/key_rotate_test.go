package admin_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (o *office) rotate(rotation admin.Rotation) admin.IssuedSecret {
	o.Helper()
	issued, err := o.RotateKey(o.Context(), actor, rotation)
	if err != nil {
		o.Fatal(err)
	}
	return issued
}

func TestRotationWithOverlap(t *testing.T) {
	o := open(t)
	before := o.create(admin.NewKey{Overrides: []ration.Override{o.override("4/day", time.Time{})}})
	after := o.rotate(admin.Rotation{ID: before.Key.ID, Overlap: time.Hour})
	o.wantCode(before.Secret, ration.CodeOK)
	o.wantCode(after.Secret, ration.CodeOK)
	o.set(noon.Add(time.Hour))
	o.wantCode(before.Secret, ration.CodeKeyExpired)
	o.wantCode(after.Secret, ration.CodeOK)
	o.wantCode(after.Secret, ration.CodeOK)
	o.wantCode(after.Secret, ration.CodeQuotaExceeded) // one quota for both
}

func TestRotationAfterALeak(t *testing.T) {
	o := open(t)
	before := o.create(admin.NewKey{})
	after := o.rotate(admin.Rotation{ID: before.Key.ID})
	o.wantCode(before.Secret, ration.CodeKeyRevoked)
	o.wantCode(after.Secret, ration.CodeOK)
}

func TestRotationNeverLengthensALife(t *testing.T) {
	o := open(t)
	first := o.create(admin.NewKey{})
	o.rotate(admin.Rotation{ID: first.Key.ID, Overlap: time.Hour})
	o.rotate(admin.Rotation{ID: first.Key.ID, Overlap: 24 * time.Hour})
	o.set(noon.Add(time.Hour))
	o.wantCode(first.Secret, ration.CodeKeyExpired)
	// A leak ends all that still holds under the label.
	second := o.rotate(admin.Rotation{ID: first.Key.ID, Overlap: 24 * time.Hour})
	third := o.rotate(admin.Rotation{ID: first.Key.ID})
	o.wantCode(second.Secret, ration.CodeKeyRevoked)
	o.wantCode(third.Secret, ration.CodeOK)
}

func TestRotationOfOneLabel(t *testing.T) {
	o := open(t)
	laptop := o.create(admin.NewKey{Label: "laptop"})
	id := laptop.Key.ID
	_, err := o.RotateKey(t.Context(), actor, admin.Rotation{ID: id, Label: "laptpo"})
	wantInvalid(t, err, "label")
	o.wantCode(laptop.Secret, ration.CodeOK)

	renewed := o.rotate(admin.Rotation{ID: id, Label: "laptop"})
	if states := renewed.Key.Secrets; len(states) != 2 || states[1].Label != "laptop" || states[1].ID != renewed.SecretID {
		t.Errorf("secrets %+v; want two, the second new", states)
	}
	// Without a secret in use any label will do.
	o.set(noon.Add(time.Minute))
	bare := o.create(admin.NewKey{Label: "a"})
	ended := o.rotate(admin.Rotation{ID: bare.Key.ID, Overlap: time.Minute})
	o.wantCode(ended.Secret, ration.CodeOK)
}

func TestRotateKeyRefuses(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{})
	for _, overlap := range []time.Duration{-1, 367 * 24 * time.Hour} {
		_, err := o.RotateKey(t.Context(), actor, admin.Rotation{ID: issued.Key.ID, Overlap: overlap})
		wantInvalid(t, err, "overlap")
	}
	for range 49 {
		o.rotate(admin.Rotation{ID: issued.Key.ID, Overlap: time.Hour})
	}
	_, err := o.RotateKey(t.Context(), actor, admin.Rotation{ID: issued.Key.ID, Overlap: time.Hour})
	wantError(t, err, ration.ErrConflict, "50 secrets in use")
	o.rotate(admin.Rotation{ID: issued.Key.ID})

	if _, err := o.RevokeKey(t.Context(), actor, issued.Key.ID); err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"", "unknown"} {
		_, err = o.RotateKey(t.Context(), actor, admin.Rotation{ID: issued.Key.ID, Label: label})
		wantError(t, err, ration.ErrConflict, "is revoked, which is final")
	}
}
