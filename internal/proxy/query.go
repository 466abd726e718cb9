package proxy

import "strings"

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

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
