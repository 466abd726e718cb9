package api

import "time"

// ReserveRequest is the body of POST /v1/reservations.
type ReserveRequest struct {
	VerifyRequest
	ID         string `json:"id,omitempty"`          // a version 7 UUID that the caller has made just now; empty: Ration makes one
	TTLSeconds *int64 `json:"ttl_seconds,omitempty"` // 1 … 86400; null: 900
	AtExpiry   string `json:"at_expiry,omitempty"`   // what becomes of it if nobody ends it: "keep", or "release"; empty: keep
}

// ReserveResponse is the answer to POST /v1/reservations, with status 200
// whenever a decision was made.
type ReserveResponse struct {
	VerifyResponse
	Reservation *Reservation `json:"reservation,omitempty"` // absent if nothing was reserved: a denial or a dry run
}

// SettleRequest is the body of POST /v1/reservations/{id}/settle. Without a body
// it is empty.
type SettleRequest struct {
	Amounts map[string]int64 `json:"amounts,omitempty"` // what was used, by meter; meters left out used what was reserved
	Overage string           `json:"over,omitempty"`    // of more than was reserved: "refuse", "clamp" or "overage"; empty: as the server is set
	Key     string           `json:"key,omitempty"`     // whose reservation it is; empty: known by its id
}

// VoidRequest is the body of POST /v1/reservations/{id}/void. Without a body it
// is empty.
type VoidRequest struct {
	Key string `json:"key,omitempty"` // whose reservation it is; empty: known by its id
}

// Reservation is a charge whose outcome was not known when it was made.
type Reservation struct {
	ID        string           `json:"id"`
	Key       string           `json:"key"`       // the key's id
	State     string           `json:"state"`     // "open", "settled", "voided" or "expired"
	AtExpiry  string           `json:"at_expiry"` // "keep" or "release"
	Held      map[string]int64 `json:"held"`      // what was reserved, by meter
	Settled   map[string]int64 `json:"settled"`   // what is counted in the end, by meter; null: nobody has said
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt time.Time        `json:"expires_at"`
	EndedAt   *time.Time       `json:"ended_at,omitempty"` // absent: it is open
	LateAt    *time.Time       `json:"late_at,omitempty"`  // when it was settled or voided after it had expired; absent: it was not
}
