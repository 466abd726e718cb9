package sqlite_test

import (
	"context"
	"errors"
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
