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

// CheckPath reports, as an [AmbiguousPathError], a request whose target is no path, or
// whose path an upstream may read differently from us.
func CheckPath(r *http.Request) error {
	if err := checkTarget(r); err != nil {
		return err
	}
	if reason := ambiguousPath(r); reason != "" {
		return &AmbiguousPathError{Reason: reason}
	}
	return nil
}

// checkTarget reports what can't be passed on as a path at all: another form of
// target, and what would be read as a host.
func checkTarget(r *http.Request) error {
	if !strings.HasPrefix(r.RequestURI, "/") || strings.HasPrefix(r.RequestURI, "//") {
		return &AmbiguousPathError{Reason: "the request target is not a path"}
	}
	return nil
}

func ambiguousPath(r *http.Request) string {
	sent, _, _ := strings.Cut(r.RequestURI, "?")
	if reason := ambiguousBytes(sent); reason != "" {
		return reason
	}
	if !utf8.ValidString(r.URL.Path) {
		return "it is not UTF-8"
	}
	segments := strings.Split(r.URL.Path[1:], "/")
	for i, segment := range segments {
		if reason := ambiguousSegment(segment, i == len(segments)-1); reason != "" {
			return reason
		}
	}
	return ""
}

// ambiguousBytes looks for what is only visible before decoding.
func ambiguousBytes(sent string) string {
	for i := range len(sent) {
		switch c := sent[i]; {
		case c == '#' || c >= 0x80:
			return "it has characters that must be percent-encoded"
		case c == '%' && i+2 < len(sent) && sent[i+1] == '2' && sent[i+2]|0x20 == 'f':
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
	case segment != "" && trimEnds(foldLetters(segment)) == "": // Windows drops it, or a part of it
		return "it has a segment that consists only of dots, spaces or invisible characters"
	case strings.ContainsRune(segment, ';'):
		return "it has a parameter after ';'"
	case strings.ContainsRune(segment, '\\'):
		return "it has a backslash"
	}
	if !isASCII(segment) && strings.ContainsAny(foldLetters(segment), `/\`) {
		return "it has a character that may be read as a slash"
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
