package rationhttp

import "strings"

// FoldName returns what is left of a header's name when case and everything but
// letters and digits is taken away. CGI, WSGI and their kin read X-Auth-Subject
// and X_AUTH_SUBJECT as one name, so names with one folded form are one name.
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
