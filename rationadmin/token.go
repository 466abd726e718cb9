package rationadmin

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Token lets a service use the verify API, or the administration API, as far as its
// scopes go. The database keeps only a digest of its secret.
type Token struct {
	ID         uuid.UUID
	Name       string
	Scopes     []string // verify, read, keys, admin
	Start, End string   // the characters by which its holder recognises it
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: not revoked
	LastUsedAt time.Time // updated at most once a minute; zero: never

	// Owners and Plans narrow the token: it sees and changes only keys with one of
	// these owners and one of these plans. Nil: with any.
	Owners, Plans []string
}

// The scopes of a service token. ScopeAdmin includes ScopeKeys, which includes
// ScopeRead. ScopeVerify stands apart: no scope includes it, and it includes none.
const (
	ScopeVerify = "verify" // ask for decisions
	ScopeRead   = "read"   // read keys, plans, usage and the audit log
	ScopeKeys   = "keys"   // also create and change keys
	ScopeAdmin  = "admin"  // also change plans and tokens, and look after the database
)

// Allows reports whether one of the token's scopes is the given one or includes it.
func (t *Token) Allows(scope string) bool {
	return slices.ContainsFunc(t.Scopes, func(held string) bool { return ScopeIncludes(held, scope) })
}

// ScopeIncludes reports whether a scope is another one or includes it.
func ScopeIncludes(scope, other string) bool {
	ladder := []string{ScopeRead, ScopeKeys, ScopeAdmin}
	return scope == other || slices.Contains(ladder, other) && slices.Index(ladder, scope) > slices.Index(ladder, other)
}

// NewToken describes a service token to create.
type NewToken struct {
	Name      string
	Scopes    []string  // at least one of the scopes above; none that another one includes
	ExpiresAt time.Time // zero: never

	// Owners and Plans narrow the token, see [Token]. Only tokens of ScopeRead and
	// ScopeKeys can be narrowed.
	Owners, Plans []string
}

// IssuedToken is a new token with its secret. The secret can't be shown again.
type IssuedToken struct {
	Token  Token
	Secret ration.Secret
}
