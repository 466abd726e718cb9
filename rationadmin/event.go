package rationadmin

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// EventType says what an event tells.
type EventType string

// The types of events.
const (
	EventKeyCreated       EventType = "key.created"
	EventKeyRequested     EventType = "key.requested" // somebody has asked for the key
	EventKeyApproved      EventType = "key.approved"
	EventKeyRejected      EventType = "key.rejected"
	EventKeyRotated       EventType = "key.rotated"
	EventKeyDisabled      EventType = "key.disabled"
	EventKeyEnabled       EventType = "key.enabled"
	EventKeyRevoked       EventType = "key.revoked"
	EventKeyExpiring      EventType = "key.expiring"        // the key expires within [ExpiringWithin]
	EventLimitThreshold   EventType = "key.limit_threshold" // use has reached a percentage of a limit
	EventRefundsExhausted EventType = "refunds.exhausted"   // a period has no room for another refund like the last one
)

// EventTypes are all types of events.
var EventTypes = []EventType{
	EventKeyCreated, EventKeyRequested, EventKeyApproved, EventKeyRejected, EventKeyRotated, EventKeyDisabled, EventKeyEnabled, EventKeyRevoked,
	EventKeyExpiring, EventLimitThreshold, EventRefundsExhausted,
}

// ExpiringWithin is how long before its expiry a key is told to expire.
const ExpiringWithin = 7 * 24 * time.Hour

// Event is something that has happened to a key. It was written in the transaction in
// which it happened, and never tells a secret.
type Event struct {
	ID      uuid.UUID
	Type    EventType
	At      time.Time
	KeyID   ration.KeyID
	KeyName string          // as it was then
	Owner   string          // likewise
	Data    json.RawMessage // an object; what is in it depends on the type. Amounts are in the units of their meters

	// Position is the place of the event in the feed. Events of one key have the order in
	// which they happened.
	Position int64
}

// EventFilter selects events. The zero filter selects all.
type EventFilter struct {
	After int64 // only events after this position
	KeyID ration.KeyID
	Type  EventType // empty: all
	Limit int       // 0: 1,000

	// Latest has the latest events, the last first, instead of the next ones. Before, if it
	// is not 0, has those before this position.
	Latest bool
	Before int64
}

// EventsPage is a part of the feed. A next call with After begins where it ended, and
// misses nothing that is committed later.
type EventsPage struct {
	Events []Event
	After  int64 // the position after which the next page begins: that of the last event or, if the page isn't full, the end of the feed

	// Before is where a next call for the latest events goes on; 0: there are no more, or the
	// latest were not asked for. Then After is the end of the feed.
	Before int64
}
