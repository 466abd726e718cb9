package bound

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// MaxFields is how many header fields a request may have, Host not counted.
const MaxFields = 200

const (
	// maxLines of a head are more than a request can have that a [Handler] lets pass:
	// the request line, and fields that net/http takes out of the header.
	maxLines = MaxFields + 4
	// drained is how many bytes of a request that is too large are read, so that the
	// client finds the answer before it finds a reset.
	drained = 64 << 10
)

const tooManyFields = `{"title":"Request Header Fields Too Large","status":431,"code":"too_many_headers","detail":"A request may have at most 200 header fields."}` + "\n"

// head counts the lines of a request's head as they come, so that one with too many
// ends before net/http has made anything of them. It is careful: where a request has
// come together with the one before, it may see less of a head than there is, and the
// [Handler] counts again.
type head struct {
	coming atomic.Bool // a head is expected
	lines  int
	text   bool // the line has something in it
}

// expect begins anew.
func (h *head) expect() {
	h.lines, h.text = 0, false
	h.coming.Store(true)
}

// tooLong counts the lines of a piece, and reports whether there are too many.
func (h *head) tooLong(piece []byte) bool {
	for h.coming.Load() {
		end := bytes.IndexByte(piece, '\n')
		line := piece[:max(end, 0)]
		if end < 0 {
			line = piece
		}
		h.text = h.text || len(bytes.Trim(line, "\r")) > 0
		if end < 0 {
			return false
		}
		if !h.text { // the head has ended, or what looks like one
			h.coming.Store(false)
			return false
		}
		h.text = false
		if h.lines++; h.lines > maxLines {
			return true
		}
		piece = piece[end+1:]
	}
	return false
}

// headed is a connection whose requests' heads are counted. It is above whatever
// encrypts what passes.
type headed struct {
	net.Conn
	head head // of the request that comes next
}

func newHeaded(inner net.Conn) *headed {
	c := &headed{Conn: inner}
	c.head.expect()
	return c
}

// Read implements net.Conn.
func (c *headed) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.head.coming.Load() && c.head.tooLong(p[:n]) {
		return 0, c.refuseHead()
	}
	return n, err
}

// CloseWrite ends what is sent, where the connection can do that.
func (c *headed) CloseWrite() error { return closeWrite(c.Conn) }

// NetConn returns the connection whose heads are counted.
func (c *headed) NetConn() net.Conn { return c.Conn }

// refuseHead answers a request that nobody has read, and ends the connection.
func (c *headed) refuseHead() error {
	_, _ = io.WriteString(c, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"+
		"Connection: close\r\nContent-Length: "+strconv.Itoa(len(tooManyFields))+"\r\n\r\n"+tooManyFields)
	_ = c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.CopyN(io.Discard, c.Conn, drained)
	return io.EOF
}

// hasTooManyFields counts what has been read.
func hasTooManyFields(header http.Header) bool {
	n := 0
	for _, values := range header {
		n += len(values)
	}
	return n > MaxFields
}

func refuseFields(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("Connection", "close")
	w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
	_, _ = io.WriteString(w, tooManyFields)
}
