package rationhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// minTelling is how long a secret must be for a value that contains it to have
// it from there. Imported secrets can be as short as a word.
const minTelling = 16

// Strip removes from a request's header every place in which [Sources.Find]
// looks, other spellings of the key header that an application may read as the
// same, and whatever field repeats the secret. Authorization of other schemes
// stays.
func (s Sources) Strip(header http.Header, secret string) {
	key := FoldName(s.KeyHeader())
	for name, values := range header {
		if FoldName(name) == key || secret != "" && slices.ContainsFunc(values, func(value string) bool { return repeats(value, secret) }) {
			delete(header, name)
		}
	}
	kept := header["Authorization"][:0:0]
	for _, value := range header["Authorization"] {
		if !s.takes(value) {
			kept = append(kept, value)
		}
	}
	delete(header, "Authorization")
	if len(kept) > 0 {
		header["Authorization"] = kept
	}
}

// repeats reports whether a field's value holds the secret.
func repeats(value, secret string) bool {
	return value == secret || len(secret) >= minTelling && strings.Contains(value, secret)
}

// StripQuery returns a raw query without the parameter that carries the secret
// and without any that repeats it. All else keeps its bytes and its order.
func (s Sources) StripQuery(rawQuery, secret string) string {
	return DropParameters(rawQuery, func(name, value string) bool {
		return s.QueryParameter != "" && isParameter(name, s.QueryParameter) || secret != "" && parameterRepeats(name, value, secret)
	})
}

// DropParameters returns a raw query without the parameters that drop picks,
// of whose name and value it sees the raw bytes. All else keeps its bytes and its
// order.
func DropParameters(rawQuery string, drop func(name, value string) bool) string {
	if rawQuery == "" {
		return ""
	}
	pieces := strings.Split(rawQuery, "&")
	kept := slices.DeleteFunc(pieces, func(piece string) bool {
		name, value, _ := strings.Cut(piece, "=")
		return drop(name, value)
	})
	return strings.Join(kept, "&")
}

// parameterRepeats reports whether a parameter holds the secret, in any way that
// an upstream may decode it.
func parameterRepeats(name, value, secret string) bool {
	for _, raw := range []string{name, value} {
		if repeats(raw, secret) {
			return true
		}
		for _, decode := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} {
			if text, err := decode(raw); err == nil && repeats(text, secret) {
				return true
			}
		}
	}
	return len(secret) >= minTelling && strings.Contains(name+"="+value, secret) // a secret with "="
}

// FoldName returns what is left of a header's name when case and everything but
// letters and digits is taken away. CGI, WSGI and their kin read X-Auth-Subject
// and X_AUTH_SUBJECT as one name, so names with one folded form are one name.
func FoldName(name string) string {
	var folded strings.Builder
	folded.Grow(len(name))
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			folded.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			folded.WriteByte(c)
		}
	}
	return folded.String()
}
