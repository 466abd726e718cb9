package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/groupcommit"
)

func TestIdleLaneCommitsAtOnceAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		start := time.Now()
		for _, item := range items("a", 3) {
			p := l.do(item)
			l.nextIs(item).ok()
			wantDone(t, p)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("three commits on an idle lane took %v of waiting, want 0", waited)
		}
		l.close()
	})
}

func TestNextBatchTakesAllThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		first := l.do("a:1")
		call := l.nextIs("a:1")
		rest := l.doAll("a:2", "b:1", "c:1", "a:3")
		if n := l.batcher.Depth(); n != 4 {
			t.Errorf("Depth() = %d, want 4", n)
		}
		l.idle() // one Commit at a time
		call.ok()
		wantDone(t, first)
		wantWaiting(t, rest...)
		l.nextIs("a:2", "b:1", "c:1", "a:3").ok()
		wantDone(t, rest...)
		l.close()
	})
}

func TestBatchStopsAtMaxItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxItems: 2})
		l.do("a:0")
		call := l.next()
		l.doAll(items("a", 5)...)
		call.ok()
		l.nextIs("a:1", "a:2").ok()
		l.nextIs("a:3", "a:4").ok()
		l.nextIs("a:5").ok()
		l.close()
	})
}

func TestDefaultLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxKeys: -1})
		l.do("first:1")
		call := l.next()
		for i := range groupcommit.DefaultMaxKeys + 1 {
			l.do(fmt.Sprintf("key%d:1", i))
		}
		call.ok()
		call = l.next()
		if got := len(call.items); got != groupcommit.DefaultMaxKeys {
			t.Errorf("batch of %d keys, want %d", got, groupcommit.DefaultMaxKeys)
		}
		call.ok()
		l.nextIs(fmt.Sprintf("key%d:1", groupcommit.DefaultMaxKeys)).ok()
		l.close()
	})
}

func TestNewRefusesIncompleteConfig(t *testing.T) {
	complete := config{
		Key:    keyOf,
		Commit: func(context.Context, []string) ([]string, error) { return nil, nil },
	}
	rows := map[string]struct {
		change func(*config)
		panics bool
	}{
		"complete":  {func(*config) {}, false},
		"no key":    {func(c *config) { c.Key = nil }, true},
		"no commit": {func(c *config) { c.Commit = nil }, true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if v := recover(); (v != nil) != row.panics {
					t.Errorf("New panicked with %v, want a panic: %v", v, row.panics)
				}
			}()
			c := complete
			row.change(&c)
			groupcommit.New(c)
		})
	}
}

func TestCloseDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxItems: 2})
		accepted := l.doAll("a:1", "a:2", "b:1", "c:1")
		closed := make(chan error, 2)
		for range 2 { // closing twice at once is fine
			go func() { closed <- l.batcher.Close(context.Background()) }()
		}
		synctest.Wait()

		wantError(t, l.do("d:1"), groupcommit.ErrClosed, groupcommit.ErrNotSent)
		l.nextIs("a:1").ok()
		l.nextIs("a:2", "b:1").ok()
		if len(closed) > 0 {
			t.Error("Close returned before the queue was empty")
		}
		l.nextIs("c:1").ok()
		wantDone(t, accepted...)
		if err := errors.Join(<-closed, <-closed); err != nil {
			t.Errorf("Close() = %v", err)
		}
		l.close()
	})
}

func TestCloseStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		ps := l.doAll("a:1", "b:1")
		call := l.next()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := l.batcher.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close() = %v, want DeadlineExceeded", err)
		}
		call.ok()
		l.nextIs("b:1").ok() // committed all the same
		wantDone(t, ps...)
		l.close()
		for range 64 { // select picks at random where both have ended
			if err := l.batcher.Close(ctx); err != nil {
				t.Fatalf("Close() of a drained batcher with an ended context = %v", err)
			}
		}
	})
}

func TestCloseOfUnusedBatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		l.close()
		l.close()
	})
}

func TestCommitMayKeepItems(t *testing.T) {
	var kept [][]string
	b := groupcommit.New(config{
		Key: keyOf,
		Commit: func(_ context.Context, items []string) ([]string, error) {
			kept = append(kept, items)
			return items, nil
		},
	})
	want := items("a", 3)
	for _, item := range want {
		if _, err := b.Do(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := slices.Concat(kept...); !slices.Equal(got, want) {
		t.Errorf("items kept by Commit: %q, want %q", got, want)
	}
}
