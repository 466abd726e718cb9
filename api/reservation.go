package api

import "time"

// Reservation is a charge whose final amounts are not known yet, as it stands.
type Reservation struct {
	ID        string           `json:"id"`        // a version 7 UUID
	Key       string           `json:"key"`       // id of the key
	State     string           `json:"state"`     // open, settled, voided or expired
	AtExpiry  string           `json:"at_expiry"` // keep or release
	Held      map[string]int64 `json:"held"`      // what was reserved, by meter; never null
	Settled   map[string]int64 `json:"settled"`   // what was used in the end; null: nothing was told
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt time.Time        `json:"expires_at"`
	EndedAt   *time.Time       `json:"ended_at,omitempty"` // absent: it is open
	LateAt    *time.Time       `json:"late_at,omitempty"`  // settled or voided after it had expired
}
