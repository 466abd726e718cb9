package postgres

import (
	"maps"
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
	if s.count.Load() == 0 && !b.metStuck() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.keys {
		if k := &b.keys[i]; k.isStuck() {
			s.keys[k.id] = stuckKey{holder: k.stuckOn, since: time.Now()}
		} else {
			delete(s.keys, k.id)
		}
	}
	maps.DeleteFunc(s.keys, func(_ ration.KeyID, stuck stuckKey) bool { return time.Since(stuck.since) > stuckFor })
	s.count.Store(int64(len(s.keys)))
}

func (b *work) metStuck() bool {
	for i := range b.keys {
		if b.keys[i].isStuck() {
			return true
		}
	}
	return false
}

// isStuck reports whether the last attempt found the key still locked by the
// transaction that it is stuck on.
func (k *keyWork) isStuck() bool { return k.stuckOn != 0 && k.exists && !k.locked }
