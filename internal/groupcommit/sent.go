package groupcommit

import "time"

// Sent tells an observer about a call of Commit.
type Sent struct {
	Items  int
	Queued int           // items that were left waiting for the next batch when this one was sent
	Waited time.Duration // how long the first item had waited when the batch was sent
	Took   time.Duration // from sending the batch until Commit returned
	Err    error         // the error that the callers got, or the reason why the batch was split
}

// noteLocked notes on a flight that is about to start what is told of it later.
func (b *Batcher[K, T, R]) noteLocked(f *flight[K, T, R]) {
	if b.config.Observe == nil {
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

// tell tells of a flight whose Commit has returned at a time.
func (b *Batcher[K, T, R]) tell(f *flight[K, T, R], returned time.Time, err error) {
	if b.config.Observe != nil {
		b.config.Observe(Sent{Items: len(f.entries), Queued: f.queued, Waited: f.waited, Took: returned.Sub(f.started), Err: err})
	}
}

// now returns the time, if anybody is told.
func (b *Batcher[K, T, R]) now() time.Time {
	if b.config.Observe == nil {
		return time.Time{}
	}
	return time.Now()
}
