package api

import "time"

// NewToken is the body of POST /v1/admin/tokens.
type NewToken struct {
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`               // verify, read, keys, admin
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // absent: never
}
