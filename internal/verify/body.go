package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"sync"
)

// maxBody is the longest request body, in bytes.
const maxBody = 64 << 10

// buffers are what one request reads and writes; they are used again.
type buffers struct {
	in, out bytes.Buffer
	text    []byte // what is written without out
}

var pool = sync.Pool{New: func() any { return new(buffers) }}

func takeBuffers() *buffers { return pool.Get().(*buffers) }

func (b *buffers) giveBack() {
	clear(b.in.Bytes()) // it held a secret
	b.in.Reset()
	b.out.Reset()
	pool.Put(b)
}

// read reads the whole body.
func (b *buffers) read(w http.ResponseWriter, r *http.Request) error {
	_, err := b.in.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &refusal{status: http.StatusRequestEntityTooLarge, code: "body_too_large", detail: "The request body is larger than 64 KiB."}
	}
	if err != nil {
		return invalidBody("", "the body ended early")
	}
	return nil
}

// write answers with one of our wire types.
func (b *buffers) write(w http.ResponseWriter, answer any) {
	if err := json.NewEncoder(&b.out).Encode(answer); err != nil {
		w.WriteHeader(http.StatusInternalServerError) // only a year beyond 9999 can't be written
		return
	}
	sendJSON(w, b.out.Bytes())
}

func sendJSON(w http.ResponseWriter, text []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // the caller may be gone; there is nobody else to tell
}

// checkContentType wants JSON: what a form on another site can send is refused.
func checkContentType(header http.Header) error {
	value := header.Get("Content-Type")
	if value == "application/json" {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(value)
	charset := parameters["charset"]
	if err == nil && mediaType == "application/json" && (charset == "" || charset == "utf-8" || charset == "UTF-8") {
		return nil
	}
	return &refusal{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", detail: "Send application/json in UTF-8."}
}
