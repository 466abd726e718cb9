package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// HTTP is a caller's view of an HTTP endpoint over kept-alive connections, one
// per caller. Its own work is as small as it can be, since it shares the
// processors with what is measured.
type HTTP struct {
	requests [][]byte // one per key, ready to be sent
	idle     chan *connection
	allowed  string // what an admitted answer's body contains
}

type connection struct {
	net.Conn
	reader *bufio.Reader
	body   []byte
}

// NewHTTP opens so many connections to addr. It sends the given body for each key.
func NewHTTP(ctx context.Context, addr, path string, header http.Header, bodies [][]byte, connections int, allowed string) (*HTTP, error) {
	h := &HTTP{idle: make(chan *connection, connections), allowed: allowed}
	for _, body := range bodies {
		var head strings.Builder
		fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, addr, len(body))
		for name, values := range header {
			fmt.Fprintf(&head, "%s: %s\r\n", name, values[0])
		}
		h.requests = append(h.requests, append([]byte(head.String()+"\r\n"), body...))
	}
	for range connections {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		h.idle <- &connection{Conn: conn, reader: bufio.NewReader(conn), body: make([]byte, 0, 4096)}
	}
	return h, nil
}

// Count is the [Counter].
func (h *HTTP) Count(_ context.Context, key int) (bool, error) {
	conn := <-h.idle
	defer func() { h.idle <- conn }()
	if _, err := conn.Write(h.requests[key]); err != nil {
		return false, err
	}
	status, err := conn.read()
	if err != nil || status != http.StatusOK {
		return false, fmt.Errorf("got status %d: %w", status, err)
	}
	return strings.Contains(string(conn.body), h.allowed), nil
}

// Close closes the connections. No call may be under way.
func (h *HTTP) Close() {
	for range cap(h.idle) {
		_ = (<-h.idle).Close()
	}
}

// read reads one answer: just enough of HTTP/1.1 for a server that sends
// Content-Length.
func (c *connection) read() (status int, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(line), "HTTP/1.1 %d", &status); err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if text, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if _, err := fmt.Sscanf(text, "%d", &length); err != nil {
				return 0, err
			}
		}
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.reader, c.body)
	return status, err
}

// Serve serves a handler on a free port until the returned function is called.
func Serve(handler http.Handler) (addr string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a loopback port
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler} //nolint:gosec // loopback, for one measurement
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), func() { _ = server.Close() }, nil
}
