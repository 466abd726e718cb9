package groupcommit

import "math/bits"

// fairQueue holds the items that wait for a batch: one FIFO per key, and the keys
// in a ring in the order of their turns. Every operation takes constant time per
// item. It is not safe for concurrent use.
type fairQueue[K comparable, E any] struct {
	maxKeys, maxItems, room int

	queued  int
	keys    map[K]*keyQueue[K, E]
	turns   list[keyQueue[K, E]]
	lengths [bits.UintSize + 1]list[keyQueue[K, E]] // see evict.go
	spare   []*keyQueue[K, E]
}

// keyQueue is what waits of one key; it exists only while something does.
type keyQueue[K comparable, E any] struct {
	key     K
	waiting int
	items   list[E]
	turn    node[keyQueue[K, E]]
	length  node[keyQueue[K, E]]
}

// place is an item's place in a fairQueue, a field of the item.
type place[K comparable, E any] struct {
	node[E]
	queue *keyQueue[K, E]
}

func newFairQueue[K comparable, E any](maxKeys, maxItems, room int) *fairQueue[K, E] {
	q := &fairQueue[K, E]{maxKeys: maxKeys, maxItems: maxItems, room: room, keys: map[K]*keyQueue[K, E]{}}
	q.turns.init()
	for i := range q.lengths {
		q.lengths[i].init()
	}
	return q
}

// push queues the item at p behind those of its key. When there is no room it
// either refuses (ok is false) or makes room by giving back another key's item.
func (q *fairQueue[K, E]) push(key K, p *place[K, E]) (evicted *E, ok bool) {
	if q.queued >= q.room {
		if evicted = q.evict(q.waitingOf(key) + 1); evicted == nil {
			return nil, false
		}
	}
	p.queue = q.keys[key]
	if p.queue == nil {
		p.queue = q.newKey(key)
	}
	p.queue.items.pushBack(&p.node)
	q.resize(p.queue, +1)
	return evicted, true
}

// remove takes the item at p out of the queue, wherever it stands.
func (q *fairQueue[K, E]) remove(p *place[K, E]) {
	queue := p.queue
	p.unlink()
	q.resize(queue, -1)
	if queue.waiting == 0 {
		queue.turn.unlink()
		q.dropKey(queue)
	}
}

// take appends the next batch to batch. The keys whose turn is next, as many as a
// batch may have, give one item each, round after round. Then the ring goes on
// with the keys that had no turn, before those that have more.
func (q *fairQueue[K, E]) take(batch []*E) []*E {
	var served list[keyQueue[K, E]]
	served.init()
	for range min(q.maxKeys, q.maxItems, len(q.keys)) {
		queue := q.turns.first()
		queue.turn.unlink()
		served.pushBack(&queue.turn)
	}
	for n := 0; n < q.maxItems && served.first() != nil; n++ {
		queue := served.first()
		queue.turn.unlink()
		batch = append(batch, q.pop(queue))
		if queue.waiting > 0 {
			served.pushBack(&queue.turn)
		} else {
			q.dropKey(queue)
		}
	}
	q.turns.pushBackAll(&served)
	return batch
}

func (q *fairQueue[K, E]) pop(queue *keyQueue[K, E]) *E {
	item := queue.items.root.next
	item.unlink()
	q.resize(queue, -1)
	return item.of
}

func (q *fairQueue[K, E]) waitingOf(key K) int {
	if queue := q.keys[key]; queue != nil {
		return queue.waiting
	}
	return 0
}

func (q *fairQueue[K, E]) newKey(key K) *keyQueue[K, E] {
	var queue *keyQueue[K, E]
	if n := len(q.spare); n > 0 {
		queue, q.spare = q.spare[n-1], q.spare[:n-1]
	} else {
		queue = new(keyQueue[K, E])
		queue.items.init()
		queue.turn.of, queue.length.of = queue, queue
	}
	queue.key = key
	q.keys[key] = queue
	q.turns.pushBack(&queue.turn)
	return queue
}

// dropKey forgets a key of which nothing waits. As many structs as one batch may
// empty are kept for the keys to come.
func (q *fairQueue[K, E]) dropKey(queue *keyQueue[K, E]) {
	delete(q.keys, queue.key)
	queue.key = *new(K)
	if len(q.spare) < q.maxKeys {
		q.spare = append(q.spare, queue)
	}
}
