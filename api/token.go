package api

import "time"

// Token is a service token as administration shows it. Nothing in it is a secret.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"` // verify, read, keys, admin; never null
	Owners    []string   `json:"owners"` // it is good for keys of these owners; empty: of any; never null
	Plans     []string   `json:"plans"`  // it is good for keys on these plans; empty: on any or none; never null
	Start     string     `json:"start"`  // its first characters
	End       string     `json:"end"`    // its last characters
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`   // null: never
	RevokedAt *time.Time `json:"revoked_at"`   // null: not revoked
	LastUsed  *time.Time `json:"last_used_at"` // written at most once a minute; null: never
}

// IssuedToken is a service token that was just made. Its secret can't be shown again.
type IssuedToken struct {
	Token  Token  `json:"token"`
	Secret string `json:"secret"`
}
