package groupcommit

import (
	"context"
	"time"
)

// Sent tells an observer about a call of Commit.
type Sent struct {
	Items  int
	Queued int           // items that were left waiting for the next batch when this one was sent
	Waited time.Duration // how long the first item had waited when the batch was sent
	Took   time.Duration // from sending the batch until Commit returned
	Err    error         // the error that the callers got, or the reason why the batch was split
}

// observed reports whether anybody is told of calls of Commit.
func (b *Batcher[K, T, R]) observed() bool { return b.config.Observe != nil || b.config.Start != nil }

// noteLocked notes on a flight that is about to start what is told of it later.
func (b *Batcher[K, T, R]) noteLocked(f *flight[K, T, R]) {
	if !b.observed() {
		return
	}
	f.started, f.queued = time.Now(), b.queue.queued
	first := f.entries[0].deadline
	for _, e := range f.entries[1:] {
		if e.deadline.Before(first) {
			first = e.deadline
		}
	}
	f.waited = f.started.Sub(first.Add(-b.config.MaxWait))
}

// start tells of a flight whose Commit is about to be called. Until it is settled nothing
// else writes the contexts of its entries.
func (b *Batcher[K, T, R]) start(f *flight[K, T, R]) {
	if b.config.Start == nil {
		return
	}
	f.ctx, f.end = b.config.Start(f.ctx, f.sent(), func(yield func(context.Context) bool) {
		for _, e := range f.entries {
			if !yield(e.ctx) {
				return
			}
		}
	})
}

// tell tells of a flight whose Commit has returned at a time.
func (b *Batcher[K, T, R]) tell(f *flight[K, T, R], returned time.Time, err error) {
	if !b.observed() {
		return
	}
	sent := f.sent()
	sent.Took, sent.Err = returned.Sub(f.started), err
	if f.end != nil {
		f.end(sent)
	}
	if b.config.Observe != nil {
		b.config.Observe(sent)
	}
}

// sent returns what is known of a flight from its beginning.
func (f *flight[K, T, R]) sent() Sent {
	return Sent{Items: len(f.items), Queued: f.queued, Waited: f.waited}
}

// now returns the time, if anybody is told.
func (b *Batcher[K, T, R]) now() time.Time {
	if !b.observed() {
		return time.Time{}
	}
	return time.Now()
}
