package groupcommit

import (
	"context"
	"time"
)

// state is where an entry stands. It changes only under the Batcher's lock.
type state uint8

const (
	queued    state = iota // in the queue; nothing else refers to the entry
	sent                   // Commit is under way with it
	refused                // Commit failed for certain; it waits for its half's turn
	answered               // its answer is decided; nothing refers to it but Do
	abandoned              // its caller has an answer, its batch still refers to it
)

// entry is one item and the caller that waits for it.
type entry[K comparable, T, R any] struct {
	ctx      context.Context // the caller's: asked once more before the item is sent
	item     T
	deadline time.Time
	state    state
	flight   *flight[K, T, R] // the call of Commit that it is in, while sent

	place   place[K, entry[K, T, R]] // while queued
	arrival node[entry[K, T, R]]     // while waiting at all, for the watchdog

	result R
	err    error
	done   chan struct{} // holds one token once result and err are set
}

func newEntry[K comparable, T, R any]() *entry[K, T, R] {
	e := &entry[K, T, R]{done: make(chan struct{}, 1)}
	e.place.of, e.arrival.of = e, e
	return e
}

// waiting reports whether the caller still has no answer.
func (e *entry[K, T, R]) waiting() bool { return e.state < answered }

// forget drops what a pooled entry must not keep alive.
func (e *entry[K, T, R]) forget() {
	e.ctx, e.flight, e.place.queue, e.err = nil, nil, nil, nil
	e.item, e.result = *new(T), *new(R)
}
