package api

import "time"

// ReserveRequest is the body of POST /v1/reservations.
type ReserveRequest struct {
	VerifyRequest
	ID         string `json:"id,omitempty"`          // a version 7 UUID that the caller has just made; empty: Ration makes one
	TTLSeconds *int64 `json:"ttl_seconds,omitempty"` // 1 … 86400; null: 900
	AtExpiry   string `json:"at_expiry,omitempty"`   // what happens to its amounts if nobody ends it: "keep" or "release"; empty: keep
}

// ReserveResponse is the answer to POST /v1/reservations. Its status is 200 whenever
// a decision was made.
type ReserveResponse struct {
	VerifyResponse
	Reservation *Reservation `json:"reservation,omitempty"` // absent if nothing was reserved: a denial or a dry run
}

// SettleRequest is the body of POST /v1/reservations/{id}/settle. A request without a
// body means an empty one.
type SettleRequest struct {
	Amounts map[string]Number `json:"amounts,omitempty"` // what was used, by meter; for a meter that is left out, it is what was reserved
	Overage string            `json:"over,omitempty"`    // what to do if that is more than was reserved: "refuse", "clamp" or "overage"; empty: as the server is set
	Key     string            `json:"key,omitempty"`     // id of the key that the reservation belongs to; empty: the reservation is found by its id alone
}

// VoidRequest is the body of POST /v1/reservations/{id}/void. A request without a
// body means an empty one.
type VoidRequest struct {
	Key string `json:"key,omitempty"` // id of the key that the reservation belongs to; empty: the reservation is found by its id alone
}

// Reservation is a charge whose final amounts were not known when it was made.
type Reservation struct {
	ID        string            `json:"id"`
	Key       string            `json:"key"`       // the key's id
	State     string            `json:"state"`     // "open", "settled", "voided" or "expired"
	AtExpiry  string            `json:"at_expiry"` // "keep" or "release"
	Held      map[string]Number `json:"held"`      // what was reserved, by meter
	Settled   map[string]Number `json:"settled"`   // what was counted in the end, by meter; null: nobody has said
	CreatedAt time.Time         `json:"created_at"`
	ExpiresAt time.Time         `json:"expires_at"`
	EndedAt   *time.Time        `json:"ended_at,omitempty"` // absent: it is open
	LateAt    *time.Time        `json:"late_at,omitempty"`  // when it was settled or voided after its expiry; absent: it was not
}
