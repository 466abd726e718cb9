package api

import "time"

// NewKeyRequest is the body of POST /v1/key-requests: what somebody writes who asks for a
// key.
type NewKeyRequest struct {
	Name   string `json:"name"`             // of the key or of whoever asks: 1 to 200 characters
	Email  string `json:"email"`            // at most 200 characters, with an @ in it; nobody checks whose it is
	Reason string `json:"reason,omitempty"` // why a key is needed: at most 1,000 characters
}

// AskedKey is the answer to a request for a key. Keep the code: it shows what has become of
// the request, and picks up the key once it is approved. It can't be shown again.
type AskedKey struct {
	ID        string    `json:"id"`    // of the key that is asked for; no secret
	State     string    `json:"state"` // "pending"
	Code      string    `json:"code"`
	URL       string    `json:"url,omitempty"` // the page that does the same, with the code after the #; absent: there is none
	ExpiresAt time.Time `json:"expires_at"`    // until when somebody can decide
}

// PickupCode is the body of POST /v1/key-requests/state and POST /v1/key-requests/pickup.
type PickupCode struct {
	Code string `json:"code"` // from asking, or from whoever runs the API
}

// PickupState says what has become of a request, or of a link that was made without one.
type PickupState struct {
	ID        string    `json:"id"`               // of the key
	Name      string    `json:"name,omitempty"`   // as it was asked for; absent: nobody has asked
	State     string    `json:"state"`            // "pending", "approved", "rejected", "picked_up", "expired" or "withdrawn"
	Reason    string    `json:"reason,omitempty"` // why it was rejected
	ExpiresAt time.Time `json:"expires_at"`       // until when it can be decided, or picked up
}

// PickedUp is the answer that has the secret. It can't be shown again.
type PickedUp struct {
	ID     string `json:"id"` // of the key
	Secret string `json:"secret"`
}

// KeyRequest is a request for a key, as administration shows it.
type KeyRequest struct {
	ID             string     `json:"id"`     // of the key
	Name           string     `json:"name"`   // of the key, as it was asked for
	Email          string     `json:"email"`  // nobody has checked whose it is
	Reason         string     `json:"reason"` // empty: none was given
	From           string     `json:"from"`   // the address that it came from; empty: unknown
	State          string     `json:"state"`  // "pending", "approved", "rejected", "picked_up", "expired" or "withdrawn"
	AskedAt        time.Time  `json:"asked_at"`
	ExpiresAt      time.Time  `json:"expires_at"`                // until when it can be decided
	Decision       string     `json:"decision,omitempty"`        // "approved" or "rejected"; absent: nobody has decided
	DecidedAt      *time.Time `json:"decided_at,omitempty"`      // absent: nobody has
	DecidedBy      string     `json:"decided_by,omitempty"`      // the actor
	DecisionReason string     `json:"decision_reason,omitempty"` // why it was rejected
	Owner          string     `json:"owner,omitempty"`           // of the key
	Plan           string     `json:"plan,omitempty"`            // of the key
	PickupUntil    *time.Time `json:"pickup_until,omitempty"`    // until when a link of the key is valid; absent: there is none that waits
	PickedUpAt     *time.Time `json:"picked_up_at,omitempty"`    // absent: it was not picked up
}

// KeyApproval is the body of POST /v1/admin/key-requests/{id}/approve.
type KeyApproval struct {
	Plan      string  `json:"plan,omitempty"`      // that the key gets; needed unless unlimited is true
	Owner     *string `json:"owner,omitempty"`     // absent: the e-mail address of the request
	Unlimited bool    `json:"unlimited,omitempty"` // the missing limit is intended
}

// KeyRejection is the body of POST /v1/admin/key-requests/{id}/reject.
type KeyRejection struct {
	Reason string `json:"reason"` // the asker reads it: 1 to 1,000 characters
}

// NewPickup is the body of POST /v1/admin/keys/{id}/pickup-links.
type NewPickup struct {
	Label     string     `json:"label,omitempty"`      // of the secret; empty: "default"
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // absent: in 7 days
}

// Pickup is a link with which somebody picks up a secret of a key, once.
type Pickup struct {
	Key       string    `json:"key"`           // the key's id
	Label     string    `json:"label"`         // of the secret
	Code      string    `json:"code"`          // as good as the secret, until it is used
	URL       string    `json:"url,omitempty"` // the page that picks it up, with the code after the #; absent: there is none
	ExpiresAt time.Time `json:"expires_at"`
}
