package api

import "time"

// NewToken is the body of POST /v1/admin/tokens.
type NewToken struct {
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`               // verify, read, keys, admin
	Owners    []string   `json:"owners,omitempty"`     // it is good only for keys of these owners; absent: of any
	Plans     []string   `json:"plans,omitempty"`      // it is good only for keys on these plans; absent: on any or none
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // absent: never
}
