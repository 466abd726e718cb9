package api

import (
	"encoding/json"
	"time"
)

// AuditEntry says who made a change, when, and to what.
type AuditEntry struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`    // "cli:alice", "token:deploy"
	From    string          `json:"from"`     // "203.0.113.7", or "socket"; empty: a command that had the database open itself
	Action  string          `json:"action"`   // "key.create"
	Target  string          `json:"target"`   // a key id, "plan:pro", "token:deploy"
	KeyName string          `json:"key_name"` // of the key that the target is, as it is called now; empty: the target is no key
	Details json.RawMessage `json:"details"`  // what changed: {"field": {"old": …, "new": …}}
	TokenID string          `json:"token_id"` // the service token that the change was made with; empty: none
}
