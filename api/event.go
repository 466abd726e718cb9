package api

import (
	"encoding/json"
	"time"
)

// Event is something that has happened to a key. It never tells a secret. What data
// contains depends on the type; amounts are decimal numbers in the units of their meters.
type Event struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"` // "key.limit_threshold"
	Time    time.Time       `json:"time"`
	KeyID   string          `json:"key_id"`
	KeyName string          `json:"key_name"` // as it was then
	Owner   string          `json:"owner"`    // likewise
	Data    json.RawMessage `json:"data"`     // an object
}

// Events is a part of the feed of events.
type Events struct {
	Items []Event `json:"items"` // never null
	After string  `json:"after"` // what the next request has as after, also if there were no events

	// What the next request for the latest events has as before; absent: there are no more,
	// or the latest were not asked for.
	Before string `json:"before,omitempty"`
}
