package testdb

import (
	"sync"
	"sync/atomic"
)

// hold is a round trip that is kept back. The client believes its connection
// broken; the server still waits for the client.
type hold struct {
	on     atomic.Bool
	bytes  []byte
	tag    atomic.Bool // the server has answered COMMIT
	over   chan struct{}
	finish sync.Once
}

func newHold() hold { return hold{over: make(chan struct{})} }

// HoldNext keeps back the next round trip, all of it, that continues an open
// transaction: of a decision, its writes and COMMIT. Once it has come in, the
// client's connection breaks, and the server's waits.
func (w *Wire) HoldNext() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holds++
}

// Held returns how many round trips are kept back.
func (w *Wire) Held() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held)
}

// Release hands the server what was kept back, waits until it has answered or
// closed the connections, and returns how many transactions it committed.
func (w *Wire) Release() (committed int) {
	w.mu.Lock()
	held := w.held
	w.held = nil
	w.mu.Unlock()
	for _, c := range held {
		c.write(toServer, c.hold.bytes)
		<-c.hold.over
		if c.hold.tag.Load() {
			committed++
		}
		c.close()
	}
	return committed
}

func (w *Wire) holdsNext() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holds == 0 {
		return false
	}
	w.holds--
	return true
}

// keep keeps a message of a round trip; with its last one the client is gone.
func (c *wireConn) keep(m message) {
	c.hold.on.Store(true)
	c.hold.bytes = append(c.hold.bytes, m...)
	if !m.endsTrip() {
		return
	}
	c.wire.mu.Lock()
	c.wire.held = append(c.wire.held, c)
	c.wire.mu.Unlock()
	_ = c.sides[toClient].Close()
}

// note takes in an answer to what was released.
func (h *hold) note(m message) {
	if m.committed() {
		h.tag.Store(true)
	}
	if _, ready := m.ready(); ready {
		h.end()
	}
}

func (h *hold) end() { h.finish.Do(func() { close(h.over) }) }
