package server

import (
	"context"
	"encoding/json"
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
// process lives; /readyz that it can decide and commit charges now.
func (s *Server) withHealth(handler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, health{Status: "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if reason := s.notReady(r.Context()); reason != "" {
			writeHealth(w, http.StatusServiceUnavailable, health{Status: "not ready", Reason: reason})
			return
		}
		writeHealth(w, http.StatusOK, health{Status: "ready"})
	})
	mux.Handle("/", handler)
	return mux
}

func (s *Server) notReady(ctx context.Context) string {
	if s.stopping.Load() {
		return "shutting down"
	}
	if s.config.Ready == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := s.config.Ready(ctx); err != nil {
		return err.Error()
	}
	return ""
}

func writeHealth(w http.ResponseWriter, status int, body health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone; there is nobody else to tell
}
