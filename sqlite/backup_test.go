package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestBackupIsOneInstant copies while two keys are charged together, so that
// they differ in any copy that is not of one instant.
func TestBackupIsOneInstant(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	keys := []ration.KeyID{createKey(t, store, ""), createKey(t, store, "")}
	batch := testbatch.Requests(t, keys...)
	stop := make(chan struct{})
	var charging sync.WaitGroup
	charging.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := store.Charge(t.Context(), batch); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for _, name := range []string{"first.db", "100% second.db"} {
		charge(t, store, keys...)
		path := filepath.Join(t.TempDir(), name)
		if err := store.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, error %v", info.Mode(), err)
		}
		backup := open(t, sqlite.Config{Path: path})
		if first, second := used(t, backup, keys[0]), used(t, backup, keys[1]); first != second || first == 0 {
			t.Errorf("%d and %d counted", first, second)
		}
		if err := backup.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	charging.Wait()
}

func TestBackupLeavesNothingBehind(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	directory := t.TempDir()
	taken := filepath.Join(directory, "taken.db")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.Backup(t.Context(), taken); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if text := readFile(t, taken); string(text) != "mine" {
		t.Errorf("the file holds %q", text)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Backup(canceled, filepath.Join(directory, "new.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != 1 {
		t.Errorf("%v, error %v", entries, err)
	}
	closeStore(t, store)
	if err := store.Backup(t.Context(), filepath.Join(directory, "late.db")); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// TestBackupTouchesNoFileOfOthers: files that happen to have the name of a partial
// copy, or lead elsewhere, stay as they are.
func TestBackupTouchesNoFileOfOthers(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	directory := t.TempDir()
	path, elsewhere := filepath.Join(directory, "backup.db"), filepath.Join(directory, "elsewhere")
	if err := os.WriteFile(elsewhere, []byte("mine"), 0o644); err != nil { //nolint:gosec // others may read it
		t.Fatal(err)
	}
	for _, name := range []string{path + ".partial", filepath.Join(directory, "link.db")} {
		if err := os.Symlink(elsewhere, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := store.Backup(t.Context(), filepath.Join(directory, "link.db")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a link: %v", err)
	}
	if text := readFile(t, elsewhere); string(text) != "mine" {
		t.Errorf("the file holds %q", text)
	}
}

// TestDamagedCopyIsNoBackup: the copy is checked before it gets its name.
func TestDamagedCopyIsNoBackup(t *testing.T) {
	config, _ := usedFile(t)
	damaged := readFile(t, config.Path)
	clear(damaged[2*pageSize : 3*pageSize])
	directory := t.TempDir()
	err := sqlite.WriteBackup(t.Context(), filepath.Join(directory, "backup.db"), func(_ context.Context, path string) error {
		return os.WriteFile(path, damaged, 0o600)
	})
	if !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("error %v, want ErrDamaged", err)
	}
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != 0 {
		t.Errorf("%v, error %v", entries, err)
	}
}

func used(t *testing.T, store *sqlite.Store, key ration.KeyID) int64 {
	t.Helper()
	usage, _, err := store.KeyUsage(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return usage[0].Used
}
