package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// Rotation replaces the secrets of one label by a new one. The key keeps its id,
// its limits and its history.
type Rotation struct {
	ID      ration.KeyID
	Label   string        // empty: the key's only label in use
	Overlap time.Duration // how long the old secrets still hold; 0, for a leak: they are revoked at once
}

// NewKeySecret is a further secret of a key, for another device or service of
// the same account.
type NewKeySecret struct {
	ID        ration.KeyID
	Label     string    // no secret in use of the key has it; rotation goes by it
	ExpiresAt time.Time // zero: never
}

// KeySecret names one secret of a key.
type KeySecret struct {
	ID       ration.KeyID
	SecretID ration.SecretID
}

// DefaultSecretLabel labels a secret that was given no label.
const DefaultSecretLabel = "default"
