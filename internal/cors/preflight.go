package cors

import (
	"net/http"
	"strings"
)

// The fields of a request by which a browser asks.
const (
	fieldOrigin         = "Origin"
	fieldRequestMethod  = "Access-Control-Request-Method"
	fieldRequestHeaders = "Access-Control-Request-Headers"
)

// IsPreflight recognises what browsers send before a cross-origin request
// (Fetch standard, section 4.9), and nothing more, because it is answered without
// a key: OPTIONS with one well-formed origin, one method, no body, no other
// protocol and no credential in a header. Of the headers for keys keyed reports
// whether there is one. The URL is the request's, so a key may be in its query.
func IsPreflight(r *http.Request, keyed func(*http.Request) bool) bool {
	if r.Method != http.MethodOptions || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
		return false
	}
	for _, name := range []string{"Authorization", "Cookie", "Upgrade"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	origins, methods := r.Header[fieldOrigin], r.Header[fieldRequestMethod]
	return len(origins) == 1 && IsOrigin(origins[0]) && len(methods) == 1 && isToken(methods[0]) && !keyed(r)
}

// AnnouncedMethod returns the method of the request that a preflight asks about.
func AnnouncedMethod(preflight *http.Request) string { return preflight.Header.Get(fieldRequestMethod) }

// AnswersPreflight reports whether a header field, in canonical form, is one that
// an answer to a preflight needs. What isn't could carry anything.
func AnswersPreflight(field string) bool {
	switch field {
	case fieldAllowOrigin, fieldAllowCredentials, fieldAllowMethods, fieldAllowHeaders, fieldMaxAge, "Allow", "Vary", "Cache-Control", "Date":
		return true
	}
	return false
}

// maxAnnounced bounds how many headers a request may announce; browsers announce
// a few.
const maxAnnounced = 100

// announcedHeaders returns the names of the headers that the request to come
// has, as a browser writes them. What is no name, or one too many, is left out: it
// is no browser's.
func announcedHeaders(preflight *http.Request) []string {
	var names []string
	for _, value := range preflight.Header[fieldRequestHeaders] {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.Trim(name, " \t"); isToken(name) && len(names) < maxAnnounced {
				names = append(names, name)
			}
		}
	}
	return names
}

// isToken reports whether text is a token (RFC 9110, section 5.6.2), as methods
// and names of headers are.
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
