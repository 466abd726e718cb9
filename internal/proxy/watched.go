package proxy

import "io"

// watched is a body whose reader is watched.
type watched struct {
	io.ReadCloser
	note func([]byte)
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.note(p[:n])
	}
	return n, err
}
