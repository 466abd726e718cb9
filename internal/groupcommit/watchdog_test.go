package groupcommit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/groupcommit"
)

func TestMaxWaitAnswersAllBehindAStuckCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const maxWait = 10 * time.Second
		l := newLane(t, config{MaxWait: maxWait})
		start := time.Now()
		sent := l.do("a:1")
		call := l.next()
		var waiting []*pending
		for i := range 5 { // one item every second
			time.Sleep(time.Second)
			waiting = append(waiting, l.do(items("b", 5)[i]))
		}

		time.Sleep(time.Until(start.Add(maxWait)) - 1)
		synctest.Wait()
		wantWaiting(t, append(waiting, sent)...)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantError(t, sent, groupcommit.ErrOutcomeUnknown, groupcommit.ErrTimeout, context.DeadlineExceeded)
		if call.ctx.Err() == nil {
			t.Error("Commit's context goes on although nobody waits")
		}
		for i, p := range waiting { // each at its own time, not a tick later
			time.Sleep(time.Second - 1)
			synctest.Wait()
			wantWaiting(t, p)
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			wantError(t, p, groupcommit.ErrNotSent, groupcommit.ErrTimeout, context.DeadlineExceeded)
			if got, want := l.batcher.Depth(), len(waiting)-i-1; got != want {
				t.Errorf("Depth() = %d, want %d", got, want)
			}
		}

		late := l.do("c:1")
		call.fails(call.ctx.Err())
		l.nextIs("c:1").ok() // the lane goes on
		wantDone(t, late)
		l.close()
	})
}

func TestMaxWaitEndsNothingThatIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxWait: time.Second})
		for range 10 {
			p := l.do("a:1")
			time.Sleep(time.Second - 1)
			l.nextIs("a:1").ok()
			wantDone(t, p)
		}
		l.close()
	})
}

func TestMaxWaitAfterIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxWait: time.Second})
		for range 3 { // the watchdog sleeps in between
			p := l.do("a:1")
			call := l.next()
			time.Sleep(time.Second)
			synctest.Wait()
			wantError(t, p, groupcommit.ErrOutcomeUnknown, groupcommit.ErrTimeout)
			call.fails(call.ctx.Err())
			time.Sleep(time.Hour)
		}
		l.close()
	})
}

func TestOneCallerTimesOutWhileOthersOfItsBatchWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxWait: 10 * time.Second})
		l.do("a:0")
		call := l.next()
		early := l.do("a:1")
		time.Sleep(6 * time.Second)
		late := l.do("b:1")
		call.ok()
		call = l.nextIs("a:1", "b:1")
		time.Sleep(4 * time.Second)
		synctest.Wait()
		wantError(t, early, groupcommit.ErrOutcomeUnknown, groupcommit.ErrTimeout)
		if err := call.ctx.Err(); err != nil {
			t.Errorf("Commit's context ended (%v) while a caller waits", err)
		}
		call.ok()
		wantDone(t, late)
		l.close()
	})
}

func TestCallersOwnDeadlineIsNotMaxWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxWait: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		answer := make(chan error, 1)
		go func() {
			_, err := l.batcher.Do(ctx, "a:1")
			answer <- err
		}()
		call := l.next()
		err := <-answer
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, groupcommit.ErrTimeout) {
			t.Errorf("Do() = %v, want the caller's deadline and not ErrTimeout", err)
		}
		call.ok()
		l.close()
	})
}
