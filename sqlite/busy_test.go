package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestForeignWriter writes to the file with another tool, which the lock file
// can't prevent.
func TestForeignWriter(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	tool, err := sql.Open("sqlite", store.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	conn, err := tool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(statement string) {
		if _, err := conn.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	exec("BEGIN IMMEDIATE")
	if _, err := store.Charge(t.Context(), testbatch.Requests(t, key)); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("while the tool writes: %v", err)
	}
	var ending sync.WaitGroup
	defer ending.Wait()
	ending.Go(func() { exec("COMMIT") })
	charge(t, store, key)
	if got := used(t, store, key); got != 1 {
		t.Errorf("%d counted", got)
	}
}

// TestCanceledReads interrupts reads, which then are unavailable, and wants their connections
// to work after.
func TestCanceledReads(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Microsecond)
		if _, err := store.Key(ctx, key); err != nil && (ctx.Err() == nil || !errors.Is(err, ration.ErrStoreUnavailable)) {
			t.Errorf("after %d µs: %v; want %v, and that only of what is canceled", i, err, ration.ErrStoreUnavailable)
		}
		cancel()
		if _, err := store.Key(t.Context(), key); err != nil {
			t.Fatalf("after a canceled read: %v", err)
		}
	}
}
