package proxy

import "io"

// watched is a body whose reader is watched.
type watched struct {
	io.ReadCloser
	note func([]byte)
	end  func() // all of it was read
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.note(p[:n])
	}
	if err == io.EOF {
		w.end()
	}
	return n, err
}
