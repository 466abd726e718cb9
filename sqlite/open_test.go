package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/sqlite"
)

func TestCountsOutliveTheProcess(t *testing.T) {
	config := sqlite.Config{Path: newPath(t), Clock: newFakeClock(noon).now}
	store, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	createPlan(t, store, "small", "2/day")
	key := createKey(t, store, "small")
	got := charge(t, store, key, key, key)
	if diff := cmp.Diff([]ration.Code{ration.CodeOK, ration.CodeOK, ration.CodeQuotaExceeded}, got); diff != "" {
		t.Error(diff)
	}
	before, _, err := store.KeyUsage(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, store)

	store = open(t, config)
	after, _, err := store.KeyUsage(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if after[0].Used != 2 || after[0].Denied != 1 {
		t.Errorf("%d used and %d denied, want 2 and 1", after[0].Used, after[0].Denied)
	}
	if code := charge(t, store, key)[0]; code != ration.CodeQuotaExceeded {
		t.Errorf("code %s after reopening", code)
	}
}

func TestOneServerPerFile(t *testing.T) {
	path := newPath(t)
	if _, locked, err := sqlite.LockedBy(path); locked || err != nil {
		t.Fatalf("locked %t, error %v before there is a file", locked, err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "other.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		_, err := sqlite.Open(t.Context(), sqlite.Config{Path: name})
		locked, ok := errors.AsType[*sqlite.LockedError](err)
		if !ok || !errors.Is(err, sqlite.ErrLocked) || locked.PID != os.Getpid() || locked.Path != store.Path() {
			t.Errorf("opening %q again: %v", name, err)
		}
		if pid, locked, err := sqlite.LockedBy(name); pid != os.Getpid() || !locked || err != nil {
			t.Errorf("%q is locked: %t by %d, error %v", name, locked, pid, err)
		}
	}
	closeStore(t, store)
	if _, locked, err := sqlite.LockedBy(path); locked || err != nil {
		t.Errorf("locked %t, error %v after closing", locked, err)
	}
	open(t, sqlite.Config{Path: path})
}

func TestOddPaths(t *testing.T) {
	for _, name := range []string{"with space.db", "what?.db", "a#b.db", "100%.db", "%41.db", "ä€.db", "a&mode=ro.db", "'quoted\".db", "no suffix", "C:.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			store := open(t, sqlite.Config{Path: path})
			createKey(t, store, "")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", info.Mode())
			}
		})
	}
}
