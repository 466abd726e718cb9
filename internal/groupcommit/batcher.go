package groupcommit

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Batcher is one lane of group commit. Make it with New. It is safe for concurrent
// use. It has a goroutine only while there is something to commit.
type Batcher[K comparable, T, R any] struct {
	config  Config[K, T, R]
	entries sync.Pool // of *entry that nothing refers to

	mu       sync.Mutex
	queue    *fairQueue[K, entry[K, T, R]]
	arrivals list[entry[K, T, R]] // all who wait, queued or sent, oldest first
	batch    []*entry[K, T, R]    // the buffer of the running batch
	halves   [][]*entry[K, T, R]  // parts of it yet to be sent, the next one last
	running  bool
	closed   bool
	drained  chan struct{} // closed when closed and nothing runs

	watchdog *time.Timer // nil before the first item
	watching bool
}

// New makes a Batcher. It panics if Key or Commit is missing.
func New[K comparable, T, R any](config Config[K, T, R]) *Batcher[K, T, R] {
	config = config.withDefaults()
	b := &Batcher[K, T, R]{
		config:  config,
		queue:   newFairQueue[K, entry[K, T, R]](config.MaxKeys, config.MaxItems, config.MaxQueue),
		drained: make(chan struct{}),
	}
	b.arrivals.init()
	b.entries.New = func() any { return newEntry[K, T, R]() }
	return b
}

// Do commits item, together with the other items that wait, and returns its result
// once Commit has returned. If ctx ends first, Do returns. An item that was not sent
// yet is then withdrawn, and the error is ErrNotSent. An item that was sent goes on,
// and the error is ErrOutcomeUnknown. Both also wrap ctx.Err(). If the answer is
// already there, Do returns it. See the package comment for the other errors.
func (b *Batcher[K, T, R]) Do(ctx context.Context, item T) (R, error) {
	var none R
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	key := b.config.Key(item)
	e := b.entries.Get().(*entry[K, T, R])
	e.ctx, e.item = ctx, item
	if err := b.enqueue(key, e); err != nil {
		b.recycle(e)
		return none, err
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		if err := b.withdraw(e); err != nil {
			return none, err
		}
		<-e.done
	}
	result, err := e.result, e.err
	if e.state == answered {
		b.recycle(e)
	}
	return result, err
}

// Close refuses new items from now on. It waits until the waiting items are committed
// or given up, or until ctx ends. In the latter case they are still committed.
// Closing again only waits.
func (b *Batcher[K, T, R]) Close(ctx context.Context) error {
	b.close()
	select {
	case <-b.drained:
		return nil
	default:
	}
	select {
	case <-b.drained:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("draining the batcher: %w", ctx.Err())
	}
}

// Depth returns how many items wait for their batch. It does not count items that are
// being committed.
func (b *Batcher[K, T, R]) Depth() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.queued
}

func (b *Batcher[K, T, R]) enqueue(key K, e *entry[K, T, R]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	evicted, ok := b.queue.push(key, &e.place)
	if !ok {
		return ErrQueueFull
	}
	if evicted != nil {
		b.answerLocked(evicted, ErrQueueFull)
	}
	e.state = queued
	e.deadline = time.Now().Add(b.config.MaxWait) // under the lock: arrivals are in order
	b.arrivals.pushBack(&e.arrival)
	b.watchLocked()
	if !b.running {
		b.running = true
		go b.run()
	}
	return nil
}

// withdraw ends the waiting of a caller whose context has ended. It returns nil if
// the answer was decided before.
func (b *Batcher[K, T, R]) withdraw(e *entry[K, T, R]) error {
	b.mu.Lock()
	if !e.waiting() {
		b.mu.Unlock()
		return nil
	}
	known := b.detachLocked(e)
	free := e.state == answered
	b.mu.Unlock()

	err := fmt.Errorf("%w: %w", known, e.ctx.Err())
	if free {
		b.recycle(e)
	}
	return err
}

func (b *Batcher[K, T, R]) recycle(e *entry[K, T, R]) {
	e.forget()
	b.entries.Put(e)
}

func (b *Batcher[K, T, R]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	if !b.running {
		b.drainedLocked()
	}
}

func (b *Batcher[K, T, R]) drainedLocked() {
	if b.watchdog != nil {
		b.watchdog.Stop()
	}
	close(b.drained)
}
