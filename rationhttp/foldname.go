package rationhttp

import "strings"

// FoldName returns a header's name in lower case, with its letters and digits only.
// CGI, WSGI and similar interfaces read X-Auth-Subject and X_AUTH_SUBJECT as one
// name, so treat two names with the same folded form as one name.
func FoldName(name string) string {
	var folded strings.Builder
	folded.Grow(len(name))
	for i := range len(name) {
		if c, kept := foldByte(name[i]); kept {
			folded.WriteByte(c)
		}
	}
	return folded.String()
}

// foldsTo reports whether FoldName(name) is folded.
func foldsTo(name, folded string) bool {
	at := 0
	for i := range len(name) {
		c, kept := foldByte(name[i])
		switch {
		case !kept:
			continue
		case at == len(folded) || folded[at] != c:
			return false
		}
		at++
	}
	return at == len(folded)
}

// foldByte returns what becomes of a byte, and whether anything does.
func foldByte(c byte) (folded byte, kept bool) {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A', true
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		return c, true
	}
	return 0, false
}
