package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// body is a request's body on its way to the upstream. It remembers whether it
// was the client that broke it off.
type body struct {
	io.ReadCloser
	broken atomic.Bool
}

// newBody puts a body in the place of the outgoing request's, so that it is sent
// once: http.Transport repeats requests without a body, or with one that it can
// get again, if their method is safe or they have an idempotency key. A charge
// pays for one call.
func newBody(in, out *http.Request) *body {
	b := &body{ReadCloser: out.Body}
	out.GetBody = nil
	switch {
	case out.Body != nil:
		out.Body = b
	case in.Method == http.MethodGet || in.Method == http.MethodHead || in.Method == http.MethodOptions:
		// For these methods Transport looks whether there is anything to read
		// before it announces a body.
		b.ReadCloser = http.NoBody
		out.Body = b
	default:
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} { // Transport knows them by this spelling
			if values, sent := out.Header[name]; sent {
				delete(out.Header, name)
				out.Header[strings.ToLower(name)] = values
			}
		}
	}
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.broken.Store(true)
	}
	return n, err
}

// copyBuffers lends httputil.ReverseProxy what it copies answers with.
type copyBuffers struct{}

var bufferPool = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// Get implements httputil.BufferPool.
func (copyBuffers) Get() []byte { return bufferPool.Get().(*[32 << 10]byte)[:] }

// Put implements httputil.BufferPool.
func (copyBuffers) Put(buffer []byte) { bufferPool.Put((*[32 << 10]byte)(buffer)) }
