package postgres

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
)

// stuckFor is how long a key is remembered that nobody asks for any more.
const stuckFor = time.Minute

// xid is a transaction's id as a row's xmax tells it. 0: none.
type xid uint32

// stuckKeys are keys that one transaction has kept locked for the lock timeout or
// longer. While that transaction has one, batches don't wait for the key, so that
// one stuck row stalls nobody else.
type stuckKeys struct {
	count atomic.Int64
	mu    sync.Mutex
	keys  map[ration.KeyID]stuckKey
}

type stuckKey struct {
	holder xid
	since  time.Time
}

// mark marks the batch's keys that are stuck.
func (s *stuckKeys) mark(b *work) {
	if s.count.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.keys {
		b.keys[i].stuckOn = s.keys[b.keys[i].id].holder
	}
}

// note takes in which keys a batch found stuck, and which not.
func (s *stuckKeys) note(b *work) {
	for i := range b.keys {
		k := &b.keys[i]
		switch {
		case k.stuckOn != 0 && k.exists && !k.locked:
			s.set(k.id, k.stuckOn)
		case s.count.Load() > 0:
			s.set(k.id, 0)
		}
	}
}

// set remembers on which transaction a key is stuck; 0: on none.
func (s *stuckKeys) set(id ration.KeyID, holder xid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if holder == 0 {
		delete(s.keys, id)
	} else {
		s.keys[id] = stuckKey{holder: holder, since: time.Now()}
	}
	for other, stuck := range s.keys {
		if time.Since(stuck.since) > stuckFor {
			delete(s.keys, other)
		}
	}
	s.count.Store(int64(len(s.keys)))
}
