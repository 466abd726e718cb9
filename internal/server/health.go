package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// readyTimeout is how long readiness waits for the store.
const readyTimeout = 2 * time.Second

// health is the body of /healthz and /readyz.
type health struct {
	Status string `json:"status"`           // "ok", "ready" or "not ready"
	Reason string `json:"reason,omitempty"` // why it is not ready
}

// withHealth answers health and readiness before a handler. /healthz says that the
// process lives; /readyz that it can decide and commit charges now. All other targets
// reach the handler as they were sent.
func (s *Server) withHealth(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case reads && r.URL.Path == "/healthz":
			writeHealth(w, http.StatusOK, health{Status: "ok"})
		case reads && r.URL.Path == "/readyz":
			if err := s.Ready(r.Context()); err != nil {
				writeHealth(w, http.StatusServiceUnavailable, health{Status: "not ready", Reason: err.Error()})
				return
			}
			writeHealth(w, http.StatusOK, health{Status: "ready"})
		default:
			handler.ServeHTTP(w, r)
		}
	})
}

var errStopping = errors.New("shutting down")

// Ready returns nil if charges can be decided and committed now, else why not.
func (s *Server) Ready(ctx context.Context) error {
	if s.stopping.Load() {
		return errStopping
	}
	if s.config.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return s.config.Ready(ctx)
}

func writeHealth(w http.ResponseWriter, status int, body health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone; there is nobody else to tell
}
