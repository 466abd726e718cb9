package inbound

import (
	"net/http"
	"net/url"
	"strings"
)

var errNoRequest = &Fault{Status: http.StatusBadRequest, Code: "invalid_original_request", Detail: "No request can have this method and URI."}

// Original returns the request that a gateway asks about, as a server would have received
// it with this method and URI. It has the header and the peer of the question. Its error
// is a [Fault].
func Original(asked *http.Request, method, uri string) (*http.Request, error) {
	if !isMethod(method) || strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return nil, errNoRequest
	}
	parsed, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, errNoRequest
	}
	original := asked.WithContext(asked.Context())
	original.Method, original.RequestURI, original.URL = method, uri, parsed
	original.Body, original.ContentLength, original.TransferEncoding = http.NoBody, 0, nil
	return original, nil
}

// isMethod reports whether text is a token (RFC 9110, section 5.6.2).
func isMethod(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}
