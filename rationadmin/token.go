package rationadmin

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Token lets a service use the verify API or administer. Its secret is stored
// as a digest.
type Token struct {
	ID         uuid.UUID
	Name       string
	Scopes     []string // verify, read, admin
	Start, End string   // the characters by which its holder recognises it
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: not revoked
}

// The scopes of a service token. Each grants itself alone.
const (
	ScopeVerify = "verify" // ask for decisions
	ScopeRead   = "read"   // read keys, plans, usage and the audit log
	ScopeAdmin  = "admin"  // change them
)

// NewToken is a service token to be created.
type NewToken struct {
	Name      string
	Scopes    []string  // at least one of the scopes above
	ExpiresAt time.Time // zero: never
}

// IssuedToken is a token with its secret, which nobody can show again.
type IssuedToken struct {
	Token  Token
	Secret ration.Secret
}
