package demo

import (
	"encoding/json"
	"net/http"
)

// greeting is what the example API answers: what it was asked, and whom the
// proxy says it is for.
type greeting struct {
	Message string `json:"message"`
	Path    string `json:"path"`
	KeyID   string `json:"key_id"`  // from X-Auth-Key-Id
	Subject string `json:"subject"` // from X-Auth-Subject
}

// Upstream is an example API. It knows nothing of keys: what it says of the
// caller it has from the proxy's headers.
func Upstream() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(greeting{
			Message: "Hello from the example API",
			Path:    r.URL.Path,
			KeyID:   r.Header.Get("X-Auth-Key-Id"),
			Subject: r.Header.Get("X-Auth-Subject"),
		})
	})
}
