package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/groupcommit"
)

var errPoison = errors.New("poison")

func isPoison(err error) bool { return errors.Is(err, errPoison) }

// startBatch gets a batch of these items under way.
func (l *lane) startBatch(items ...string) (*call, []*pending) {
	l.t.Helper()
	l.do("first:1")
	call := l.next()
	ps := l.doAll(items...)
	call.ok()
	return l.nextIs(items...), ps
}

func TestSplitFindsTheGuilty(t *testing.T) {
	batch := items("a", 7)
	rows := map[string]struct {
		guilty  []string
		commits int // the most that may be needed
	}{
		"none":             {nil, 1},
		"the first":        {batch[:1], 7},
		"the last":         {batch[6:], 7},
		"two of one half":  {batch[4:6], 9},
		"one of each half": {[]string{"a:1", "a:7"}, 11},
		"all":              {batch, 13},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, config{Split: isPoison})
				call, ps := l.startBatch(batch...)
				var committed []string
				commits := 0
				for ended := false; !ended; {
					commits++
					if slices.ContainsFunc(call.items, func(i string) bool { return slices.Contains(row.guilty, i) }) {
						call.fails(fmt.Errorf("inserting: %w", errPoison))
					} else {
						committed = append(committed, call.items...)
						call.ok()
					}
					if ended = l.batcher.Waiting() == 0; !ended {
						call = l.next()
					}
				}
				if commits > row.commits {
					t.Errorf("%d commits, want at most %d", commits, row.commits)
				}
				var innocent []string
				for _, p := range ps {
					if slices.Contains(row.guilty, p.item) {
						wantError(t, p, errPoison)
					} else {
						wantDone(t, p)
						innocent = append(innocent, p.item)
					}
				}
				if !slices.Equal(committed, innocent) {
					t.Errorf("committed %q, want each innocent item once and in order: %q", committed, innocent)
				}
				l.close()
			})
		})
	}
}

func TestHalvesComeBeforeWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{Split: isPoison})
		call, ps := l.startBatch("a:1", "b:1", "a:2")
		ps = append(ps, l.doAll("a:3", "b:2")...)
		call.fails(errPoison)
		l.nextIs("a:1").ok()
		l.nextIs("b:1", "a:2").ok()
		l.nextIs("a:3", "b:2").ok()
		wantDone(t, ps...)
		l.close()
	})
}

func TestOtherErrorsAreNotSplit(t *testing.T) {
	rows := map[string]func(error) bool{
		"split says no": isPoison,
		"no split":      nil,
	}
	for name, split := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, config{Split: split})
				call, ps := l.startBatch("a:1", "b:1", "a:2")
				errDown := errors.New("database is down")
				call.fails(errDown)
				l.idle()
				for _, p := range ps {
					wantError(t, p, errDown)
					if errors.Is(p.err, groupcommit.ErrNotSent) || errors.Is(p.err, groupcommit.ErrOutcomeUnknown) {
						t.Errorf("Do(%q): %s, want Commit's error to say what it means", p.item, p.state())
					}
				}
				l.close()
			})
		})
	}
}

func TestCallerGoneBeforeItsHalfIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{Split: isPoison, MaxWait: time.Minute})
		call, ps := l.startBatch(items("a", 8)...)
		ps[1].cancel() // while the whole batch is under way: nobody knows yet
		synctest.Wait()
		wantError(t, ps[1], groupcommit.ErrOutcomeUnknown, context.Canceled)
		call.fails(errPoison)

		call = l.nextIs("a:1", "a:3", "a:4") // nothing took effect, so who has gone is dropped
		ps[5].cancel()                       // its half waits: certainly without effect
		synctest.Wait()
		wantError(t, ps[5], groupcommit.ErrNotSent, context.Canceled)
		ps[7].cancel() // this one's goroutine may not have run when its half is taken
		call.ok()
		wantError(t, ps[7], groupcommit.ErrNotSent, context.Canceled)

		call = l.nextIs("a:5", "a:7")
		ps[4].cancel()
		synctest.Wait()
		wantError(t, ps[4], groupcommit.ErrOutcomeUnknown, context.Canceled)
		call.ok()
		wantDone(t, ps[0], ps[2], ps[3], ps[6])
		l.close()
	})
}

func TestMaxWaitOfAHalfThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{Split: isPoison, MaxWait: time.Minute})
		call, ps := l.startBatch("a:1", "b:1")
		call.fails(errPoison)
		call = l.nextIs("a:1")
		time.Sleep(time.Minute)
		synctest.Wait()
		wantError(t, ps[0], groupcommit.ErrOutcomeUnknown, groupcommit.ErrTimeout)
		wantError(t, ps[1], groupcommit.ErrNotSent, groupcommit.ErrTimeout)
		if call.ctx.Err() == nil {
			t.Error("the first half's context goes on although nobody waits for it")
		}
		call.fails(call.ctx.Err())
		l.close()
	})
}

func TestHalfStopsWhenNobodyOfItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{Split: isPoison})
		call, ps := l.startBatch("a:1", "b:1")
		call.fails(errPoison)
		call = l.nextIs("a:1")
		ps[0].cancel()
		synctest.Wait()
		if call.ctx.Err() == nil {
			t.Error("the first half's context goes on although only the other half's caller waits")
		}
		call.fails(call.ctx.Err())
		l.nextIs("b:1").ok()
		wantDone(t, ps[1])
		l.close()
	})
}

func TestCommitErrorSaysHowMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		call, ps := l.startBatch("a:1", "b:1")
		call.fails(errPoison)
		if got, want := ps[0].state(), "committing a batch of 2: poison"; got != want {
			t.Errorf("Do() = %q, want %q", got, want)
		}
		if strings.Contains(ps[0].state(), "a:1") {
			t.Error("the error text shows an item")
		}
		l.close()
	})
}
