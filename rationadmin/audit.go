package rationadmin

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// AuditEntry says who changed what. Details never hold a secret.
type AuditEntry struct {
	ID      uuid.UUID // zero in a new entry: the store sets it
	At      time.Time // set by the store
	Actor   string    // "cli:<user>", "token:<name>", …
	From    string    // where the change came from, see [Origin]; empty: not known
	TokenID uuid.UUID // the service token that it was made with, whose name may be another's by now; zero: none
	Action  string    // "key.create", …
	Target  string    // a key id, or "plan:<name>", "token:<name>"
	KeyName string    // of the key that the target is, as it is called now; empty: it is none. ListAudit sets it
	Details json.RawMessage
}

// AuditFilter selects audit entries. A zero field does not restrict the selection.
type AuditFilter struct {
	Target string
	Action string // the whole action, such as "key.create"
	Actor  string
	Since  time.Time
	Until  time.Time // not included

	OldestFirst bool
	After       AuditPosition // only entries that come later in the order: pass the position of the last entry of the page before
	Limit       int           // most entries returned; 0: 1,000
}

// AuditPosition is where an entry is in the audit log. The zero AuditPosition is before
// all entries, in either order.
type AuditPosition struct {
	At time.Time
	ID uuid.UUID
}

// Position returns where the entry is.
func (e *AuditEntry) Position() AuditPosition { return AuditPosition{e.At, e.ID} }
