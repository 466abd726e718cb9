package testdb

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// direction is where bytes go.
type direction int

const (
	toServer direction = iota
	toClient
)

// queueLength is how many messages of one direction may be on their way.
const queueLength = 1024

// wireConn is one connection through a wire.
type wireConn struct {
	wire  *Wire
	sides [2]net.Conn // by the direction that leads to it
	lossy [2]atomic.Bool
	done  chan struct{}
	once  sync.Once

	open    atomic.Bool     // the last round trip left a transaction open
	commits map[string]bool // prepared statements → whether it is COMMIT
	midTrip bool            // the client has begun a round trip
	hold    hold
}

// parcel is a message on its way.
type parcel struct {
	message message
	due     time.Time
}

func newWireConn(w *Wire, client, server net.Conn) *wireConn {
	return &wireConn{
		wire: w, sides: [2]net.Conn{toServer: server, toClient: client},
		done: make(chan struct{}), commits: make(map[string]bool), hold: newHold(),
	}
}

// carry passes messages on until both sides have gone.
func (c *wireConn) carry() {
	var running sync.WaitGroup
	for _, d := range []direction{toServer, toClient} {
		queue := make(chan parcel, queueLength)
		running.Go(func() { c.collect(d, queue) })
		running.Go(func() { c.deliver(d, queue) })
	}
	running.Wait()
	c.close()
}

// close breaks the connection on both sides.
func (c *wireConn) close() {
	c.once.Do(func() {
		close(c.done)
		_ = c.sides[toServer].Close()
		_ = c.sides[toClient].Close()
	})
}

// collect reads what goes in a direction until its source has gone.
func (c *wireConn) collect(d direction, queue chan<- parcel) {
	defer close(queue)
	source := c.sides[1-d]
	if d == toServer { // the first message of a session has no type
		if first, err := readBody(source, nil); err != nil || !c.send(queue, first) {
			return
		}
	}
	for {
		m, err := readMessage(source)
		if err != nil || !c.send(queue, m) {
			return
		}
	}
}

func (c *wireConn) send(queue chan<- parcel, m message) bool {
	c.wire.mu.Lock()
	due := time.Now().Add(c.wire.delay)
	c.wire.mu.Unlock()
	select {
	case queue <- parcel{m, due}:
		return true
	case <-c.done:
		return false
	}
}

// deliver passes messages on. When their source has gone it closes the other
// side, unless that too would be swallowed.
func (c *wireConn) deliver(d direction, queue <-chan parcel) {
	for p := range queue {
		if !c.await(p.due) {
			continue // until collect has seen it
		}
		switch {
		case c.swallowed(d):
		case d == toServer:
			c.forward(p.message)
		default:
			c.answer(p.message)
		}
	}
	if d == toClient {
		c.hold.end()
	}
	if !c.swallowed(d) && !(d == toServer && c.hold.on.Load()) {
		_ = c.sides[d].Close()
	}
}

// await waits for a time; it returns false if the connection broke before.
func (c *wireConn) await(due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.done:
		}
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// swallowed reports whether nothing more goes in a direction. Once something is
// missing, nothing that follows it may arrive.
func (c *wireConn) swallowed(d direction) bool {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	if c.wire.swallows[d] {
		c.lossy[d].Store(true)
	}
	return c.lossy[d].Load()
}

// forward passes a message of the client's on.
func (c *wireConn) forward(m message) {
	begins := !c.midTrip
	c.midTrip = !m.endsTrip()
	if name, sql, ok := m.parse(); ok {
		c.commits[name] = isCommit(sql)
	}
	switch {
	case c.hold.on.Load(), begins && c.open.Load() && c.wire.holdsNext():
		c.keep(m)
	case m.runs(c.commits) && c.wire.cutsAt(CutBeforeCommit, !c.open.Load()):
		c.close()
	default:
		c.write(toServer, m)
	}
}

// answer passes a message of the server's on.
func (c *wireConn) answer(m message) {
	if c.hold.on.Load() {
		c.hold.note(m)
		return
	}
	whole := !c.open.Load()
	status, ready := m.ready()
	switch {
	case ready && status == 'T' && whole && c.wire.cutsAt(CutFirstSync, false),
		m.committed() && c.wire.cutsAt(CutCommitAnswer, whole):
		c.close()
		return
	case m.committed() && c.wire.cutsAt(CutInsideCommitAnswer, whole):
		c.write(toClient, m[:len(m)/2])
		c.close()
		return
	case ready:
		c.open.Store(status != 'I')
	}
	arrives, last := c.wire.reword(m, whole)
	c.write(toClient, arrives)
	if last {
		c.close()
	}
}

// write ignores errors: that a side has gone is seen by who reads from it.
func (c *wireConn) write(d direction, bytes []byte) { _, _ = io.Writer(c.sides[d]).Write(bytes) }
