package route

import (
	"net/http"
	"net/url"
	"strings"
)

// isPreflight recognises what browsers send before a cross-origin request
// (Fetch standard, section 4.8), and nothing more, because it goes uncounted:
// OPTIONS with one well-formed origin, one method, no body, no other protocol and
// no credential in a header. Its URL is the request's, so a key may be in the
// query.
func isPreflight(r *http.Request, keyed func(*http.Request) bool) bool {
	if r.Method != http.MethodOptions || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
		return false
	}
	for _, name := range []string{"Authorization", "Cookie", "Upgrade"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	origins, methods := r.Header["Origin"], r.Header["Access-Control-Request-Method"]
	return len(origins) == 1 && isOrigin(origins[0]) && len(methods) == 1 && isToken(methods[0]) && !keyed(r)
}

// preflightOf returns the route of a preflight. A query that carries the key of
// the request to come is recognised, and stripped, as that request's.
func (t *Table) preflightOf(r *http.Request) *Compiled {
	announced := t.match(r.Header.Get("Access-Control-Request-Method"), r.URL.Path)
	if announced == nil || announced.KeyQuery == "" {
		return t.preflight
	}
	preflight := *t.preflight
	preflight.KeyQuery = announced.KeyQuery
	return &preflight
}

// isOrigin reports whether text is an origin as browsers write it:
// "scheme://host", "scheme://host:port" or "null".
func isOrigin(text string) bool {
	if text == "null" {
		return true
	}
	origin, err := url.Parse(text)
	if err != nil || origin.Scheme == "" || origin.Hostname() == "" || strings.HasSuffix(origin.Host, ":") {
		return false
	}
	for _, c := range origin.Hostname() {
		if !isAlphanumeric(c) && !strings.ContainsRune("-._:", c) {
			return false
		}
	}
	return text == origin.Scheme+"://"+origin.Host
}

// isToken reports whether text is a token (RFC 9110, section 5.6.2), as methods are.
func isToken(text string) bool {
	for _, c := range text {
		if !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c) {
			return false
		}
	}
	return text != ""
}

func isAlphanumeric(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
