package proxy

import (
	"net/http"
	"strings"
)

// sendOnce makes a request that http.Transport sends once: it repeats requests
// without a body, or with one that it can get again, if their method is safe or they
// have an idempotency key. A charge pays for one call.
func sendOnce(out *http.Request, b *body) {
	out.GetBody = nil
	b.lent.Store(true)
	switch {
	case out.Body != nil:
		out.Body = b
	case out.Method == http.MethodGet || out.Method == http.MethodHead || out.Method == http.MethodOptions:
		// For these methods Transport looks whether there is anything to read
		// before it announces a body.
		out.Body = b
	default:
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} { // Transport knows them by this spelling
			if values, sent := out.Header[name]; sent {
				delete(out.Header, name)
				out.Header[strings.ToLower(name)] = values
			}
		}
	}
}
