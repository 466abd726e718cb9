package adminsock_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// TestImportThroughTheSocket: secrets, which stay out of JSON elsewhere, come
// through, as do digests and all else of a key.
func TestImportThroughTheSocket(t *testing.T) {
	p := open(t)
	keys := admin.KeysImport{Keys: []admin.ImportedKey{
		{
			Name: "Ada", Owner: "ada@example.com", Status: ration.StatusDisabled, Scopes: []string{"a"},
			CreatedAt: time.Date(2025, 1, 31, 16, 5, 9, 123456000, time.UTC), Secret: ration.SecretFromText("a secret that others made"),
		},
		{Name: "Bob", Status: ration.StatusActive, Digest: ration.SecretFromText("known by its digest").Digest(nil)},
	}}
	imported, err := p.remote.ImportKeys(t.Context(), actor, keys)
	if err != nil || imported != (admin.KeysImported{Created: 2, NoLimit: 2}) {
		t.Fatalf("the import gave %+v, %v", imported, err)
	}
	again, err := p.direct.ImportKeys(t.Context(), actor, keys)
	if err != nil || again != (admin.KeysImported{Present: 2, NoLimit: 2}) {
		t.Errorf("importing the same keys here gave %+v, %v", again, err)
	}
	records, err := p.direct.ListKeys(t.Context(), admin.KeyFilter{Owner: "ada@example.com"})
	if err != nil || len(records.Keys) != 1 {
		t.Fatalf("keys: %v, %v", records, err)
	}
	key, want := records.Keys[0].Key, keys.Keys[0]
	got := admin.ImportedKey{Name: key.Name, Owner: key.Owner, Status: key.Status, Scopes: key.Scopes, CreatedAt: key.CreatedAt, Secret: want.Secret}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ration.Secret{})); diff != "" {
		t.Errorf("key (-sent +stored):\n%s", diff)
	}
	_, err = p.remote.ImportKeys(t.Context(), actor, admin.KeysImport{Keys: []admin.ImportedKey{{Name: "Eve", Plan: "none", Status: ration.StatusActive, Digest: ration.Digest{1}}}, DryRun: true})
	if err == nil {
		t.Error("a dry run through the socket did not find the unknown plan")
	}
}

// TestLargestKeysFitThroughTheSocket imports keys that are as large as keys can be.
func TestLargestKeysFitThroughTheSocket(t *testing.T) {
	p := open(t)
	long := strings.Repeat("😀", admin.MaxTextLength)
	var keys admin.KeysImport
	for i := range 300 {
		number := fmt.Sprintf("%03d", i)
		key := admin.ImportedKey{
			Name: long, Owner: long, Status: ration.StatusActive, CreatedAt: time.Date(2025, 1, 31, 16, 5, 9, 123456000, time.UTC),
			Secret: ration.SecretFromText(number + strings.Repeat("<", ration.MaxSecretLength-len(number))), // six bytes each in JSON
		}
		for scope := range 50 {
			key.Scopes = append(key.Scopes, fmt.Sprintf("%s%02d", strings.Repeat("<", 98), scope))
		}
		keys.Keys = append(keys.Keys, key)
	}
	imported, err := admin.ImportAllKeys(t.Context(), p.remote, actor, keys, func(int) {})
	if err != nil || imported != (admin.KeysImported{Created: len(keys.Keys), NoLimit: len(keys.Keys)}) {
		t.Errorf("the import gave %+v, %v", imported, err)
	}
}

// TestBackupThroughTheSocket: the process that has the database open makes the copy.
func TestBackupThroughTheSocket(t *testing.T) {
	p := open(t)
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := p.remote.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if err := p.remote.Backup(t.Context(), "relative.db"); err == nil {
		t.Error("a path of another working directory was taken")
	}
}
