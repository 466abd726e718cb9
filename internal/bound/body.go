package bound

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// body is a request's body, for whose bytes nobody waits longer than they are due.
// One reader reads it at a time.
type body struct {
	io.ReadCloser
	conn   *conn
	sender patience
	over   atomic.Bool // nothing is waited for any more
}

// Read implements io.Reader. It ends with os.ErrDeadlineExceeded if the client sends
// less than it must.
func (b *body) Read(p []byte) (int, error) {
	if b.over.Load() {
		return b.ReadCloser.Read(p)
	}
	start := time.Now()
	if err := b.conn.waitForBody(start.Add(b.sender.left)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.sender.spend(time.Since(start), n)
	if err != nil {
		b.end(err)
	}
	return n, err
}

// end lets the connection wait again for what may take any time, such as the next
// request, or the end of a client that listens to a stream.
func (b *body) end(err error) {
	if !b.over.Swap(true) && errors.Is(err, io.EOF) {
		_ = b.conn.waitForBody(time.Time{}) // a connection that is closed waits for nothing
	}
}

// leave ends the waiting of the handler. What it has not read the server reads, for a
// moment, to end the connection in good order.
func (b *body) leave() {
	if !b.over.Swap(true) {
		_ = b.conn.waitForBody(time.Now().Add(linger)) // as above
	}
}

// linger is how long what nobody wants of a body is read.
const linger = 2 * time.Second
