package turns_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/turns"
)

func key(name string) turns.Who { return turns.Who{Line: name} }

func keyless(address string) turns.Who { return turns.Who{Keyless: true, Line: address} }

// bench is a queue, and in which order its turns came.
type bench struct {
	*turns.Turns
	mu     sync.Mutex
	served []string
	busy   []string
}

// wait has somebody wait, and returns once they do.
func (b *bench) wait(t *testing.T, who turns.Who) {
	t.Helper()
	go func() {
		err := b.Take(t.Context(), who)
		b.mu.Lock()
		defer b.mu.Unlock()
		if err != nil {
			b.busy = append(b.busy, who.Line)
			return
		}
		b.served = append(b.served, who.Line)
	}()
	synctest.Wait()
}

// give gives turns back, one after the other, all of one class.
func (b *bench) give(n int, keyless bool) {
	for range n {
		b.Give(keyless)
		synctest.Wait()
	}
}

func (b *bench) expect(t *testing.T, served, busy []string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.served, served) || !slices.Equal(b.busy, busy) {
		t.Errorf("served %v, busy %v; want %v and %v", b.served, b.busy, served, busy)
	}
}

func TestTurnsComeToKeysInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{Turns: turns.New(turns.Config{AtOnce: 1, Waiting: 10, Wait: time.Minute})}
		b.Try(false)
		for _, name := range []string{"a", "a", "a", "a", "b", "c", "b"} {
			b.wait(t, key(name))
		}
		b.give(7, false)
		b.expect(t, []string{"a", "b", "c", "a", "b", "a", "a"}, nil)
		b.give(1, false)
	})
}

func TestOneKeyDoesNotFillTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{Turns: turns.New(turns.Config{AtOnce: 1, Waiting: 4, Wait: time.Minute})}
		b.Try(false)
		for _, name := range []string{"a", "a", "a", "a", "a", "b", "b", "b", "c"} {
			b.wait(t, key(name))
		}
		// The fifth of a finds it full; b takes two places of a, and a third would make it the
		// longer one; c takes one more.
		b.mu.Lock()
		if len(b.busy) != 5 || b.Waiting() != 4 {
			t.Errorf("busy %v, %d wait", b.busy, b.Waiting())
		}
		b.mu.Unlock()
		b.give(4, false)
		b.mu.Lock()
		defer b.mu.Unlock()
		if !slices.Contains(b.served, "b") || !slices.Contains(b.served, "c") || !slices.Contains(b.served, "a") {
			t.Errorf("served %v", b.served)
		}
		b.Give(false)
	})
}

func TestKeylessHaveHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{Turns: turns.New(turns.Config{AtOnce: 4, Waiting: 4, Wait: time.Minute})}
		for i := range 100 { // each from an address of its own
			b.wait(t, keyless(fmt.Sprint(i)))
		}
		b.expect(t, []string{"0", "1"}, slices.Collect(func(yield func(string) bool) {
			for i := 4; i < 100; i++ {
				if !yield(fmt.Sprint(i)) {
					return
				}
			}
		}))
		for range 4 {
			b.wait(t, key("a"))
		}
		if b.served = b.served[2:]; b.Waiting() != 4 {
			t.Errorf("%d wait", b.Waiting())
		}
		b.busy = nil
		b.expect(t, []string{"a", "a"}, nil) // two are served, two wait
		b.give(1, true)
		b.give(1, false)
		b.expect(t, []string{"a", "a", "a", "2"}, nil)
		b.give(1, true)
		b.give(1, false)
		b.expect(t, []string{"a", "a", "a", "2", "a", "3"}, nil)
	})
}

func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns1 := turns.New(turns.Config{AtOnce: 1, Waiting: 10, Wait: 5 * time.Second})
		turns1.Try(false)
		start := time.Now()
		if err := turns1.Take(t.Context(), key("a")); !errors.Is(err, turns.ErrBusy) || time.Since(start) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := turns1.Take(ctx, key("a")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whoever goes got %v", err)
		}
		if turns1.Waiting() != 0 {
			t.Error("they still wait")
		}
		turns1.Give(false)
		if !turns1.Try(false) {
			t.Error("the turn went to somebody who had gone")
		}
	})
}

func TestZeroesMeanWhatTheySay(t *testing.T) {
	endless := turns.New(turns.Config{})
	for range 10_000 {
		if !endless.Try(true) || !endless.Try(false) {
			t.Fatal("a bound of 0 bounds")
		}
	}
	hasty := turns.New(turns.Config{AtOnce: 1, Wait: time.Minute})
	if !hasty.Try(false) || !errors.Is(hasty.Take(t.Context(), key("a")), turns.ErrBusy) {
		t.Error("somebody waits in a queue of 0")
	}
}

// TestTurnsAreNeitherLostNorMadeUp has many take turns, wait, go and give back.
func TestTurnsAreNeitherLostNorMadeUp(t *testing.T) {
	const atOnce = 3
	queue := turns.New(turns.Config{AtOnce: atOnce, Waiting: 5, Wait: time.Millisecond})
	var now, served atomic.Int64
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			for range 500 {
				who := turns.Who{Keyless: i%3 == 0, Line: fmt.Sprint(i % 7)}
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(2000))*time.Microsecond)
				if queue.Take(ctx, who) == nil {
					if now.Add(1) > atOnce {
						t.Error("more at once than there are turns")
					}
					served.Add(1)
					now.Add(-1)
					queue.Give(who.Keyless)
				}
				cancel()
			}
		})
	}
	group.Wait()
	for range atOnce {
		if !queue.Try(false) {
			t.Fatalf("a turn was lost; %d were served", served.Load())
		}
	}
	if queue.Try(false) || queue.Waiting() != 0 {
		t.Error("a turn was made up, or somebody still waits")
	}
}
