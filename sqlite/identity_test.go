package sqlite_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestNothingIsCountedInAFileWithoutItsName deletes, moves and replaces the
// files of an open store: what it counted then would be lost with the process.
func TestNothingIsCountedInAFileWithoutItsName(t *testing.T) {
	for _, suffix := range []string{"", "-wal"} {
		t.Run("database"+suffix, func(t *testing.T) {
			path := newPath(t)
			store := open(t, sqlite.Config{Path: path})
			key := createKey(t, store, "")
			name, aside := path+suffix, path+".aside"
			if err := os.Rename(name, aside); err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, store, key, "was deleted or moved while it is in use")
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, store, key, "was replaced by another file while it is in use")
			if err := os.Rename(aside, name); err != nil {
				t.Fatal(err)
			}
			charge(t, store, key)
			if err := store.Ready(t.Context()); err != nil {
				t.Errorf("not ready with the file back in its place: %v", err)
			}
			if got := used(t, store, key); got != 1 {
				t.Errorf("%d counted, want 1", got)
			}
		})
	}
}

// TestFileThatGoesDuringACommit takes the file away when the transaction has
// begun: what becomes of it is then unknown, and is not acknowledged.
func TestFileThatGoesDuringACommit(t *testing.T) {
	path := newPath(t)
	store := open(t, sqlite.Config{Path: path})
	key := createKey(t, store, "")
	_, err := store.UpdateKey(t.Context(), key, func(change *admin.KeyChange) error {
		change.Key.Name = "renamed"
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: key.String()}
		return os.Rename(path, path+".aside")
	})
	if !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("error %v", err)
	}
}

func wantRefusal(t *testing.T, store *sqlite.Store, key ration.KeyID, reason string) {
	t.Helper()
	_, charging := store.Charge(t.Context(), testbatch.Requests(t, key))
	_, creating := store.CreateKey(t.Context(), newKey(""))
	for doing, err := range map[string]error{"charging": charging, "creating a key": creating, "ready": store.Ready(t.Context())} {
		if !errors.Is(err, ration.ErrStoreUnavailable) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v; want ErrStoreUnavailable and %q", doing, err, reason)
		}
	}
}
