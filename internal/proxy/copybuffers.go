package proxy

import "sync"

// copyBuffers lends httputil.ReverseProxy what it copies answers with.
type copyBuffers struct{}

var bufferPool = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// Get implements httputil.BufferPool.
func (copyBuffers) Get() []byte { return bufferPool.Get().(*[32 << 10]byte)[:] }

// Put implements httputil.BufferPool.
func (copyBuffers) Put(buffer []byte) { bufferPool.Put((*[32 << 10]byte)(buffer)) }
