package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/sqlite"
)

func TestOpenWaitsForTheLock(t *testing.T) {
	config := sqlite.Config{Path: newPath(t), LockWait: time.Minute}
	first := open(t, config)
	var opening sync.WaitGroup
	var second *sqlite.Store
	var secondErr error
	opening.Go(func() { second, secondErr = sqlite.Open(t.Context(), config) })
	closeStore(t, first)
	opening.Wait()
	if secondErr != nil {
		t.Fatal(secondErr)
	}
	defer closeStore(t, second)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := sqlite.Open(ctx, config); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait that was ended: %v", err)
	}
}

// TestOneServerByAnyName opens the file of a server by other names.
func TestOneServerByAnyName(t *testing.T) {
	path := newPath(t)
	store := open(t, sqlite.Config{Path: path})
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(directory, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Config{Path: relative}); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("by a relative path: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Link(path, link); err != nil {
		t.Fatal(err)
	}
	const says = "the file has 2 names (hard links)"
	if _, err := sqlite.Open(t.Context(), sqlite.Config{Path: link}); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("by a hard link: %v, want %q", err, says)
	}
	charge(t, store, createKey(t, store, ""))
}

// TestLockOfADeadProcess leaves a lock file as kill -9 does: the process id of
// a server, and nobody who holds the lock.
func TestLockOfADeadProcess(t *testing.T) {
	config, _ := usedFile(t)
	if err := os.WriteFile(config.Path+".lock", []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, locked, err := sqlite.LockedBy(config.Path); locked || err != nil {
		t.Errorf("locked %t, error %v", locked, err)
	}
	open(t, config)
}

// TestLookingAtTheLockIsHarmless looks all the time while stores open and close.
func TestLookingAtTheLockIsHarmless(t *testing.T) {
	config := sqlite.Config{Path: newPath(t)}
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, _, err := sqlite.LockedBy(config.Path); err != nil {
				t.Errorf("looking: %v", err)
				return
			}
		}
	})
	for range 10 {
		store, err := sqlite.Open(t.Context(), config)
		if err != nil {
			t.Errorf("opening: %v", err)
			break
		}
		closeStore(t, store)
	}
	close(stop)
	looking.Wait()
}

// TestLockKeepsStoresOut locks a file that is not there yet.
func TestLockKeepsStoresOut(t *testing.T) {
	config := sqlite.Config{Path: newPath(t)}
	lock, err := sqlite.Lock(t.Context(), config.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), config); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("opening: %v", err)
	}
	if _, err := sqlite.Lock(t.Context(), config.Path); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("locking: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	open(t, config)
}
