package verify

import (
	"net/http"
	"strings"
)

// preferenceApplied says that an answer is as short as the caller preferred (RFC 7240).
const preferenceApplied = "return=minimal"

// prefersMinimal reports whether a caller prefers short answers (RFC 7240, section 4.2). Of
// several such preferences the first counts; what isn't understood is as if left out.
func prefersMinimal(header http.Header) bool {
	for _, line := range header["Prefer"] {
		for line != "" {
			var preference string
			preference, line = cutOutsideQuotes(line, ',')
			preference, _ = cutOutsideQuotes(preference, ';') // its parameters
			name, value, _ := strings.Cut(preference, "=")
			if strings.EqualFold(strings.TrimSpace(name), "return") {
				return strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "minimal")
			}
		}
	}
	return false
}

// cutOutsideQuotes cuts a text at the first separator that is in no quoted string.
func cutOutsideQuotes(text string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case quoted && text[i] == '\\':
			i++
		case !quoted && text[i] == separator:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
