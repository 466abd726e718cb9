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
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";") // its parameters
			name, value, _ := strings.Cut(preference, "=")
			if strings.EqualFold(strings.TrimSpace(name), "return") {
				return strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "minimal")
			}
		}
	}
	return false
}
