package route

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// AmbiguousPathError says why a path can be read in two ways.
type AmbiguousPathError struct{ Reason string }

// Error implements error.
func (e *AmbiguousPathError) Error() string { return "ambiguous path: " + e.Reason }

// CheckPath reports, as an [AmbiguousPathError], a request target whose path an
// upstream may read differently from us, or that can't be passed on byte for byte.
func CheckPath(r *http.Request) error {
	if reason := ambiguousPath(r); reason != "" {
		return &AmbiguousPathError{Reason: reason}
	}
	return nil
}

func ambiguousPath(r *http.Request) string {
	sent, _, _ := strings.Cut(r.RequestURI, "?")
	escaped := r.URL.EscapedPath()
	switch {
	case !strings.HasPrefix(sent, "/"):
		return "the request target is not a path"
	case sent != escaped:
		return "it has characters that must be percent-encoded"
	case !utf8.ValidString(r.URL.Path):
		return "it is not UTF-8"
	}
	if reason := ambiguousEncoding(escaped); reason != "" {
		return reason
	}
	segments := strings.Split(r.URL.Path[1:], "/")
	for i, segment := range segments {
		if reason := ambiguousSegment(segment, i == len(segments)-1); reason != "" {
			return reason
		}
	}
	return ""
}

// ambiguousEncoding looks for what is only visible before decoding.
func ambiguousEncoding(escaped string) string {
	for i := 0; i+2 < len(escaped); i++ {
		if escaped[i] == '%' && escaped[i+1] == '2' && escaped[i+2]|0x20 == 'f' {
			return "it has an encoded slash"
		}
	}
	return ""
}

// ambiguousSegment looks at a decoded segment. Only the last may be empty.
func ambiguousSegment(segment string, last bool) string {
	switch {
	case segment == "" && !last:
		return "it has two slashes in a row"
	case segment == "." || segment == "..":
		return "it has a dot segment"
	case strings.ContainsRune(segment, ';'):
		return "it has a parameter after ';'"
	case strings.ContainsRune(segment, '\\'):
		return "it has a backslash"
	}
	for i := range len(segment) {
		if segment[i] < ' ' || segment[i] == 0x7f {
			return "it has a control character"
		}
		if segment[i] == '%' && i+2 < len(segment) && isHex(segment[i+1]) && isHex(segment[i+2]) {
			return "it is encoded twice"
		}
	}
	return ""
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
