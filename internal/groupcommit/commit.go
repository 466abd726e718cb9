package groupcommit

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// flight is one call of Commit.
type flight[K comparable, T, R any] struct {
	entries []*entry[K, T, R]
	items   []T
	ctx     context.Context
	cancel  context.CancelFunc
	waiting int // callers who still want the answer

	// For the observer, if there is one.
	started time.Time
	waited  time.Duration
	queued  int
	end     func(Sent)
}

// leave notes that one more caller is gone; when none is left, Commit may stop.
func (f *flight[K, T, R]) leave() {
	if f.waiting--; f.waiting == 0 {
		f.cancel()
	}
}

// run commits batch after batch until nothing waits.
func (b *Batcher[K, T, R]) run() {
	idle := false
	defer func() {
		if !idle { // Commit called runtime.Goexit
			go b.run()
		}
	}()
	for f := b.gather(); f != nil; f = b.gather() {
		b.send(f)
	}
	idle = true
}

// gather is next, once all have run that are ready to: of those, many are about to join
// the batch. Where a processor is free, this takes no time.
func (b *Batcher[K, T, R]) gather() *flight[K, T, R] {
	runtime.Gosched()
	return b.next()
}

// next prepares the next call of Commit; with nothing to do it returns nil, and
// the lane is idle.
func (b *Batcher[K, T, R]) next() *flight[K, T, R] {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		entries := b.takeLocked()
		if len(entries) == 0 {
			b.running = false
			if b.closed {
				b.drainedLocked()
			}
			return nil
		}
		if entries = slices.DeleteFunc(entries, b.goneLocked); len(entries) > 0 {
			return b.launchLocked(entries)
		}
	}
}

// takeLocked returns the next half of a batch that was split, else a new batch.
func (b *Batcher[K, T, R]) takeLocked() []*entry[K, T, R] {
	if n := len(b.halves); n > 0 {
		half := b.halves[n-1]
		b.halves[n-1] = nil
		b.halves = b.halves[:n-1]
		return half
	}
	b.batch = b.queue.take(b.batch[:0])
	return b.batch
}

// goneLocked reports whether nobody waits for e any more, and answers the caller
// whose context has ended but who had no time yet to withdraw.
func (b *Batcher[K, T, R]) goneLocked(e *entry[K, T, R]) bool {
	if !e.waiting() {
		return true
	}
	err := e.ctx.Err()
	if err != nil {
		b.answerLocked(e, fmt.Errorf("%w: %w", ErrNotSent, err))
	}
	return err != nil
}

func (b *Batcher[K, T, R]) launchLocked(entries []*entry[K, T, R]) *flight[K, T, R] {
	f := &flight[K, T, R]{entries: entries, items: make([]T, len(entries)), waiting: len(entries)}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	for i, e := range entries {
		e.state, e.flight = sent, f
		f.items[i] = e.item
	}
	b.noteLocked(f)
	return f
}

// send calls Commit and settles the flight, whatever Commit does.
func (b *Batcher[K, T, R]) send(f *flight[K, T, R]) {
	var results []R
	split, err := false, errCommitExited
	defer func() {
		f.cancel()
		returned := b.now()
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, &PanicError{Value: v, Stack: debug.Stack()})
		}
		if split {
			b.split(f)
		} else {
			b.settle(f, results, err)
		}
		b.tell(f, returned, err)
	}()
	b.start(f)
	results, split, err = b.commit(f)
}

func (b *Batcher[K, T, R]) commit(f *flight[K, T, R]) (results []R, split bool, err error) {
	results, err = b.config.Commit(f.ctx, f.items)
	n := len(f.entries)
	switch {
	case err != nil && n > 1 && b.config.Split(err):
		return nil, true, err
	case err != nil:
		return nil, false, fmt.Errorf("committing a batch of %d: %w", n, err)
	case len(results) != n:
		return nil, false, fmt.Errorf("%w: commit returned %d results for %d items", ErrOutcomeUnknown, len(results), n)
	}
	return results, false, nil
}

// split puts both halves of a batch that failed for certain before whatever waits,
// so that the order within each key stays.
func (b *Batcher[K, T, R]) split(f *flight[K, T, R]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range f.entries {
		if e.waiting() {
			e.state, e.flight = refused, nil
		}
	}
	middle := len(f.entries) / 2
	b.halves = append(b.halves, f.entries[middle:], f.entries[:middle])
}

// settle answers everybody who still waits: results if err is nil, else err.
func (b *Batcher[K, T, R]) settle(f *flight[K, T, R], results []R, err error) {
	b.decide(f)
	for i, e := range f.entries {
		if e == nil {
			if err == nil && b.config.Unclaimed != nil {
				b.config.Unclaimed(f.items[i], results[i])
			}
			continue
		}
		if e.err = err; err == nil {
			e.result = results[i]
		}
		e.done <- struct{}{} // from here on e is its caller's
	}
	clear(f.entries)
}

// decide marks those who get an answer and forgets the others. Callers are woken
// after it, outside the lock: they want it next.
func (b *Batcher[K, T, R]) decide(f *flight[K, T, R]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, e := range f.entries {
		if e.waiting() {
			e.arrival.unlink()
			e.state = answered
		} else {
			f.entries[i] = nil
		}
	}
}
