package inbound

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// CheckPassHeaders refuses names of headers that only the proxy itself may set. Its
// error joins a [ration.InvalidError] for each.
func CheckPassHeaders(names []string) error {
	never := folded(framing, methodHeaders, pathHeaders, []string{
		headerSubject, headerKeyID, headerPlan, rationhttp.RequestIDHeader, proxyVariable,
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
	})
	var errs []error
	for _, name := range names {
		if n := readName(name, nil); !isToken(name) || !n.plain {
			errs = append(errs, &ration.InvalidError{Field: "pass_headers", Value: name, Reason: "use the name of a header, with letters, digits and single hyphens, such as \"X-User-Id\""})
			continue
		}
		if never[rationhttp.FoldName(name)] {
			errs = append(errs, &ration.InvalidError{Field: "pass_headers", Value: name, Reason: "only the proxy sets or refuses this header"})
		}
	}
	return errors.Join(errs...)
}

// CheckUpstreamHeaders refuses fixed headers that would break what the proxy itself
// sets, or the message. Its error joins a [ration.InvalidError] for each.
func CheckUpstreamHeaders(headers map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		field := fmt.Sprintf("upstream_headers.%s", name)
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Content-Length", "Host", "Via",
			headerSubject, headerKeyID, headerPlan, rationhttp.RequestIDHeader, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
			errs = append(errs, &ration.InvalidError{Field: field, Reason: "this header is set by the proxy"})
		}
		if !isToken(name) {
			errs = append(errs, &ration.InvalidError{Field: "upstream_headers", Value: name, Reason: "a header's name consists of letters, digits and '-'"})
		}
		if !isFieldValue(value) { // the value is a secret, so it isn't shown
			errs = append(errs, &ration.InvalidError{Field: field, Reason: "a header's value must not have control characters, or spaces around it"})
		}
	}
	return errors.Join(errs...)
}

func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

// isFieldValue reports whether text arrives as it was sent.
func isFieldValue(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
