package override

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// ErrFound says that a body names another method, or another path. What came before the name
// was passed on, the name was not.
var ErrFound = errors.New("the body names another method or path than the request's")

// maxKept bounds what is kept back of a body to look at a name whole. No name of a
// part is longer, and what is gets ErrFound.
const maxKept = 8 << 10

// Unreadable says why a form can't be looked through, or "": what it holds may
// then be read differently by the upstream.
func Unreadable(header http.Header) string {
	kinds := strings.ToLower(strings.Join(header["Content-Type"], ","))
	isForm := strings.Contains(kinds, "urlencoded") || strings.Contains(kinds, "multipart/")
	coding := strings.ToLower(strings.Join(header["Content-Encoding"], ","))
	if isForm && coding != "" && coding != "identity" {
		return "a form is encoded"
	}
	_, charset, found := strings.Cut(kinds, "charset")
	if !found || !isForm && !strings.Contains(kinds, "json") {
		return ""
	}
	charset = strings.TrimLeft(charset, ` ="'*`)
	for _, usual := range []string{"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"} {
		if strings.HasPrefix(charset, usual) {
			return ""
		}
	}
	return "a form is in another character set than UTF-8"
}

// Reader passes a body on as far as it has none of the words. One goroutine reads
// at a time; Found may be asked by any.
type Reader struct {
	io.ReadCloser
	scanners []scanner
	piece    []byte // to read into
	data     []byte // what was read and not passed on yet
	safe     int    // how much of it may be
	err      error  // what comes after data
	found    atomic.Bool
}

// NewReader returns a reader of a body with a header, which looks for words. A body without a content
// type is looked at as a form, because some frameworks read it as one.
func NewReader(body io.ReadCloser, header http.Header, words Words) *Reader {
	kinds := strings.ToLower(strings.Join(header["Content-Type"], ","))
	r := &Reader{ReadCloser: body}
	if strings.TrimSpace(kinds) == "" || strings.Contains(kinds, "urlencoded") {
		r.scanners = append(r.scanners, &form{words: words})
	}
	if strings.Contains(kinds, "multipart/") {
		r.scanners = append(r.scanners, parts{words})
	}
	if strings.Contains(kinds, "json") {
		r.scanners = append(r.scanners, members{words})
	}
	if len(r.scanners) > 1 {
		r.scanners = nil // several types: whichever it is, nothing of it is read
		r.fail()
	}
	return r
}

// Found reports whether the body has one of the words.
func (r *Reader) Found() bool { return r.found.Load() }

func (r *Reader) fail() {
	r.found.Store(true)
	r.data, r.safe, r.err = nil, 0, ErrFound
}

// Read implements io.Reader. Its error is [ErrFound], or the body's own.
func (r *Reader) Read(p []byte) (int, error) {
	if len(r.scanners) == 0 && r.err == nil {
		return r.ReadCloser.Read(p)
	}
	for r.safe == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.readMore()
	}
	n := copy(p, r.data[:r.safe])
	r.data, r.safe = r.data[n:], r.safe-n
	return n, nil
}

// readMore reads a piece and looks at it.
func (r *Reader) readMore() {
	if r.piece == nil {
		r.piece = make([]byte, 8<<10)
	}
	n, err := r.ReadCloser.Read(r.piece)
	r.data = append(r.data, r.piece[:n]...)
	if err != nil && !errors.Is(err, io.EOF) {
		r.data, r.err = nil, err // what was kept back is a name without its end
		return
	}
	safe, found := r.scanners[0].scan(r.data, err != nil)
	if found || len(r.data)-safe > maxKept {
		r.fail()
		return
	}
	r.safe, r.err = safe, err
}
