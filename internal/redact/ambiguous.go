package redact

import "strings"

// Ambiguous reports whether two readers may find another end of the password in a
// URL: one takes the first "@", one the last, and one looks for it only before the
// first "/", "?" or "#". What one takes for a host it may print.
func Ambiguous(location string) bool {
	_, rest, _ := strings.Cut(location, "://")
	authority, behind := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, behind = rest[:end], rest[end:]
	}
	return strings.Count(authority, "@") > 1 || strings.Contains(behind, "@")
}
