package admin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const importedSecret = "anything at all, as others made it"

func imported(name, secret string) admin.ImportedKey {
	return admin.ImportedKey{Name: name, Status: ration.StatusActive, Secret: ration.SecretFromText(secret)}
}

func (o *office) importKeys(keys ...admin.ImportedKey) admin.KeysImported {
	o.Helper()
	result, err := o.ImportKeys(o.Context(), actor, admin.KeysImport{Keys: keys})
	if err != nil {
		o.Fatal(err)
	}
	return result
}

func TestImportedSecretsKeepWorking(t *testing.T) {
	o := open(t)
	o.plan("free", "2/day")
	digest := ration.SecretFromText("known by its digest").Digest(nil)
	disabled := imported("Disabled", "the secret of a disabled key")
	disabled.Status = ration.StatusDisabled
	created := time.Date(2025, 1, 31, 16, 5, 9, 123456000, time.UTC)
	plain := admin.ImportedKey{
		Name: "Ada", Owner: "ada@example.com", Plan: "free", Status: ration.StatusActive, Scopes: []string{"b", "a"}, CreatedAt: created,
		Secret: ration.SecretFromText(importedSecret),
	}
	result := o.importKeys(plain, admin.ImportedKey{Name: "Digest", Status: ration.StatusActive, Digest: digest}, disabled)
	if result != (admin.KeysImported{Created: 3, NoLimit: 2}) {
		t.Errorf("the import gave %+v, want 3 created", result)
	}
	o.wantCode(plain.Secret, ration.CodeOK)
	o.wantCode(plain.Secret, ration.CodeOK)
	o.wantCode(plain.Secret, ration.CodeQuotaExceeded)
	o.wantCode(ration.SecretFromText("known by its digest"), ration.CodeOK)
	o.wantCode(disabled.Secret, ration.CodeKeyDisabled)

	keys, err := o.ListKeys(t.Context(), admin.KeyFilter{Owner: "ada@example.com"})
	if err != nil || len(keys.Keys) != 1 {
		t.Fatalf("keys of the owner: %v, %v", keys, err)
	}
	key := keys.Keys[0]
	if !key.CreatedAt.Equal(created) || fmt.Sprint(key.Scopes) != "[a b]" || key.Plan != "free" {
		t.Errorf("the key is %+v", key)
	}
	if got := o.actions(key.ID.String()); got != "key.import" {
		t.Errorf("audited as %q, want key.import", got)
	}
	for _, entry := range o.audit(admin.AuditFilter{}) {
		if text := string(entry.Details); strings.Contains(text, importedSecret) || strings.Contains(text, digest.String()) {
			t.Errorf("the audit log shows a secret: %s", text)
		}
	}
}

func TestImportIsSafeToRepeat(t *testing.T) {
	o := open(t)
	o.importKeys(imported("Ada", importedSecret))
	changed := imported("Somebody else", importedSecret)
	changed.Status = ration.StatusDisabled
	if result := o.importKeys(changed, imported("Bob", "the secret of Bob")); result != (admin.KeysImported{Created: 1, Present: 1, NoLimit: 2}) {
		t.Errorf("the second import gave %+v, want one created and one present", result)
	}
	o.wantCode(ration.SecretFromText(importedSecret), ration.CodeOK)
	if keys, err := o.ListKeys(t.Context(), admin.KeyFilter{}); err != nil || len(keys.Keys) != 2 || keys.Keys[0].Name != "Ada" {
		t.Errorf("the keys are %+v, %v", keys, err)
	}
}

func TestImportRefuses(t *testing.T) {
	o := open(t)
	with := func(change func(*admin.ImportedKey)) admin.ImportedKey {
		key := imported("Ada", importedSecret)
		change(&key)
		return key
	}
	for _, row := range []struct {
		name, field string
		key         admin.ImportedKey
	}{
		{"no name", "name", imported("", importedSecret)},
		{"a name that rewrites the terminal", "name", imported("a\x1b[2J", importedSecret)},
		{"no secret", "secret", imported("Ada", "")},
		{"a secret that no header carries", "secret", imported("Ada", importedSecret+"\n")},
		{"a secret that is too long", "secret", imported("Ada", strings.Repeat("x", ration.MaxSecretLength+1))},
		{"a secret and a digest", "secret", with(func(k *admin.ImportedKey) { k.Digest[0] = 1 })},
		{"the secret of an earlier one", "secret", imported("Bob", "the secret of Bob")},
		{"an unknown status", "status", with(func(k *admin.ImportedKey) { k.Status = "asleep" })},
		{"seconds for milliseconds", "created_at", with(func(k *admin.ImportedKey) { k.CreatedAt = time.Unix(1_700_000, 0) })},
		{"a creation to come", "created_at", with(func(k *admin.ImportedKey) { k.CreatedAt = time.Now().Add(48 * time.Hour) })},
		{"51 scopes", "scopes", with(func(k *admin.ImportedKey) {
			for i := range 51 {
				k.Scopes = append(k.Scopes, fmt.Sprint("scope", i))
			}
		})},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, dryRun := range []bool{true, false} {
				_, err := o.ImportKeys(t.Context(), actor, admin.KeysImport{Keys: []admin.ImportedKey{imported("Bob", "the secret of Bob"), row.key}, Before: 500, DryRun: dryRun})
				wantInvalid(t, err, row.field)
				if err != nil && !strings.Contains(err.Error(), "key 502 of this import") && row.field != "secret" {
					t.Errorf("the error %q does not say which key", err)
				}
			}
			if keys, err := o.ListKeys(t.Context(), admin.KeyFilter{}); err != nil || len(keys.Keys) != 0 {
				t.Errorf("there are %d keys, %v", len(keys.Keys), err)
			}
		})
	}
}

func TestDigestsAreRefusedWithAPepper(t *testing.T) {
	o := open(t)
	o.Service = admin.New(o.store, admin.Config{Pepper: []byte("a pepper of sixteen bytes")})
	_, err := o.ImportKeys(t.Context(), actor, admin.KeysImport{Keys: []admin.ImportedKey{{Name: "Ada", Status: ration.StatusActive, Digest: ration.Digest{1}}}})
	wantInvalid(t, err, "secret")
	o.importKeys(imported("Ada", importedSecret))
	refs, err := o.store.ResolveDigests(t.Context(), []ration.Digest{ration.SecretFromText(importedSecret).Digest([]byte("a pepper of sixteen bytes"))})
	if err != nil || refs[0] == (ration.SecretRef{}) {
		t.Errorf("the secret was not stored by its peppered digest: %v, %v", refs, err)
	}
}

// breaking fails from a chunk on.
type breaking struct {
	admin.ImportOperations
	chunks int // written before it fails
}

var errBroken = errors.New("the line is broken")

func (b *breaking) ImportKeys(ctx context.Context, actor string, keys admin.KeysImport) (admin.KeysImported, error) {
	if !keys.DryRun {
		if b.chunks--; b.chunks < 0 {
			return admin.KeysImported{}, errBroken
		}
	}
	return b.ImportOperations.ImportKeys(ctx, actor, keys)
}

func TestImportOfManyKeys(t *testing.T) {
	o := open(t)
	var all admin.KeysImport
	for i := range 2*admin.MaxKeysAtOnce + 1 {
		all.Keys = append(all.Keys, imported(fmt.Sprint("key ", i), fmt.Sprint("the secret of key ", i)))
	}
	all.Keys[2*admin.MaxKeysAtOnce].Plan = "no-such-plan"
	_, err := admin.ImportAllKeys(t.Context(), o, actor, all, func(int) { t.Error("something was written") })
	wantError(t, err, ration.ErrNotFound, `plan "no-such-plan"`)

	all.Keys[2*admin.MaxKeysAtOnce].Plan = ""
	dry := all
	dry.DryRun = true
	would, err := admin.ImportAllKeys(t.Context(), o, actor, dry, func(int) { t.Error("something was written") })
	if err != nil || would != (admin.KeysImported{Created: len(all.Keys), NoLimit: len(all.Keys)}) {
		t.Errorf("a dry run gave %+v, %v", would, err)
	}

	_, err = admin.ImportAllKeys(t.Context(), &breaking{o, 1}, actor, all, func(int) {})
	wantError(t, err, errBroken, "100 keys were certainly imported before this")

	var progress []int
	done, err := admin.ImportAllKeys(t.Context(), o, actor, all, func(n int) { progress = append(progress, n) })
	if err != nil || done != (admin.KeysImported{Created: 901, Present: 100, NoLimit: 1001}) {
		t.Errorf("going on gave %+v, %v", done, err)
	}
	if fmt.Sprint(progress) != "[100 200 300 400 500 600 700 800 900 1000 1001]" {
		t.Errorf("progress was %v", progress)
	}
}
