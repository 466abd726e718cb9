package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"github.com/ration-dev/ration/internal/rewrite"
)

// bodyFields speak of a body byte for byte, or promise to.
var bodyFields = []string{"Etag", "Last-Modified", "Accept-Ranges", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"}

// rewrites reports whether the answers to a request may be rewritten.
func (p *Proxy) rewrites(x *exchange) bool {
	return p.config.Rewrite != nil && !x.Route.Free && !x.Route.NoRewrite
}

// rewriteBody writes what the decision of this very request tells into a JSON
// answer. What can't be read as a whole goes through as it is.
func (p *Proxy) rewriteBody(response *http.Response, x *exchange) {
	if !p.rewrites(x) || !rewritable(response) {
		return
	}
	if x.In.Method == http.MethodHead { // these were the other body's
		response.Header.Del("Content-Length")
		dropBodyFields(response.Header)
		return
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, rewrite.MaxBodyBytes+1))
	if err != nil || len(content) > rewrite.MaxBodyBytes {
		// After an error, reading on gives the same error.
		response.Body = readCloser{io.MultiReader(bytes.NewReader(content), response.Body), response.Body}
		return
	}
	changed := p.config.Rewrite.Apply(content, &x.Answer.Decision)
	if bytes.Equal(changed, content) {
		response.Body = readCloser{bytes.NewReader(content), response.Body}
		return
	}
	dropBodyFields(response.Header)
	response.Trailer = nil // may hold a digest
	response.Body = readCloser{bytes.NewReader(changed), response.Body}
	response.ContentLength = int64(len(changed))
	response.Header.Set("Content-Length", strconv.Itoa(len(changed)))
}

// rewritable reports whether an answer is a whole JSON text that may change.
func rewritable(response *http.Response) bool {
	switch code := response.StatusCode; {
	case code < 200 || code > 299, code == http.StatusNoContent, code == http.StatusResetContent, code == http.StatusPartialContent:
		return false
	}
	encoding := response.Header.Get("Content-Encoding")
	return rewrite.IsJSON(response.Header.Get("Content-Type")) && (encoding == "" || encoding == "identity") &&
		response.Header.Get("Content-Range") == "" && response.ContentLength <= rewrite.MaxBodyBytes
}

func dropBodyFields(header http.Header) {
	for _, name := range bodyFields {
		header.Del(name)
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}
