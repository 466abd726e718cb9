package groupcommit

// answerLocked gives an error to the caller of an entry that is in no batch.
func (b *Batcher[K, T, R]) answerLocked(e *entry[K, T, R], err error) {
	e.arrival.unlink()
	e.state = answered
	e.err = err
	e.done <- struct{}{}
}

// detachLocked takes a waiting entry away from where it stands and returns what is
// known of its item: ErrNotSent or ErrOutcomeUnknown. The entry is answered if
// nothing refers to it any more, else abandoned.
func (b *Batcher[K, T, R]) detachLocked(e *entry[K, T, R]) error {
	e.arrival.unlink()
	switch e.state {
	case queued:
		b.queue.remove(&e.place)
		e.state = answered
		return ErrNotSent
	case refused:
		e.state = abandoned
		return ErrNotSent
	default:
		e.state = abandoned
		e.flight.leave()
		return ErrOutcomeUnknown
	}
}
