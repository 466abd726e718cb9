package admin_test

import (
	"context"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestStatusOfAKey(t *testing.T) {
	o := open(t)
	type change = func(context.Context, string, ration.KeyID) (admin.KeyRecord, error)
	for _, row := range []struct {
		name     string
		changes  []change
		want     ration.Code
		actions  string
		conflict string // of the last change
	}{
		{"disabled", []change{o.DisableKey}, ration.CodeKeyDisabled, "key.create key.disable", ""},
		{"disabled twice is one change", []change{o.DisableKey, o.DisableKey}, ration.CodeKeyDisabled, "key.create key.disable", ""},
		{"enabled again", []change{o.DisableKey, o.EnableKey}, ration.CodeOK, "key.create key.disable key.enable", ""},
		{"enabled while active", []change{o.EnableKey}, ration.CodeOK, "key.create", ""},
		{"revoked", []change{o.RevokeKey}, ration.CodeKeyRevoked, "key.create key.revoke", ""},
		{"revoked twice is one change", []change{o.RevokeKey, o.RevokeKey}, ration.CodeKeyRevoked, "key.create key.revoke", ""},
		{"revoked while disabled", []change{o.DisableKey, o.RevokeKey}, ration.CodeKeyRevoked, "key.create key.disable key.revoke", ""},
		{"enabling a revoked key", []change{o.RevokeKey, o.EnableKey}, ration.CodeKeyRevoked, "key.create key.revoke", "is revoked, which is final; create a new key instead"},
		{"disabling a revoked key", []change{o.RevokeKey, o.DisableKey}, ration.CodeKeyRevoked, "key.create key.revoke", "is revoked, which is final"},
	} {
		t.Run(row.name, func(t *testing.T) {
			issued := o.create(admin.NewKey{})
			for i, change := range row.changes {
				record, err := change(t.Context(), actor, issued.Key.ID)
				switch {
				case row.conflict != "" && i == len(row.changes)-1:
					wantError(t, err, ration.ErrConflict, row.conflict)
				case err != nil:
					t.Fatal(err)
				case record.ID != issued.Key.ID:
					t.Errorf("changed %s; want %s", record.ID, issued.Key.ID)
				}
			}
			o.wantCode(issued.Secret, row.want)
			if got := o.actions(issued.Key.ID.String()); got != row.actions {
				t.Errorf("actions %q; want %q", got, row.actions)
			}
		})
	}
	unknown := ration.NewKeyID()
	_, err := o.RevokeKey(t.Context(), actor, unknown)
	wantError(t, err, ration.ErrNotFound, unknown.String())
}
