package inbound

import (
	"net/url"
	"strings"

	"github.com/ration-dev/ration/rationhttp"
)

// maxParameters is where net/url stops reading a query.
const maxParameters = 10_000

// ambiguousQuery says why two readers may find other parameters in a query, or "".
func ambiguousQuery(raw string) string {
	if strings.Count(raw, "&") >= maxParameters {
		return "it has too many parameters"
	}
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == ';':
			return "it has a semicolon that is not encoded"
		case raw[i] == '%' && (i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2])):
			return "it has a percent sign that encodes nothing"
		}
	}
	return ""
}

// StripQuery returns what the upstream gets of a query: all but the secret that
// the request presents, and what is by its form a secret of ours. Free routes
// present none, but a client that always sends its key sends it there too.
func (r *Reader) StripQuery(x *Request) string {
	query := x.Sources.StripQuery(x.In.URL.RawQuery, "")
	if query == "" {
		return ""
	}
	for _, secret := range r.presented(x) {
		query = x.Sources.StripQuery(query, secret)
	}
	return rationhttp.DropParameters(query, func(name, value string) bool {
		return r.holdsGenerated(name) || r.holdsGenerated(value) ||
			unescape(name) == x.Sources.KeyParameter() && strings.HasPrefix(unescape(value), r.config.SecretPrefix+"_")
	})
}

// unescape decodes what an upstream would; what can't be decoded stays.
func unescape(raw string) string {
	if text, err := url.QueryUnescape(raw); err == nil {
		return text
	}
	return raw
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
