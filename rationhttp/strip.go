package rationhttp

import (
	"net/http"
	"slices"
	"strings"
)

// minTelling is the length from which on a value that contains the secret can't
// contain it by chance. Imported secrets can be as short as a word.
const minTelling = 16

// Strip removes the secret from a request's header: from every place in which
// [Sources.Find] looks, and from other spellings of the key header that an
// application may read as the same name. It also removes fields and cookies that
// repeat the secret, as it is, percent-encoded or in base64. Authorization fields of
// other schemes stay.
func (s Sources) Strip(header http.Header, secret string) {
	s.StripPlaces(header)
	if secret != "" {
		DropFields(header, func(text string) bool { return Repeats(text, secret) })
	}
}

// StripPlaces removes the places in which [Sources.Find] looks, and other
// spellings of the key header.
func (s Sources) StripPlaces(header http.Header) {
	key := FoldName(s.KeyHeader())
	for name := range header {
		if foldsTo(name, key) {
			delete(header, name)
		}
	}
	keep(header, "Authorization", func(value string) bool { return !s.takes(value) })
}

// DropFields removes the fields whose name or value holds a secret, according to
// holds. In Cookie fields it removes only the cookies that do. In Authorization it
// also looks at each word.
func DropFields(header http.Header, holds func(text string) bool) {
	for name, values := range header {
		if holds(name) {
			delete(header, name)
			continue
		}
		switch name {
		case "Cookie":
			dropCookies(header, values, holds)
		case "Authorization":
			keep(header, name, func(value string) bool { return !holds(value) && !slices.ContainsFunc(credentialWords(value), holds) })
		default:
			keep(header, name, func(value string) bool { return !holds(value) })
		}
	}
}

// keep keeps those values of a header that pass.
func keep(header http.Header, name string, passes func(value string) bool) {
	values := header[name]
	if !slices.ContainsFunc(values, func(value string) bool { return !passes(value) }) {
		return
	}
	var kept []string
	for _, value := range values {
		if passes(value) {
			kept = append(kept, value)
		}
	}
	if kept == nil {
		delete(header, name)
		return
	}
	header[name] = kept
}

// dropCookies leaves a field as it is, byte for byte, unless one of its cookies holds
// a secret.
func dropCookies(header http.Header, values []string, holds func(text string) bool) {
	cookieHolds := func(cookie string) bool {
		name, value, _ := strings.Cut(strings.TrimSpace(cookie), "=")
		return holds(cookie) || holds(name) || holds(strings.Trim(value, `"`))
	}
	if !slices.ContainsFunc(values, func(value string) bool { return anyCookie(value, cookieHolds) }) {
		return
	}
	var kept []string
	for _, value := range values {
		cookies := slices.DeleteFunc(strings.Split(value, ";"), cookieHolds)
		if text := strings.TrimSpace(strings.Join(cookies, ";")); text != "" {
			kept = append(kept, text)
		}
	}
	if kept == nil {
		delete(header, "Cookie")
		return
	}
	header["Cookie"] = kept
}

func anyCookie(value string, holds func(cookie string) bool) bool {
	for cookie := range strings.SplitSeq(value, ";") {
		if holds(cookie) {
			return true
		}
	}
	return false
}

// credentialWords returns what can be a credential in an Authorization field of any
// scheme: its words, and the values of its parameters.
func credentialWords(value string) []string {
	return strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(" \t,;=\"'", c) })
}

// StripQuery returns a raw query without the parameter that carries the secret and
// without parameters that repeat it. The others keep their bytes and their order.
func (s Sources) StripQuery(rawQuery, secret string) string {
	return DropParameters(rawQuery, func(name, value string) bool {
		return s.QueryParameter != "" && isParameter(name, s.QueryParameter) || secret != "" && parameterRepeats(name, value, secret)
	})
}

// DropParameters returns a raw query without the parameters for which drop returns
// true. Drop gets the raw bytes of their names and values. The other parameters keep
// their bytes and their order.
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

// parameterRepeats reports whether a parameter holds the secret in any form that an
// upstream may decode.
func parameterRepeats(name, value, secret string) bool {
	return Repeats(name, secret) || Repeats(value, secret) ||
		len(secret) >= minTelling && strings.Contains(name+"="+value, secret) // a secret with "="
}
