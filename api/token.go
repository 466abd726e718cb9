package api

import "time"

// Token is a service token as administration shows it. Nothing in it is a secret.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"` // verify, read, admin; never null
	Start     string     `json:"start"`  // its first characters
	End       string     `json:"end"`    // its last characters
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"` // null: never
	RevokedAt *time.Time `json:"revoked_at"` // null: not revoked
}

// IssuedToken is a service token that was just made. Its secret can't be shown again.
type IssuedToken struct {
	Token  Token  `json:"token"`
	Secret string `json:"secret"`
}
