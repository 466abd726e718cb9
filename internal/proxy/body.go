package proxy

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// patience is how long an answer waits for the rest of a request's body. What was
	// sent in one go with its header is there by then; only whoever sends for longer
	// than that and is answered early loses the connection.
	patience = 50 * time.Millisecond
	// linger is how long a connection that ends is read on after the answer, so that
	// a client that still sends finds the answer before it finds a reset.
	linger = 500 * time.Millisecond
	// drained is how many bytes that nobody wants are read for the sake of a
	// connection. It is what net/http takes.
	drained = 256 << 10
)

// body is a request's body as the client sends it. Everybody reads it through here,
// one at a time: http.Transport, also for a while after it has given an answer, and
// we, when what it has left must be out of the way. After stop nobody does, because
// then net/http looks for the next request on the same connection.
//
// What follows a body may be taken for a request only where the body is whole. So an
// answer asks endsWithin before it begins.
type body struct {
	source   io.Reader
	length   int64       // as announced; -1: in chunks
	awaited  bool        // the client waits for a word (100 Continue) before it sends
	lent     atomic.Bool // to the transport
	released atomic.Bool // it reads no more
	stopped  atomic.Bool // nobody does
	draining sync.Once

	reading sync.Mutex // held by who reads the source
	read    atomic.Int64
	over    chan struct{} // closed once the source has said how it ends
	end     error         // and how: io.EOF, or what broke it off
	spent   chan struct{} // closed once we have read as much as we want
}

func newBody(r *http.Request) *body {
	b := &body{source: r.Body, length: r.ContentLength, awaited: r.Header.Get("Expect") != "", over: make(chan struct{}), spent: make(chan struct{})}
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		b.finish(io.EOF)
	}
	return b
}

// Read implements io.Reader for the transport.
func (b *body) Read(p []byte) (int, error) { return b.readUnless(&b.released, p) }

// Close implements io.Closer for the transport, which closes the body of a request
// that it can't send. The source stays open: to close it is to read it.
func (b *body) Close() error {
	b.released.Store(true)
	return nil
}

// readUnless reads what comes next, if there is not yet a reason against it.
func (b *body) readUnless(against *atomic.Bool, p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	switch {
	case b.isOver(): // net/http closes the source of a body that is whole, which forgets that it was
		return 0, b.end
	case against.Load() || b.stopped.Load():
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.source.Read(p)
	b.read.Add(int64(n))
	if err != nil {
		b.finish(err)
	}
	return n, err
}

func (b *body) finish(end error) {
	b.end = end
	close(b.over)
}

// broke reports whether the body has ended otherwise than it should.
func (b *body) broke() bool { return b.isOver() && b.end != io.EOF } //nolint:errorlint // a body ends with io.EOF itself

func (b *body) isOver() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// endsWithin waits for the end of the body, for as long as there may be one soon,
// and reports whether it came as it should. What the transport has left is read and
// forgotten.
func (b *body) endsWithin(wait time.Duration) bool {
	if !b.isOver() && b.isNear() {
		if !b.lent.Load() || b.released.Load() {
			b.draining.Do(func() { go b.drain() })
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-b.over:
		case <-b.spent:
		case <-timer.C:
		}
	}
	return b.isOver() && b.end == io.EOF //nolint:errorlint // see broke
}

// isNear reports whether the end may come without more than we would read for it,
// and without a word that we have not said.
func (b *body) isNear() bool {
	read := b.read.Load()
	return b.length-read <= drained && (!b.awaited || read > 0)
}

// drain reads up to what we would read for nothing.
func (b *body) drain() {
	defer close(b.spent)
	buffer := copyBuffers{}.Get()
	defer copyBuffers{}.Put(buffer)
	for left := drained; left > 0; {
		n, err := b.readUnless(&b.stopped, buffer)
		if err != nil {
			return
		}
		left -= n
	}
}

// stop returns once nobody reads the body any more, nor will: a reader that waits
// for the client is woken up by a deadline. What is left of the body is then for the
// server to read, for a moment, after the answer.
func (b *body) stop(deadline func(time.Time) error) {
	b.stopped.Store(true)
	if b.isOver() {
		return
	}
	if !b.reading.TryLock() {
		if deadline(time.Unix(1, 0)) != nil { // no connection that waits for anything
			return
		}
		b.reading.Lock()
	}
	b.reading.Unlock()
	_ = deadline(time.Now().Add(linger)) // as above
}
