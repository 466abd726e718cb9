package admin

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// useTimeout bounds one write of last uses.
	useTimeout = 10 * time.Second
	// useGrace is how long the end of the checks waits for it.
	useGrace = time.Second
	// maxNoted is how many are remembered as noted.
	maxNoted = 10_000
)

// lastUses writes when tokens, or sessions, were last used, in the background: nobody waits for
// it, and if a write fails, the next use after an interval tries again. It is safe for
// concurrent use.
type lastUses struct {
	write func(ctx context.Context, ids []uuid.UUID, at time.Time) error
	stop  context.CancelFunc // ends the write under way
	ctx   context.Context    // of writes, which belong to no caller

	mu      sync.Mutex
	noted   map[uuid.UUID]time.Time // when the last use was noted, written or not
	waiting map[uuid.UUID]time.Time // uses to be written
	idle    chan struct{}           // closed when nothing is under way; nil: nothing is
	closed  bool
}

func newLastUses(write func(context.Context, []uuid.UUID, time.Time) error) *lastUses {
	u := &lastUses{write: write, noted: make(map[uuid.UUID]time.Time), waiting: make(map[uuid.UUID]time.Time)}
	u.ctx, u.stop = context.WithCancel(context.Background())
	return u
}

// note takes in that one was used now, by the store's time, and last at another time.
func (u *lastUses) note(id uuid.UUID, last, now time.Time) {
	if isRecent(last, now) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed || isRecent(u.noted[id], now) {
		return
	}
	if len(u.noted) >= maxNoted {
		clear(u.noted)
	}
	u.noted[id], u.waiting[id] = now, now
	if u.idle == nil {
		u.idle = make(chan struct{})
		go u.writeAll()
	}
}

// isRecent reports whether a use needs no writing, since another one was noted less
// than an interval before. What lies ahead is no use: a clock was ahead.
func isRecent(last, now time.Time) bool {
	return !last.After(now) && now.Sub(last) < TokenUseInterval
}

// writeAll writes until nothing waits.
func (u *lastUses) writeAll() {
	for {
		ids, at := u.take()
		if len(ids) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(u.ctx, useTimeout)
		_ = u.write(ctx, ids, at) // there is nobody to tell, and readiness tells of the store
		cancel()
	}
}

// take returns those that wait, in the order of their locks, and the latest time
// at which one was used. If none waits, nothing is under way any more.
func (u *lastUses) take() (ids []uuid.UUID, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, used := range u.waiting {
		ids = append(ids, id)
		if used.After(at) {
			at = used
		}
	}
	clear(u.waiting)
	if len(ids) == 0 {
		close(u.idle)
		u.idle = nil
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return ids, at
}

// close waits a moment until what was noted is written, which is not worth waiting for
// longer.
func (u *lastUses) close() {
	u.mu.Lock()
	u.closed = true
	idle := u.idle
	u.mu.Unlock()
	defer u.stop()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(useGrace):
		u.stop()
		<-idle
	}
}
