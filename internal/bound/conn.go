package bound

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// looks is how often, while the grace runs out, it is looked whether a client that is
// waited for has taken anything. By itself the system tells only when there is room
// for a good deal.
const looks = 4

// conn is a connection that times who reads its answers.
type conn struct {
	net.Conn
	listener *Listener
	client   netip.Addr // zero: bounded only with all others

	// The listener's, under its lock.
	left          bool
	inAll, inPeer *list.Element // while idle
	idle          atomic.Bool   // inAll is set

	writing sync.Mutex
	reader  patience   // with who reads answers
	queued  func() int // bytes that the other end has not yet confirmed; -1: nobody knows

	deadlines sync.Mutex
	readBy    time.Time // what others have set; zero: none
	bodyBy    time.Time // until when bytes of a body are waited for; zero: not
	writeBy   time.Time // what others have set; zero: none
}

func newConn(l *Listener, inner net.Conn) *conn {
	return &conn{Conn: inner, listener: l, reader: newPatience(l.config.Pace), queued: func() int { return unconfirmed(inner) }}
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.idle.Load() && !c.listener.busy(c) {
		return 0, net.ErrClosed // it had to make room at this very moment
	}
	return n, err
}

// Write implements net.Conn. It ends with os.ErrDeadlineExceeded if the other end
// takes less than it must.
func (c *conn) Write(p []byte) (int, error) {
	if c.reader.unlimited() {
		return c.Conn.Write(p)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	total, queued := 0, -1
	for {
		start := time.Now()
		if err := c.Conn.SetWriteDeadline(earlier(start.Add(min(c.reader.left, c.reader.pace.Grace/looks)), c.writeDeadline())); err != nil {
			return total, err
		}
		n, err := c.Conn.Write(p[total:])
		total += n
		moved := n
		timeout := errors.Is(err, os.ErrDeadlineExceeded)
		if timeout {
			before := queued
			if queued = c.queued(); before >= 0 && queued >= 0 {
				moved = max(before+n-queued, 0)
			}
		}
		c.reader.spend(time.Since(start), moved)
		if !timeout || c.reader.left <= 0 || isPast(c.writeDeadline()) {
			return total, err
		}
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.listener.leave(c)
	return c.Conn.Close()
}

// CloseWrite ends what is sent, where the connection can do that.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, able := c.(interface{ CloseWrite() error }); able {
		return half.CloseWrite()
	}
	return nil
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn. Nobody waits for a body any more then, unless
// [conn.waitForBody] is called again.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.readBy, c.bodyBy = t, time.Time{}
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn. It comes on top of the pace, and holds from
// the next Write on.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.writeBy = t
	if c.reader.unlimited() || isPast(t) {
		return c.Conn.SetWriteDeadline(t)
	}
	return nil
}

// waitForBody sets until when bytes of a body are waited for, on top of what others
// have set.
func (c *conn) waitForBody(until time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.bodyBy = until
	return c.Conn.SetReadDeadline(earlier(until, c.readBy))
}

func (c *conn) writeDeadline() time.Time {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	return c.writeBy
}

// earlier returns the earlier of two deadlines; the zero Time is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

func isPast(deadline time.Time) bool { return !deadline.IsZero() && !deadline.After(time.Now()) }
