package groupcommit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/ration-dev/ration/internal/groupcommit"
)

func TestCallerGoneInQueueIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		l.do("a:1")
		call := l.next()
		ps := l.doAll("a:2", "b:1", "a:3", "c:1", "a:4")
		for _, gone := range []*pending{ps[1], ps[2], ps[4]} {
			gone.cancel()
			synctest.Wait()
			wantError(t, gone, groupcommit.ErrNotSent, context.Canceled)
		}
		if n := l.batcher.Depth(); n != 2 {
			t.Errorf("Depth() = %d, want 2: those who left take no room", n)
		}
		call.ok()
		l.nextIs("a:2", "c:1").ok()
		l.close()
	})
}

func TestCallerGoneTheMomentBeforeIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxItems: 2})
		l.do("a:1")
		call := l.next()
		ps := l.doAll("a:2", "a:3", "a:4", "a:5", "a:6")
		for _, gone := range []*pending{ps[0], ps[1], ps[3]} {
			gone.cancel() // no wait: its goroutine may not have run when the batch is taken
		}
		call.ok()
		call = l.next()
		for _, item := range call.items {
			if item != "a:4" && item != "a:6" {
				t.Errorf("%q sent although its caller had gone", item)
			}
		}
		call.ok()
		for !ps[4].ended() {
			l.nextIs("a:6").ok()
		}
		for _, gone := range []*pending{ps[0], ps[1], ps[3]} {
			wantError(t, gone, groupcommit.ErrNotSent, context.Canceled)
		}
		wantDone(t, ps[2], ps[4])
		l.close()
	})
}

func TestEndedContextIsNotQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := l.batcher.Do(ctx, "a:1")
		if !errors.Is(err, groupcommit.ErrNotSent) || !errors.Is(err, context.Canceled) {
			t.Errorf("Do with an ended context: %v, want ErrNotSent and Canceled", err)
		}
		l.close()
	})
}

func TestCallerGoneAfterSendingDoesNotStopCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		l.do("a:0")
		call := l.next()
		ps := l.doAll("a:1", "b:1", "a:2")
		call.ok()
		call = l.nextIs("a:1", "b:1", "a:2")
		ps[0].cancel()
		synctest.Wait()
		wantError(t, ps[0], groupcommit.ErrOutcomeUnknown, context.Canceled)
		if errors.Is(ps[0].err, groupcommit.ErrNotSent) {
			t.Error("a sent item's error says that it was not sent")
		}
		if err := call.ctx.Err(); err != nil {
			t.Errorf("Commit's context ended (%v) while callers wait", err)
		}
		call.ok()
		wantDone(t, ps[1:]...)
		l.close()
	})
}

func TestCommitStopsWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		l.do("a:0")
		call := l.next()
		ps := l.doAll("a:1", "b:1")
		call.ok()
		call = l.next()
		next := l.do("c:1") // waits, but not for this call
		for _, p := range ps {
			if err := call.ctx.Err(); err != nil {
				t.Errorf("Commit's context ended (%v) while a caller waits", err)
			}
			p.cancel()
			synctest.Wait()
		}
		if err := call.ctx.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("Commit's context: %v, want Canceled once nobody waits", err)
		}
		call.fails(call.ctx.Err())
		call = l.nextIs("c:1")
		if err := call.ctx.Err(); err != nil {
			t.Errorf("the next call's context: %v", err)
		}
		call.ok()
		wantDone(t, next)
		l.close()
	})
}

func TestCommitContextIsNoCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type contextKey struct{}
		l := newLane(t, config{})
		ctx := context.WithValue(t.Context(), contextKey{}, "a caller's")
		answer := make(chan error, 1)
		go func() {
			_, err := l.batcher.Do(ctx, "a:1")
			answer <- err
		}()
		call := l.next()
		if v := call.ctx.Value(contextKey{}); v != nil {
			t.Errorf("Commit's context holds %v", v)
		}
		if _, ok := call.ctx.Deadline(); ok {
			t.Error("Commit's context has a deadline")
		}
		call.ok()
		if err := <-answer; err != nil {
			t.Error(err)
		}
		l.close()
	})
}

func TestContextOfEndedCallIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		l.do("a:1")
		call := l.next()
		call.ok()
		if call.ctx.Err() == nil {
			t.Error("the context of a call that has returned has not ended")
		}
		l.close()
	})
}

func wantError(t *testing.T, p *pending, targets ...error) {
	t.Helper()
	if !p.ended() {
		t.Errorf("Do(%q) waits, want an error", p.item)
		return
	}
	for _, target := range targets {
		if !errors.Is(p.err, target) {
			t.Errorf("Do(%q): %s, want it to be %q", p.item, p.state(), target)
		}
	}
}
