package rationhttp

import (
	"net/http"

	"github.com/google/uuid"
)

// RequestIDHeader carries a request's id. Answers that refuse have it, in the header
// and as request_id in the body, and logs have the same: by it an operator finds what
// a client asks about.
const RequestIDHeader = "X-Request-Id"

const maxRequestIDLength = 128

// RequestID returns the id that a trusted peer gave the request, or a new
// version 7 UUID. A peer's id has 1 to 128 letters, digits, '.', '_' and '-'.
func (t TrustedProxies) RequestID(r *http.Request) string {
	if ids := r.Header[RequestIDHeader]; len(ids) == 1 && isRequestID(ids[0]) && t.TrustsPeer(r) {
		return ids[0]
	}
	return uuid.Must(uuid.NewV7()).String()
}

func isRequestID(text string) bool {
	if text == "" || len(text) > maxRequestIDLength {
		return false
	}
	for i := range len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
