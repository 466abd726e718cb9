package postgres

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/ration-dev/ration"
)

// looks is how often a watch looks at who has a key.
const looks = 5

// errMovedOn says that a key which a batch did not wait for is locked, but no
// longer by the transaction that it was stuck on.
var errMovedOn = errors.New("a key is no longer stuck")

// holdersSQL tells which transaction locked a key last. It takes no lock and
// waits for none. The primary key serves it.
const holdersSQL = `
SELECT api_key_id, xmax
FROM key_usage
WHERE api_key_id = ANY($1::uuid[]) AND meter = '` + ration.MeterRequests + `'`

// watch finds out which keys of a batch are stuck after waiting for one of them
// took too long: those that one transaction keeps for the lock timeout, while the
// batch has no lock itself. A key that is merely busy goes from hand to hand. One
// that is free, and bears the mark of an old lock, passes for stuck, which does
// no harm: it can be had without waiting.
func (s *Store) watch(ctx context.Context, b *work) {
	kept := s.holders(ctx, b)
	lockTimeout := s.config.timeouts.lock
	for start := time.Now(); len(kept) > 0 && time.Since(start) < lockTimeout; {
		if !sleep(ctx, lockTimeout/looks) {
			return
		}
		now := s.holders(ctx, b)
		maps.DeleteFunc(kept, func(id ration.KeyID, holder xid) bool { return now[id] != holder })
	}
	for i := range b.keys {
		b.keys[i].stuckOn = kept[b.keys[i].id]
	}
}

// holders returns which transactions have locked keys of a batch, none of them if
// the server does not say.
func (s *Store) holders(ctx context.Context, b *work) map[ration.KeyID]xid {
	l, err := s.takeLane(ctx)
	if err != nil {
		return nil
	}
	defer s.giveLane(l)
	if _, err := l.connect(ctx); err != nil {
		return nil
	}
	keys, found := newUUIDs(), make(map[ration.KeyID]xid)
	for i := range b.keys {
		keys.addUUID(b.keys[i].id)
	}
	err = l.readSingle(stmtHolders, func(r *row) {
		if id, holder := r.holder(); holder != 0 {
			found[id] = holder
		}
	}, [][]byte{keys.param()})
	if err != nil {
		return nil
	}
	return found
}

// holder reads a row of holdersSQL.
func (r *row) holder() (id ration.KeyID, holder xid) {
	id = r.uuid()
	return id, r.xid()
}

// takeHolder takes in who has a key that the batch did not wait for.
func (b *work) takeHolder(r *row) {
	id, holder := r.holder()
	if k := b.key(id); k != nil {
		k.heldBy = holder
	}
}

// moveOn makes the batch wait again for keys that are not stuck any more. It
// reports whether there are any that it could not get.
func (b *work) moveOn() (moved bool) {
	for i := range b.keys {
		k := &b.keys[i]
		if k.stuckOn != 0 && k.exists && !k.locked && k.heldBy != k.stuckOn {
			k.stuckOn, moved = 0, true
		}
	}
	return moved
}
