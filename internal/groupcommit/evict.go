package groupcommit

import "math/bits"

// This file says which item gives way when the queue is full. A limit per key would
// not be enough: two busy keys with half the room each would still shut out all
// others. So no key is limited while there is room. A full queue takes room back from
// the key that has the most items: its newest item gives way. An item is refused only
// while no other key has more than twice the items that its own key would then have.
// In particular, a key without waiting items is refused only while as many different
// keys wait as there is room for items.
//
// To find the longest queue in constant time, keys are listed by the number of
// bits in their length, so "longest" is right within a factor of two. Keys with
// one item can't give way and are not listed, which keeps the common case free.

// evict takes the newest item of the longest queue out, if that queue is in a
// longer class than one of the given length. It returns nil if there is none.
func (q *fairQueue[K, E]) evict(length int) *E {
	class := bits.Len(uint(q.room))
	for class > bits.Len(uint(length)) && q.lengths[class].first() == nil {
		class--
	}
	if class <= bits.Len(uint(length)) {
		return nil
	}
	queue := q.lengths[class].first()
	newest := queue.items.root.prev
	newest.unlink()
	q.resize(queue, -1)
	return newest.of
}

// resize notes that a queue grew or shrank by delta items.
func (q *fairQueue[K, E]) resize(queue *keyQueue[K, E], delta int) {
	was := bits.Len(uint(queue.waiting))
	q.queued += delta
	queue.waiting += delta
	is := bits.Len(uint(queue.waiting))
	if was == is {
		return
	}
	if was > 1 {
		queue.length.unlink()
	}
	if is > 1 {
		q.lengths[is].pushBack(&queue.length)
	}
}
