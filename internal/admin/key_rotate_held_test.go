package admin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestHolderRotates(t *testing.T) {
	o := open(t)
	phone := o.create(admin.NewKey{Label: "phone"})
	laptop, err := o.AddSecret(t.Context(), actor, admin.NewKeySecret{ID: phone.Key.ID, Label: "laptop"})
	if err != nil {
		t.Fatal(err)
	}
	o.set(noon.Add(time.Minute))
	renewed, err := o.RotateHeld(t.Context(), phone.Secret, time.Hour)
	if err != nil || renewed.Key.ID != phone.Key.ID {
		t.Fatal(renewed, err)
	}
	if last := renewed.Key.Secrets[len(renewed.Key.Secrets)-1]; last.Label != "phone" || last.ID != renewed.SecretID {
		t.Errorf("the new secret is %+v", last)
	}
	o.set(noon.Add(time.Minute + time.Hour))
	o.wantCode(phone.Secret, ration.CodeKeyExpired)
	o.wantCode(laptop.Secret, ration.CodeOK)
	o.wantCode(renewed.Secret, ration.CodeOK)
	if entry := o.audit(admin.AuditFilter{})[0]; entry.Actor != "holder:"+phone.Key.ID.String() || entry.Action != "key.rotate" {
		t.Errorf("audit %+v", entry)
	}
}

func TestHolderMayNotRotate(t *testing.T) {
	o := open(t)
	young := o.create(admin.NewKey{})
	old, disabled, revoked := o.create(admin.NewKey{}), o.create(admin.NewKey{}), o.create(admin.NewKey{})
	expired := o.create(admin.NewKey{ExpiresAt: noon.Add(time.Hour)})
	wants := func(name string, secret ration.Secret, overlap time.Duration, want error) {
		t.Helper()
		if _, err := o.RotateHeld(t.Context(), secret, overlap); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	o.set(noon.Add(time.Minute - time.Microsecond))
	wants("made just now", young.Secret, time.Hour, admin.ErrTooYoung)
	o.set(noon.Add(time.Hour))
	if _, err := o.DisableKey(t.Context(), actor, disabled.Key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := o.RevokeKey(t.Context(), actor, revoked.Key.ID); err != nil {
		t.Fatal(err)
	}
	newer := o.rotate(admin.Rotation{ID: old.Key.ID, Overlap: 24 * time.Hour})
	wants("replaced", old.Secret, time.Hour, admin.ErrReplaced)
	wants("replaced, also a conflict", old.Secret, time.Hour, ration.ErrConflict)
	wants("disabled", disabled.Secret, time.Hour, admin.ErrNotUsable)
	wants("revoked", revoked.Secret, time.Hour, ration.ErrConflict)
	wants("expired", expired.Secret, time.Hour, admin.ErrNotUsable)
	wants("unknown", ration.NewSecret("rk"), time.Hour, ration.ErrNotFound)
	_, err := o.RotateHeld(t.Context(), newer.Secret, -1)
	wantInvalid(t, err, "overlap")
	o.wantCode(newer.Secret, ration.CodeOK)
}

// TestHolderCanNotFillAKey rotates as fast and as often as it goes.
func TestHolderCanNotFillAKey(t *testing.T) {
	o := open(t)
	held := o.create(admin.NewKey{})
	for made := 1; ; made++ {
		o.set(o.now().Add(time.Minute))
		next, err := o.RotateHeld(t.Context(), held.Secret, 24*time.Hour)
		if errors.Is(err, admin.ErrTooManyHeld) && made == 5 {
			break
		}
		if err != nil || made >= 5 {
			t.Fatalf("rotation %d: %v", made, err)
		}
		held = next
	}
	o.wantCode(held.Secret, ration.CodeOK)
	o.set(o.now().Add(24 * time.Hour))
	if _, err := o.RotateHeld(t.Context(), held.Secret, 24*time.Hour); err != nil {
		t.Error(err)
	}
}
