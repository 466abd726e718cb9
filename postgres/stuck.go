package postgres

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
)

// stuckFor is how long a key is remembered that nobody asks for any more.
const stuckFor = time.Minute

// stuckKeys are keys whose row was locked for longer than lock_timeout. Until
// one is found free, batches don't wait for it, so that one stuck row stalls
// nobody else.
type stuckKeys struct {
	count atomic.Int64
	mu    sync.Mutex
	keys  map[ration.KeyID]time.Time
}

// mark marks the batch's keys that are stuck.
func (s *stuckKeys) mark(b *work) {
	if s.count.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.keys {
		_, b.keys[i].stuck = s.keys[b.keys[i].id]
	}
}

// note takes in what a batch found of keys that it did not wait for.
func (s *stuckKeys) note(b *work) {
	for i := range b.keys {
		if k := &b.keys[i]; k.stuck {
			s.set(k.id, k.exists && !k.locked)
		}
	}
}

func (s *stuckKeys) set(id ration.KeyID, stuck bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stuck {
		s.keys[id] = time.Now()
	} else {
		delete(s.keys, id)
	}
	for other, since := range s.keys {
		if time.Since(since) > stuckFor {
			delete(s.keys, other)
		}
	}
	s.count.Store(int64(len(s.keys)))
}
