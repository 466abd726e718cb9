package rationadmin

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// AuditEntry says who changed what. Details never hold a secret.
type AuditEntry struct {
	ID      uuid.UUID // set by the store if zero
	At      time.Time // set by the store
	Actor   string    // "cli:<user>", "token:<name>", …
	Action  string    // "key.create", …
	Target  string    // a key id, or "plan:<name>", "token:<name>"
	Details json.RawMessage
}

// AuditFilter selects audit entries; zero fields select all.
type AuditFilter struct {
	Target string
	Actor  string
	Limit  int // most entries returned; 0: 1,000
}
