package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// body is a request's body on its way to the upstream. It remembers whether it
// was the client that broke it off. It can't be read twice, and even where there
// is nothing to read it is not nil: http.Transport sends requests again that
// have no body or can repeat it, and a charge pays for one call.
type body struct {
	io.ReadCloser
	broken atomic.Bool
}

func newBody(in, out *http.Request) *body {
	b := &body{ReadCloser: out.Body}
	if out.Body == nil {
		b.ReadCloser = http.NoBody
	}
	out.Body, out.GetBody = b, nil
	out.ContentLength = in.ContentLength
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
