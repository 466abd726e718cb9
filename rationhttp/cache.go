package rationhttp

import (
	"net/http"
	"strings"
)

// Values of Cache-Control. Answers to an Authorization field are private by RFC 9111,
// section 3.5; an answer to X-API-Key is private only if it says so.
const (
	cachePrivate = "private"
	cacheNoStore = "no-store"
)

// sharingDirectives are those by which an application allows a shared cache to
// store an answer to an authorised request (RFC 9111, section 3.5), and those
// that are as strict as private already.
var sharingDirectives = []string{"public", "s-maxage", "must-revalidate", "private", "no-store"}

// restrictCaching adds private, unless the application has decided who may store the
// answer. No-store always wins.
func restrictCaching(header http.Header, value string) {
	present := header.Values("Cache-Control")
	switch {
	case value == cacheNoStore || len(present) == 0:
		header.Set("Cache-Control", value)
	case !hasDirective(present, sharingDirectives):
		header.Set("Cache-Control", strings.Join(append(present, value), ", "))
	}
}

func hasDirective(values, wanted []string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(trimOWS(part), "=")
			for _, directive := range wanted {
				if strings.EqualFold(name, directive) {
					return true
				}
			}
		}
	}
	return false
}

// addVary adds names to the Vary field that it doesn't have yet.
func addVary(header http.Header, names string) {
	present := header.Values("Vary")
	if hasDirective(present, []string{"*"}) {
		return
	}
	all := strings.Join(present, ", ")
	for name := range strings.SplitSeq(names, ",") {
		name = trimOWS(name)
		if hasDirective(present, []string{name}) {
			continue
		}
		if all != "" {
			all += ", "
		}
		all += name
	}
	header.Set("Vary", all)
}
