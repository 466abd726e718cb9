package groupcommit

// WaitingKeys is how many keys the queue holds a struct for.
func (b *Batcher[K, T, R]) WaitingKeys() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue.keys)
}

// SpareKeys is how many structs of keys the queue keeps for the keys to come.
func (b *Batcher[K, T, R]) SpareKeys() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue.spare)
}

// Waiting is how many callers have no answer yet, queued or sent.
func (b *Batcher[K, T, R]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for node := b.arrivals.root.next; node != &b.arrivals.root; node = node.next {
		n++
	}
	return n
}
