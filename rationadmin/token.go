package rationadmin

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Token lets a service use the verify API. The database keeps only a digest of its
// secret.
type Token struct {
	ID         uuid.UUID
	Name       string
	Scopes     []string // verify, read, admin
	Start, End string   // the characters by which its holder recognises it
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: not revoked
}

// The scopes of a service token. No scope includes another. So far only ScopeVerify
// is asked for.
const (
	ScopeVerify = "verify" // ask for decisions
	ScopeRead   = "read"   // read keys, plans, usage and the audit log
	ScopeAdmin  = "admin"  // change them
)

// NewToken describes a service token to create.
type NewToken struct {
	Name      string
	Scopes    []string  // at least one of the scopes above
	ExpiresAt time.Time // zero: never
}

// IssuedToken is a new token with its secret. The secret can't be shown again.
type IssuedToken struct {
	Token  Token
	Secret ration.Secret
}
