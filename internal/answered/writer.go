// Package answered notes how a request was answered.
package answered

import (
	"bufio"
	"net"
	"net/http"
)

// Writer counts what is written of an answer.
type Writer struct {
	http.ResponseWriter
	Status int   // 0: none was sent
	Bytes  int64 // of the body, or 0 after the connection was taken over
}

// Unwrap lets http.ResponseController set deadlines.
func (a *Writer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *Writer) WriteHeader(status int) {
	if a.Status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.Status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *Writer) Write(p []byte) (int, error) {
	a.Begin()
	n, err := a.ResponseWriter.Write(p)
	a.Bytes += int64(n)
	return n, err
}

// FlushError is for [http.ResponseController]: to flush begins the answer.
func (a *Writer) FlushError() error {
	a.Begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Begin notes that an answer begins without a status of its own. net/http sends 200 for
// a handler that wrote nothing.
func (a *Writer) Begin() {
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
}

// Hijack implements http.Hijacker: a WebSocket takes over the connection, and writes
// the head of its answer itself.
func (a *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil && a.Status == 0 {
		a.Status = http.StatusSwitchingProtocols
	}
	return conn, buffered, err
}

// Method returns a request's method, or "other": a client can send any text as one.
func Method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return r.Method
	}
	return "other"
}
