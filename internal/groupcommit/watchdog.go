package groupcommit

import (
	"errors"
	"time"
)

// watchLocked arms the watchdog for an item that has just come, if it sleeps. All
// items may wait equally long, so the oldest is always the next to expire, and one
// timer does for all. It is not touched when items are answered: it goes off about
// once per MaxWait, looks at the oldest, and sleeps until that one would expire.
func (b *Batcher[K, T, R]) watchLocked() {
	if b.watching {
		return
	}
	b.watching = true
	if b.watchdog == nil {
		b.watchdog = time.AfterFunc(b.config.MaxWait, b.expire)
	} else {
		b.watchdog.Reset(b.config.MaxWait)
	}
}

// expire answers all who have waited for MaxWait.
func (b *Batcher[K, T, R]) expire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for e := b.arrivals.first(); e != nil; e = b.arrivals.first() {
		if left := e.deadline.Sub(now); left > 0 {
			b.watchdog.Reset(left)
			return
		}
		e.err = errNotSentTimeout
		if known := b.detachLocked(e); errors.Is(known, ErrOutcomeUnknown) {
			e.err = errUnknownTimeout
		}
		e.done <- struct{}{}
	}
	b.watching = false
}
