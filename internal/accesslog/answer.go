package accesslog

import (
	"bufio"
	"net"
	"net/http"
)

// answer counts what is written of an answer.
type answer struct {
	http.ResponseWriter
	status int   // 0: none was sent
	bytes  int64 // of the body, or 0 after the connection was taken over
}

// Unwrap lets http.ResponseController set deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	a.begin()
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// FlushError is for [http.ResponseController]: to flush begins the answer.
func (a *answer) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// begin notes that an answer begins without a status of its own.
func (a *answer) begin() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
}

// Hijack implements http.Hijacker: a WebSocket takes over the connection, and writes
// the head of its answer itself.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil && a.status == 0 {
		a.status = http.StatusSwitchingProtocols
	}
	return conn, buffered, err
}
