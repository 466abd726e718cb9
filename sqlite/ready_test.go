package sqlite_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/sqlite"
)

// TestReadyMissesItsFile: charges go on into the file without a name, and are
// lost with the process, so that somebody must be told.
func TestReadyMissesItsFile(t *testing.T) {
	path := newPath(t)
	store := open(t, sqlite.Config{Path: path})
	wantReady := func(reason string) {
		t.Helper()
		err := store.Ready(t.Context())
		if reason == "" && err != nil {
			t.Errorf("not ready: %v", err)
		}
		if reason != "" && (!errors.Is(err, ration.ErrStoreUnavailable) || !strings.Contains(err.Error(), reason)) {
			t.Errorf("error %v; want ErrStoreUnavailable and %q", err, reason)
		}
	}
	wantReady("")
	aside := path + ".aside"
	if err := os.Rename(path, aside); err != nil {
		t.Fatal(err)
	}
	wantReady("was deleted or moved while it is in use")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantReady("was replaced by another file while it is in use")
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
	wantReady("")
}
